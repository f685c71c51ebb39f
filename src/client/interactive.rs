//! The client on a terminal: one thread for the user, one for the server.

use std::{
    borrow::Cow,
    io::{self, Write},
    net::TcpStream,
    sync::Arc,
    thread,
};

use crossbeam_channel::bounded;

use super::{
    Address, Error, Options,
    backoff::Backoff,
    editor::Editor,
    link::{Link, NotSent},
    listener::Listener,
    screen::Screen,
    secret::Secret,
    status::{Ending, Status},
    terminal::RawMode,
    transfers::{Outside, Step, Transfers, Typed, Wishes},
    view::View,
};
use crate::{
    command::{Verb, split_word},
    dialect::text::misplaced_secret,
};

/// Chats until the user or the server ends the chat. The terminal is restored in any case, even after
/// an error.
pub(super) fn run(
    options: &Options,
    address: Address,
    server: TcpStream,
    view: View,
    wishes: Wishes,
) -> Result<(), Error> {
    let link = Arc::new(Link::new(Status::new(options.nick, options.room)));
    end_on_signals(&link)?;
    let terminal = Arc::new(RawMode::enter()?);
    let (mut editor, screen) = Editor::new(&link, &terminal, view)?;
    if let Some(path) = &options.history {
        editor.load_history(path)?;
    }
    // Nothing is ever sent. The thread ends when this is dropped.
    let (_client, stop) = bounded(0);
    let desk = Desk { link: Arc::clone(&link), screen: screen.clone(), view };
    let transfers = Transfers::new(wishes, Box::new(desk));
    let (link_too, transfers_too) = (Arc::clone(&link), Arc::clone(&transfers));
    let listener = Listener {
        address,
        link: link_too,
        transfers: transfers_too,
        screen,
        view,
        stop,
        backoff: Backoff::default(),
    };
    // Not joined: it may be connecting, which can take ten seconds.
    thread::Builder::new().name("listener".to_owned()).spawn(move || listener.run(server))?;
    let chatted = chat(&mut editor, &link, &transfers, view);
    link.leave();
    if let Some(path) = &options.history {
        editor.save_history(path)?;
    }
    io::stdout().write_all(editor.last_lines().as_bytes())?;
    chatted
}

/// SIGTERM and SIGHUP end the client as Ctrl-D does, so that the terminal is restored.
fn end_on_signals(link: &Arc<Link>) -> Result<(), Error> {
    let link = Arc::clone(link);
    ctrlc::set_handler(move || link.end(Ending::Quit)).map_err(|error| Error::Io(io::Error::other(error)))
}

/// Sends what the user types, until the client ends.
fn chat(editor: &mut Editor, link: &Link, transfers: &Arc<Transfers>, view: View) -> Result<(), Error> {
    while let Some(text) = editor.next_line()? {
        send(&text, editor, link, transfers, view)?;
    }
    match link.ending() {
        Some(Ending::Dismissed(reason)) => Err(Error::Dismissed(reason)),
        Some(Ending::Deaf) => Err(Error::Lost),
        Some(Ending::Quit) | None => Ok(()),
    }
}

/// Sends each line of `text`. Lines that cannot be sent go back into the editor.
fn send(
    text: &str,
    editor: &mut Editor,
    link: &Link,
    transfers: &Arc<Transfers>,
    view: View,
) -> Result<(), Error> {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    for (sent, line) in lines.iter().enumerate() {
        if let Some(verb) = misplaced_secret(line) {
            let words =
                format!("Not sent, because of the password. Start the line with /{} itself.", verb.name);
            editor.print(view.notice(&words));
            continue;
        }
        let Some(whole) = with_passwords(line, editor, link, view)? else { continue };
        match speak(&whole, link, transfers) {
            Ok(()) if Secret::of(&whole).is_some_and(|secret| secret.holds_password()) => {}
            Ok(()) => editor.remember(&whole)?,
            Err(NotSent) if is_quit(&whole) => link.quit(),
            Err(NotSent) => {
                editor.print(view.notice("Not connected: this was not sent."));
                editor.give_back(&lines[sent..].join("\n"));
                break;
            }
        }
    }
    Ok(())
}

/// Asks the user for the passwords that a line lacks, and adds them. `None` if the user gives none.
fn with_passwords<'a>(
    typed: &'a str,
    editor: &mut Editor,
    link: &Link,
    view: View,
) -> Result<Option<Cow<'a, str>>, Error> {
    let missing = Secret::of(typed).map(|secret| secret.missing()).unwrap_or_default();
    if missing.is_empty() {
        return Ok(Some(typed.into()));
    }
    if !Secret::of(typed).is_some_and(|secret| secret.holds_password()) {
        editor.remember(typed)?;
    }
    if link.is_overheard() {
        editor.print(view.notice("This connection is not encrypted: others can read the password."));
    }
    let mut whole = typed.trim_end().to_owned();
    for wanted in missing {
        let Some(password) = editor.ask(wanted.prompt)? else { return Ok(None) };
        if wanted.is_new && editor.ask("Repeat it: ")?.as_ref() != Some(&password) {
            editor.print(view.notice("The two passwords differ: nothing was sent. Try again."));
            return Ok(None);
        }
        whole = format!("{whole} {}", password.reveal());
    }
    Ok(Some(whole.into()))
}

/// Sends one line, or does what it says if that is for this client to do.
fn speak(typed: &str, link: &Link, transfers: &Arc<Transfers>) -> Result<(), NotSent> {
    match transfers.typed(typed) {
        Typed::AsItIs => link.send(typed),
        Typed::Instead(other) => link.send(&other),
        Typed::Refused => Ok(()),
        Typed::Offer(to, path) => {
            let transfers = Arc::clone(transfers);
            // In a thread of its own, because it reads the whole file, and the user goes on typing.
            let offering = thread::Builder::new().name("offering".to_owned());
            offering.spawn(move || transfers.offer(to, path)).map(drop).map_err(|_| NotSent)
        }
    }
}

/// How the threads that send and receive files reach the terminal and the server.
struct Desk {
    link: Arc<Link>,
    screen: Screen,
    view: View,
}

impl Outside for Desk {
    fn notice(&self, words: &str) {
        self.screen.print(self.view.notice(words));
    }

    fn send(&self, line: &str) -> bool {
        self.link.send(line).is_ok()
    }

    fn progress(&self, step: &Step<'_>) {
        self.link.progress(Some(step.all));
        self.screen.refresh();
    }

    fn no_progress(&self) {
        self.link.progress(None);
        self.screen.refresh();
    }
}

fn is_quit(line: &str) -> bool {
    let verb = line.strip_prefix('/').and_then(|command| Verb::find(split_word(command).0));
    verb.is_some_and(|verb| verb.name == "quit")
}
