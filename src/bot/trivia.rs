//! The bot that asks questions: `!trivia` and `!scores`.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Bot, Question, Reply, Said};
use crate::names::Nick;

/// How long a question is open.
const OPEN: Duration = Duration::from_secs(60);

/// The most users with a score. With more, the lowest score is forgotten.
const MOST_SCORES: usize = 200;

/// How many scores are shown.
const SHOWN: usize = 10;

pub(super) struct Trivia {
    questions: Arc<[Question]>,
    /// The questions that were not asked yet, in this round. The last one is next.
    ahead: Vec<usize>,
    random: u64,
    open: Option<Open>,
    scores: HashMap<Nick, u32>,
}

/// The question that was asked, by its number, and when its time is up.
struct Open {
    number: usize,
    until: Instant,
}

/// A number that is different at each start.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(0)
}

impl Trivia {
    /// A bot that asks these questions. Their order depends on a random number.
    pub(super) fn new(questions: Arc<[Question]>, random: u64) -> Self {
        Self { questions, ahead: Vec::new(), random, open: None, scores: HashMap::new() }
    }

    fn ask(&mut self, now: Instant) -> Reply {
        if let Some(Open { number, .. }) = self.open {
            return Reply::Aloud(format!("The question is still open: {}", self.questions[number].text));
        }
        if self.ahead.is_empty() {
            self.shuffle();
        }
        let number = self.ahead.pop().unwrap_or_default();
        self.open = Some(Open { number, until: now + OPEN });
        Reply::Aloud(format!("Question: {}", self.questions[number].text))
    }

    /// Puts all questions ahead, in random order.
    fn shuffle(&mut self) {
        self.ahead = (0..self.questions.len()).collect();
        for end in (1..self.ahead.len()).rev() {
            // The multiplier is from Knuth's MMIX. The high bits of such numbers are the better ones.
            self.random =
                self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let other = usize::try_from(self.random >> 33).unwrap_or_default() % (end + 1);
            self.ahead.swap(end, other);
        }
    }

    /// Whether a message is the answer, which is worth a point.
    fn judge(&mut self, said: &Said<'_>) -> Option<Reply> {
        let question = &self.questions[self.open.as_ref()?.number];
        if said.is_whisper || !question.is_answered_by(said.text) {
            return None;
        }
        let (nick, answer) = (said.from, question.answer());
        let lowest = self.scores.iter().min_by_key(|(_, points)| **points).map(|(nick, _)| *nick);
        if self.scores.len() >= MOST_SCORES && !self.scores.contains_key(&nick) {
            lowest.map(|lowest| self.scores.remove(&lowest));
        }
        let points = self.scores.entry(nick).or_default();
        *points += 1;
        let s = if *points == 1 { "" } else { "s" };
        self.open = None;
        Some(Reply::Aloud(format!("Right, {nick}! The answer is {answer}. You have {points} point{s}.")))
    }

    fn scores(&self) -> String {
        let mut scores: Vec<_> =
            self.scores.iter().map(|(nick, points)| (u32::MAX - points, *nick)).collect();
        if scores.is_empty() {
            return "There are no scores yet. Say !trivia for a question.".to_owned();
        }
        scores.sort_unstable();
        let shown = scores.iter().take(SHOWN).map(|(rest, nick)| format!("{nick} {}", u32::MAX - rest));
        format!("Scores: {}", shown.collect::<Vec<_>>().join(", "))
    }
}

impl Bot for Trivia {
    fn on_message(&mut self, said: &Said<'_>, now: Instant) -> Option<Reply> {
        let Some((command, _)) = said.command() else { return self.judge(said) };
        match command.as_str() {
            "trivia" if said.is_whisper => {
                Some(said.answer("I ask in my room. /bots shows where that is: go there and say !trivia."))
            }
            "trivia" => Some(self.ask(now)),
            "scores" => Some(said.answer_to_all(self.scores())),
            _ => None,
        }
    }

    fn awaits_answer(&self) -> bool {
        self.open.is_some()
    }

    /// The score of a user goes along.
    fn on_rename(&mut self, old: Nick, new: Nick) {
        if let Some(points) = self.scores.remove(&old) {
            *self.scores.entry(new).or_default() += points;
        }
    }

    fn due(&self) -> Option<Instant> {
        self.open.as_ref().map(|open| open.until)
    }

    fn on_time(&mut self, now: Instant) -> Option<Reply> {
        let Open { number, .. } = self.open.take_if(|open| open.until <= now)?;
        Some(Reply::Aloud(format!("Time is up. The answer is {}.", self.questions[number].answer())))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::questions, *};

    fn trivia() -> Trivia {
        Trivia::new(questions::parse("Capital of France? = Paris\nCapital of Peru? = Lima").unwrap(), 7)
    }

    fn nick(name: &str) -> Nick {
        Nick::new(name).unwrap()
    }

