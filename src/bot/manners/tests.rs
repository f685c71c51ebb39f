//! A bot that answers every command, at a server that is only lines.

use std::{cell::RefCell, rc::Rc};

use super::{super::KINDS, *};

/// Answers each command with its word, and says something on its own when its time has come.
#[derive(Default)]
struct Parrot {
    due: Option<Instant>,
    is_curious: bool,
    joined: Vec<Nick>,
    whispered: Vec<(Nick, Delivery)>,
}

impl Bot for Rc<RefCell<Parrot>> {
    fn on_message(&mut self, said: &Said<'_>, _now: Instant) -> Option<Reply> {
        Some(said.answer(said.command().map_or("?".to_owned(), |(word, _)| word)))
    }

    fn awaits_answer(&self) -> bool {
        self.borrow().is_curious
    }

    fn on_join(&mut self, who: Nick, _now: Instant) {
        self.borrow_mut().joined.push(who);
    }

    fn due(&self) -> Option<Instant> {
        self.borrow().due
    }

    fn on_time(&mut self, now: Instant) -> Option<Reply> {
        self.borrow_mut().due.take_if(|due| *due <= now).map(|_| Reply::Aloud("It is time.".into()))
    }

    fn on_whispered(&mut self, to: Nick, delivery: Delivery, _now: Instant) {
        self.borrow_mut().whispered.push((to, delivery));
    }
}

/// The bot, its server and the time.
struct Scene {
    parrot: Rc<RefCell<Parrot>>,
    manners: Manners,
    now: Instant,
    token: u64,
    rate: u32,
    left: u32,
    bots: Vec<Nick>,
}

fn nick(name: &str) -> Nick {
    Nick::new(name).unwrap()
}

impl Scene {
    /// A bot that has been welcomed, and wants to be in this room.
    fn welcome(room: &str) -> Self {
        let parrot = Rc::<RefCell<Parrot>>::default();
        let manners = Manners::new(&KINDS[0], Room::new(room).unwrap(), Box::new(Rc::clone(&parrot)));
        let mut scene =
            Self { parrot, manners, now: Instant::now(), token: 0, rate: 0, left: 0, bots: Vec::new() };
        assert_eq!(scene.manners.says(scene.now), None, "it was not welcomed");
        scene.hears("Welcome! Your nickname is 'guest_1'. Use /nick <name> to change it.");
        scene
    }

    /// A bot in the lobby, which is called trivia.
    fn settled() -> Self {
        let mut scene = Self::welcome("lobby");
        scene.sends("/nick trivia", &["Nickname changed to 'trivia'."]);
        let introduction = format!("/bot {}", KINDS[0].purpose);
        scene.sends(&introduction, &["Others see that you are a bot: x"]);
        assert!(scene.manners.is_settled());
        scene
    }

    fn hears(&mut self, line: &str) {
        let bots = self.bots.clone();
        self.manners.hears(format!("{line}\n").as_bytes(), self.now, &|nick| bots.contains(&nick));
    }

    /// Expects the bot to send this, and answers with these lines and the mark.
    #[track_caller]
    fn sends(&mut self, due: &str, answers: &[&str]) {
        self.token += 1;
        let said = self.manners.says(self.now).expect("it says something");
        assert_eq!(said, format!("{due}\n/mark {}\n", self.token));
        assert_eq!((self.manners.says(self.now), self.manners.due()), (None, None), "the mark has not come");
        for answer in answers {
            self.hears(answer);
        }
        let (token, rate, left) = (self.token, self.rate, self.left);
        self.hears(&format!("@mark {token} seq=1 rate={rate} burst=5 left={left} text=300 line=8192"));
    }

    /// Expects the bot to say this to the room.
    #[track_caller]
    fn says(&mut self, text: &str) {
        self.sends(text, &[&format!("[lobby] trivia: {text}")]);
    }

    #[track_caller]
    fn is_silent(&mut self) {
        assert_eq!(self.manners.says(self.now), None);
    }
}

#[test]
fn a_bot_takes_its_name_goes_to_its_room_and_says_what_it_is() {
    let mut scene = Scene::welcome("games");
    scene.sends("/nick trivia", &["Nickname 'trivia' is already taken."]);
    scene.sends("/nick trivia2", &["'trivia2' is registered. Use /login trivia2 <password>."]);
    scene.sends("/nick trivia3", &["Nickname changed to 'trivia3'."]);
    assert!(!scene.manners.is_settled());
    let introduction = format!("/bot {}\n/join games", KINDS[0].purpose);
    scene.sends(&introduction, &["Others see that you are a bot: x", "You joined room 'games'."]);
    assert!(scene.manners.is_settled());
    scene.is_silent();
}

