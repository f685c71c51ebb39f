//! The client on a terminal: one thread for the user, one for the server.

use std::{
    io::{self, Write},
    sync::Arc,
    thread,
};

use crossbeam_channel::bounded;

use super::{
    Error, Options,
    backoff::Backoff,
    connect,
    editor::Editor,
    link::Link,
    listener::Listener,
    screen::Screen,
    secret::{NEW_PASSWORD, Secret},
    status::{Ending, Status},
    terminal::RawMode,
    transfers::{Outside, Transfers, Typed},
    verb,
    view::View,
};
use crate::{command::Verb, dialect::text::misplaced_secret};

/// Chats until the user or the server ends the chat. The terminal is restored in any case, even after
/// an error.
pub(super) fn run(options: &Options, view: View) -> Result<(), Error> {
    let server = connect(options)?;
    let link = Arc::new(Link::new(Status::new(options.nick, options.room)));
    let link_too = Arc::clone(&link);
    // SIGTERM and SIGHUP end the client as Ctrl-D does, so that the terminal is restored.
    ctrlc::set_handler(move || link_too.end(Ending::Quit)).map_err(io::Error::other)?;
    let terminal = Arc::new(RawMode::enter()?);
    let (mut editor, screen) = Editor::new(&link, &terminal, view)?;
    if let Some(path) = &options.history {
        editor.load_history(path)?;
    }
    // Nothing is ever sent. The thread ends when this is dropped.
    let (_client, stop) = bounded(0);
    let desk = Arc::new(Desk { link: Arc::clone(&link), screen, view });
    let mut chat = Chat { editor, link, transfers: Transfers::new(options.clone(), desk.clone()), view };
    let transfers = Arc::clone(&chat.transfers);
    let listener = Listener { options: options.clone(), desk, transfers, stop, backoff: Backoff::default() };
    // Not joined: it may be connecting, which can take ten seconds.
    thread::Builder::new().name("listener".to_owned()).spawn(move || listener.run(server))?;
    let chatted = chat.run();
    chat.link.leave();
    if let Some(path) = &options.history {
        chat.editor.save_history(path)?;
    }
    io::stdout().write_all(chat.editor.last_lines().as_bytes())?;
    chatted
}

/// The user's side of the chat.
struct Chat {
    editor: Editor,
    link: Arc<Link>,
    transfers: Arc<Transfers>,
    view: View,
}

impl Chat {
    /// Sends what the user types, until the client ends.
    fn run(&mut self) -> Result<(), Error> {
        while let Some(text) = self.editor.next_line()? {
            self.send(&text)?;
        }
        match self.link.ending() {
            Some(Ending::Dismissed(reason)) => Err(Error::Dismissed(reason)),
            Some(Ending::Deaf) => Err(Error::Lost),
            Some(Ending::Quit) | None => Ok(()),
        }
    }

    /// Sends each line of `text`. Lines that cannot be sent go back into the editor.
    fn send(&mut self, text: &str) -> Result<(), Error> {
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        for (sent, line) in lines.iter().enumerate() {
            if let Some(Verb { name, .. }) = misplaced_secret(line) {
                self.notice(&format!(
                    "Not sent, because of the password. Start the line with /{name} itself."
                ));
                continue;
            }
            let Some(whole) = self.with_passwords(line)? else { continue };
            match self.speak(&whole) {
                Ok(()) if Secret::of(&whole).is_some_and(|secret| secret.holds_password()) => {}
                Ok(()) => self.editor.remember(&whole)?,
                Err(_) if verb(&whole).is_some_and(|(verb, _)| verb.name == "quit") => self.link.quit(),
                Err(_) => {
                    self.notice("Not connected: this was not sent.");
                    self.editor.give_back(&lines[sent..].join("\n"));
                    break;
                }
            }
        }
        Ok(())
    }

    /// Asks the user for the passwords that a line lacks, and adds them. `None` if the user gives none.
    fn with_passwords(&mut self, typed: &str) -> Result<Option<String>, Error> {
        let Some(secret) = Secret::of(typed).filter(|secret| !secret.prompts().is_empty()) else {
            return Ok(Some(typed.to_owned()));
        };
        if !secret.holds_password() {
            self.editor.remember(typed)?;
        }
        if self.link.is_overheard() {
            self.notice("This connection is not encrypted: others can read the password.");
        }
        let mut whole = typed.trim_end().to_owned();
        for prompt in secret.prompts() {
            let Some(password) = self.editor.ask(prompt)? else { return Ok(None) };
            // Asked for twice, because a typing error shows only then.
            if prompt == NEW_PASSWORD && self.editor.ask("Repeat it: ")?.as_ref() != Some(&password) {
                self.notice("The two passwords differ: nothing was sent. Try again.");
                return Ok(None);
            }
            whole = format!("{whole} {}", password.reveal());
        }
        Ok(Some(whole))
    }

    /// Sends one line, or does what it says if that is for this client to do.
    fn speak(&self, typed: &str) -> io::Result<()> {
        match self.transfers.typed(typed) {
            Typed::AsItIs => self.link.send(typed),
            Typed::Instead(other) => self.link.send(&other),
            Typed::Refused => Ok(()),
            Typed::Offer(to, path) => {
                let transfers = Arc::clone(&self.transfers);
                // In a thread of its own, because it reads the whole file, and the user goes on typing.
                let offering = thread::Builder::new().name("offering".to_owned());
                offering.spawn(move || transfers.offer(to, path)).map(drop)
            }
        }
    }

    fn notice(&mut self, words: &str) {
        self.editor.print(self.view.notice(words));
    }
}

/// How other threads than the user's reach the terminal and the server.
pub(super) struct Desk {
    pub(super) link: Arc<Link>,
    pub(super) screen: Screen,
    pub(super) view: View,
}

impl Outside for Desk {
    fn notice(&self, words: &str) {
        self.screen.print(self.view.notice(words));
    }

    fn send(&self, line: &str) -> bool {
        self.link.send(line).is_ok()
    }

    fn progress(&self, percent: Option<u8>) {
        self.link.status.lock().progress = percent;
        self.screen.refresh();
    }
}