    /// What the bot answers aloud; empty if it answers nothing.
    fn hears(bot: &mut Trivia, from: &str, text: &str, now: Instant) -> String {
        match bot.on_message(&Said { from: nick(from), text, is_whisper: false }, now) {
            Some(Reply::Aloud(text)) => text,
            Some(whisper) => panic!("{whisper:?}"),
            None => String::new(),
        }
    }

    /// Asks the next question, and answers it in this user's name.
    fn wins(bot: &mut Trivia, who: &str, now: Instant) -> String {
        let asked = hears(bot, "alice", "!trivia", now);
        hears(bot, who, if asked.contains("France") { "paris" } else { "LIMA" }, now)
    }

    #[test]
    fn a_right_answer_closes_the_question_and_is_worth_a_point() {
        let (mut bot, now) = (trivia(), Instant::now());
        assert_eq!(hears(&mut bot, "bob", "paris", now), "");
        assert!(wins(&mut bot, "bob", now).starts_with("Right, bob! The answer is "));
        assert!(!bot.awaits_answer());
        assert!(wins(&mut bot, "BOB", now).ends_with("You have 2 points."));
        wins(&mut bot, "alice", now);
        assert_eq!(hears(&mut bot, "alice", "!SCORES", now), "Scores: bob 2, alice 1");
    }

    #[test]
    fn a_question_that_is_open_is_repeated() {
        let (mut bot, now) = (trivia(), Instant::now());
        let first = hears(&mut bot, "alice", "!trivia", now);
        for _ in 0..100 {
            let again = hears(&mut bot, "alice", " !Trivia  now ", now);
            assert_eq!(again.replace("The question is still open", "Question"), first);
        }
        assert_eq!(hears(&mut bot, "alice", "London", now), "");
    }

    #[test]
    fn the_answer_is_told_when_the_time_is_up() {
        let (mut bot, now) = (trivia(), Instant::now());
        assert_eq!((bot.due(), bot.on_time(now)), (None, None));
        hears(&mut bot, "alice", "!trivia", now);
        assert_eq!((bot.due(), bot.on_time(now)), (Some(now + OPEN), None));
        let Some(Reply::Aloud(told)) = bot.on_time(now + OPEN) else { panic!("it tells the answer") };
        assert!(told == "Time is up. The answer is Paris." || told == "Time is up. The answer is Lima.");
        assert_eq!(hears(&mut bot, "alice", "paris", now + OPEN), "");
        assert_eq!((bot.due(), bot.on_time(now + OPEN)), (None, None));
    }

    #[test]
    fn every_question_comes_once_before_one_comes_again() {
        let mut bot = Trivia::new(questions::parse(questions::USUAL).unwrap(), random());
        let (mut seen, now) = (Vec::new(), Instant::now());
        for _ in 0..bot.questions.len() {
            seen.push(hears(&mut bot, "alice", "!trivia", now));
            bot.on_time(now + OPEN);
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), bot.questions.len());
        assert!(seen.contains(&hears(&mut bot, "alice", "!trivia", now)));
    }

    #[test]
    fn a_score_follows_its_user_to_another_nickname() {
        let (mut bot, now) = (trivia(), Instant::now());
        wins(&mut bot, "bob", now);
        bot.on_rename(nick("bob"), nick("rob"));
        bot.on_rename(nick("zoe"), nick("eve"));
        assert_eq!(hears(&mut bot, "alice", "!scores", now), "Scores: rob 1");
    }

    #[test]
    fn scores_take_a_bounded_room() {
        let (mut bot, now) = (trivia(), Instant::now());
        for _ in 0..3 {
            wins(&mut bot, "best", now);
        }
        for n in 0..1000 {
            wins(&mut bot, &format!("user{n}"), now);
        }
        assert_eq!(bot.scores.len(), MOST_SCORES);
        let scores = hears(&mut bot, "alice", "!scores", now);
        assert!(scores.starts_with("Scores: best 3, user"), "{scores}");
        assert_eq!(scores.split(", ").count(), SHOWN);
    }

    #[test]
    fn the_answer_must_be_said_in_the_room() {
        let (mut bot, now) = (trivia(), Instant::now());
        let whispers =
            |bot: &mut Trivia, text| bot.on_message(&Said { from: nick("bob"), text, is_whisper: true }, now);
        let Some(Reply::Whisper(_, told)) = whispers(&mut bot, "!trivia") else { panic!("it whispers") };
        assert!(told.starts_with("I ask in my room."));
        hears(&mut bot, "alice", "!trivia", now);
        assert_eq!((whispers(&mut bot, "paris"), whispers(&mut bot, "lima")), (None, None));
        let none = "There are no scores yet. Say !trivia for a question.".to_owned();
        assert_eq!(whispers(&mut bot, "!scores"), Some(Reply::Whisper(nick("bob"), none)));
    }

    #[test]
    fn other_commands_are_not_its_business() {
        let (mut bot, now) = (trivia(), Instant::now());
        for text in ["!", "!!", "!remind 5m x", "! trivia", "!trivia2", "!\u{ff}", "trivia", "!score"] {
            assert_eq!(hears(&mut bot, "alice", text, now), "", "{text}");
        }
    }
}