#[test]
fn a_bot_without_a_free_name_stays_a_guest() {
    let mut scene = Scene::welcome("lobby");
    scene.sends("/nick trivia", &["Nickname 'trivia' is already taken."]);
    for number in 2..=9 {
        let taken = format!("Nickname 'trivia{number}' is already taken.");
        scene.sends(&format!("/nick trivia{number}"), &[&taken]);
    }
    scene.sends(&format!("/bot {}", KINDS[0].purpose), &[]);
    assert!(scene.manners.is_settled());
    scene.hears("[lobby] guest_1: !echo");
    scene.is_silent();
    scene.hears("[lobby] bob: !echo");
    scene.sends("bob: echo", &[]);
}

#[test]
fn a_bot_answers_users_and_neither_itself_nor_other_bots() {
    let mut scene = Scene::settled();
    scene.bots.push(nick("reminder"));
    for line in [
        "[lobby] trivia: !echo",
        "[lobby] TRIVIA: !echo",
        "[lobby] Reminder: !echo",
        "[Whisper from reminder]: !echo",
        "[lobby] bob: echo!",
        "[lobby] bob: say !echo",
        "* bob !echo",
        "[Whisper to bob]: !echo",
        "bob has set the topic: [lobby] bob: !echo",
        "2026-03-01 09:30 [lobby] bob: !echo",
        "[lobby] not a nick: !echo",
        "",
    ] {
        scene.hears(line);
        scene.is_silent();
    }
    scene.hears("[lobby] bob: !Echo it");
    scene.says("bob: echo");
    scene.hears("[Whisper from bob]: !echo");
    scene.sends("/whisper bob echo", &["[Whisper to bob]: echo"]);
    assert_eq!(scene.parrot.borrow().whispered, [(nick("bob"), Delivery::Told)]);
}

#[test]
fn what_is_no_command_is_heard_only_by_a_bot_that_awaits_an_answer() {
    let mut scene = Scene::settled();
    scene.hears("[lobby] bob: paris");
    scene.is_silent();
    scene.parrot.borrow_mut().is_curious = true;
    scene.hears("[lobby] bob: paris");
    scene.says("bob: ?");
    scene.bots.push(nick("bob"));
    scene.hears("[lobby] bob: paris");
    scene.is_silent();
}

#[test]
fn a_bot_speaks_at_most_five_times_a_second_even_without_a_limit() {
    let mut scene = Scene::settled();
    for _ in 0..5 {
        scene.hears("[lobby] bob: !echo");
        scene.says("bob: echo");
    }
    scene.hears("[lobby] bob: !echo");
    scene.is_silent();
    let due = scene.manners.due().expect("it will say more");
    assert!(due - scene.now <= Duration::from_millis(200));
    scene.now = due;
    scene.says("bob: echo");
    assert_eq!(scene.manners.due(), None);
}

#[test]
fn a_bot_obeys_a_slower_rate_of_the_server() {
    let mut scene = Scene::settled();
    scene.rate = 1;
    scene.hears("[lobby] bob: !one");
    scene.says("bob: one");
    scene.hears("[lobby] bob: !two");
    scene.is_silent();
    assert_eq!(scene.manners.due(), Some(scene.now + Duration::from_millis(1020)));
    scene.now += Duration::from_millis(1020);
    scene.left = 3;
    scene.says("bob: two");
    scene.hears("[lobby] bob: !three");
    scene.says("bob: three");
}

#[test]
fn a_flood_of_commands_does_not_keep_a_bot_from_answering_others() {
    let mut scene = Scene::settled();
    for n in 0..10_000 {
        scene.hears(&format!("[lobby] bob: !echo{n}"));
    }
    scene.hears("[lobby] alice: !echo");
    for n in 0..3 {
        scene.says(&format!("bob: echo{n}"));
    }
    scene.says("alice: echo");
    scene.is_silent();
    for n in 0..10_000 {
        scene.hears(&format!("[lobby] user{n}: !echo"));
    }
    for n in 0..16 {
        scene.now = scene.manners.due().expect("it says more");
        scene.says(&format!("user{n}: echo"));
    }
    scene.is_silent();
    assert_eq!(scene.manners.due(), None);
}

#[test]
fn what_was_refused_is_said_again_but_not_for_ever() {
    let mut scene = Scene::settled();
    scene.hears("[lobby] bob: !echo");
    for _ in 0..3 {
        scene.sends("bob: echo", &["You are muted for 29 more seconds."]);
        scene.is_silent();
        scene.now += PAUSE;
    }
    scene.is_silent();
    scene.hears("[Whisper from bob]: !echo");
    scene.sends("/whisper bob echo", &["You are muted for 14 more seconds."]);
    scene.hears("[Whisper from bob]: !echo");
    scene.sends("/whisper bob echo", &["User 'bob' not found."]);
    let told = [Delivery::Refused, Delivery::Absent].map(|delivery| (nick("bob"), delivery));
    assert_eq!(scene.parrot.borrow().whispered, told);
}

#[test]
fn a_bot_speaks_on_its_own_when_its_time_has_come() {
    let mut scene = Scene::settled();
    let due = scene.now + Duration::from_secs(3);
    scene.parrot.borrow_mut().due = Some(due);
    scene.is_silent();
    assert_eq!(scene.manners.due(), Some(due));
    scene.now = due;
    scene.says("It is time.");
}

#[test]
fn a_bot_hears_who_comes() {
    let mut scene = Scene::settled();
    for line in [
        "alice has joined the chat!",
        "bob has joined the room.",
        "carol is now known as dora.",
        "eve has left the room.",
        "[lobby] frank: hello",
        "zoe has set the topic: greg has joined the chat!",
        "* zoe and henry has joined the chat!",
    ] {
        scene.hears(line);
    }
    assert_eq!(scene.parrot.borrow().joined, ["alice", "bob", "dora", "frank"].map(nick));
}

#[test]
fn a_bot_that_is_kicked_comes_back_and_one_that_is_banned_leaves() {
    let mut scene = Scene::welcome("games");
    scene.sends("/nick trivia", &["Nickname changed to 'trivia'."]);
    scene.sends(&format!("/bot {}\n/join games", KINDS[0].purpose), &["You joined room 'games'."]);
    for answers in [["You joined room 'games'."], ["You are banned from this room."]] {
        scene.hears("You were kicked from 'games' by bob: spam");
        scene.hears("You returned to the lobby.");
        scene.hears("[lobby] bob: !echo");
        scene.is_silent();
        assert_eq!(scene.manners.due(), Some(scene.now + AWAY));
        scene.now += AWAY;
        scene.sends("/join games", &answers);
    }
    assert_eq!(scene.manners.says(scene.now).as_deref(), Some("/quit\n"));
}

#[test]
fn a_bot_in_a_room_that_it_may_not_enter_leaves_at_once() {
    let mut scene = Scene::welcome("games");
    scene.sends("/nick trivia", &["Nickname changed to 'trivia'."]);
    scene.sends(&format!("/bot {}\n/join games", KINDS[0].purpose), &["You are banned from this room."]);
    assert!(scene.manners.is_settled(), "the server does not wait for it");
    assert_eq!(scene.manners.says(scene.now).as_deref(), Some("/quit\n"));
}

#[test]
fn a_bot_knows_the_name_that_an_administrator_gives_it() {
    let mut scene = Scene::settled();
    scene.hears("Nickname changed to 'quizzy'.");
    scene.hears("[lobby] quizzy: !echo");
    scene.is_silent();
    scene.hears("[lobby] trivia: !echo");
    scene.sends("trivia: echo", &["[lobby] quizzy: trivia: echo"]);
}

#[test]
fn lines_may_be_cut_anywhere_and_a_long_one_takes_a_bounded_room() {
    let line = "[lobby] bob: !écho\n".as_bytes();
    for cut in 0..=line.len() {
        let mut scene = Scene::settled();
        for piece in [&line[..cut], &line[cut..]] {
            scene.manners.hears(piece, scene.now, &|_| false);
        }
        scene.says("bob: écho");
    }
    let mut scene = Scene::settled();
    for _ in 0..1000 {
        scene.manners.hears(&[b'x'; 1000], scene.now, &|_| false);
    }
    assert!(scene.manners.unread.len() < 2 * LONGEST_LINE);
    scene.hears("");
    scene.hears("[lobby] bob: !echo");
    scene.says("bob: echo");
}

#[test]
fn a_text_is_cut_between_two_characters_where_the_server_takes_only_short_ones() {
    assert_eq!(
        (fitting("äöü", 4), fitting("äöü", 3), fitting("äöü", 99), fitting("", 0)),
        ("äö", "ä", "äöü", "")
    );
}
