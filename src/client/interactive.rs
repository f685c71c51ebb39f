//! The client on a terminal: one loop over keys, news and time.
//!
//! Only this loop writes to the terminal, and it waits for nothing but the next event. So lines that
//! arrive are shown at once, even while the user is in the middle of a line.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, after, bounded, never, select};
use crossterm::event::Event;
use parking_lot::Mutex;

use super::{
    Error, Options,
    chat::Chat,
    connect,
    link::{self, Link, NEWS, News},
    log::Log,
    output::{Output, Wish},
    status::Ending,
    terminal::Terminal,
    transfers::Outside,
    view::View,
};
use crate::{editor::History, screen::Screen};

/// How often the loop checks the clock while something depends on it.
const TICK: Duration = Duration::from_millis(100);

/// The most events that are handled before the terminal is drawn again.
const BATCH: usize = 200;

/// Chats until the user or the server ends the chat. The terminal is always restored, even after an error.
pub(super) fn run(options: &Options, view: View) -> Result<(), Error> {
    let log = Log::open(options.log.as_deref())?;
    let history = history(options)?;
    let server = connect(options)?;
    let (sender, news) = bounded(NEWS);
    let end = sender.clone();
    // SIGTERM and SIGHUP end the client as Ctrl-D does, so that the terminal is restored.
    ctrlc::set_handler(move || drop(end.send(News::End))).map_err(io::Error::other)?;
    let terminal = Terminal::enter()?;
    let keys = Terminal::keys()?;
    let mouth = Arc::new(Mouth { link: Arc::default(), news: sender.clone(), told: Mutex::default() });
    let mut chat = Chat::new(options, history, Output::new(view, log, options.notify), Arc::clone(&mouth));
    chat.connected(server, sender.clone())?;
    let mut screen = Screen::new(Terminal::size(), Terminal::reflow());
    let mut run = Run { chat: &mut chat, screen: &mut screen, mouth: &mouth, sender, reconnecting: None };
    let ran = run.until_the_end(&keys, &news);
    Terminal::write(&screen.leave())?;
    drop(terminal);
    let ended = chat.end(options.history.as_deref());
    ran.and(ended)
}

/// The lines of the history file; none without `--history`.
fn history(options: &Options) -> Result<History, Error> {
    let Some(path) = &options.history else { return Ok(History::default()) };
    History::load(path).map_err(|error| Error::File(path.clone(), error))
}

/// How the threads that send and receive files reach the user and the server.
///
/// The loop itself uses this too, when the user or the server starts a transfer. So this never waits for
/// the loop: messages stay here until the loop takes them.
pub(super) struct Mouth {
    pub(super) link: Arc<Link>,
    news: crossbeam_channel::Sender<News>,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    notices: Vec<String>,
    /// The progress of all transfers in percent; `None` when there are none.
    progress: Option<u8>,
}

impl Mouth {
    fn tell(&self, tell: impl FnOnce(&mut Told)) {
        tell(&mut self.told.lock());
        // If the channel is full, the loop has work and looks here anyway.
        let _ = self.news.try_send(News::Told);
    }
}

impl Outside for Mouth {
    fn notice(&self, words: &str) {
        self.tell(|told| told.notices.push(words.to_owned()));
    }

    fn send(&self, line: &str) -> bool {
        self.link.send(format!("{line}\n"))
    }

    fn progress(&self, percent: Option<u8>) {
        self.tell(|told| told.progress = percent);
    }
}

/// The loop, with what it needs.
struct Run<'a> {
    chat: &'a mut Chat,
    screen: &'a mut Screen,
    mouth: &'a Mouth,
    sender: crossbeam_channel::Sender<News>,
    /// When to connect again.
    reconnecting: Option<Instant>,
}

impl Run<'_> {
    fn until_the_end(&mut self, keys: &Receiver<Event>, news: &Receiver<News>) -> Result<(), Error> {
        loop {
            let now = Instant::now();
            self.chat.tick(now);
            self.reconnect(now)?;
            self.draw(now)?;
            if self.chat.status.ending.is_some() {
                self.chat.tell_unsaid();
                return self.draw(now);
            }
            let needs_clock = self.reconnecting.is_some() || self.chat.needs_clock();
            let tick = if needs_clock { after(TICK) } else { never() };
            select! {
                recv(keys) -> key => match key {
                    Ok(key) => self.chat.take_key(key),
                    // The terminal is gone.
                    Err(_) => self.chat.status.end(Ending::Quit),
                },
                recv(news) -> news => self.take_news(news)?,
                recv(tick) -> _ => {}
            }
            for news in news.try_iter().take(BATCH) {
                self.take_news(Ok(news))?;
            }
            for key in keys.try_iter().take(BATCH) {
                self.chat.take_key(key);
            }
        }
    }

    fn take_news(&mut self, news: Result<News, crossbeam_channel::RecvError>) -> Result<(), Error> {
        let now = Instant::now();
        match news {
            Ok(News::Connected(server)) => {
                self.reconnecting = None;
                self.chat.connected(server, self.sender.clone())?;
            }
            Ok(News::NotConnected) => self.reconnecting = Some(self.chat.reconnects_at(now)),
            Ok(News::Lost) => {
                self.chat.lost();
                self.reconnecting = Some(self.chat.reconnects_at(now));
            }
            Ok(News::Line(line)) => self.chat.hear(&line, now),
            // The loop takes the messages before it draws the terminal.
            Ok(News::Told) => {}
            Ok(News::End) | Err(_) => self.chat.status.end(Ending::Quit),
        }
        Ok(())
    }

    /// Connects again when it is time; until then, the prompt counts the seconds.
    fn reconnect(&mut self, now: Instant) -> Result<(), Error> {
        let Some(at) = self.reconnecting else { return Ok(()) };
        let left = at.saturating_duration_since(now);
        // Rounded up: "1 s" is shown until the wait is over.
        self.chat.way.reconnecting_in = Some(left.as_secs() + u64::from(left.subsec_nanos() > 0));
        if left.is_zero() {
            // No other attempt starts before this one has ended.
            self.reconnecting = None;
            link::connect_again(&self.chat.options, self.sender.clone())?;
        }
        Ok(())
    }

    fn draw(&mut self, now: Instant) -> Result<(), Error> {
        let notices = {
            let mut told = self.mouth.told.lock();
            self.chat.progress = told.progress;
            std::mem::take(&mut told.notices)
        };
        for words in notices {
            self.chat.output.notice(&words);
        }
        for wish in self.chat.output.take_wishes() {
            match wish {
                Wish::Suspend => {
                    Terminal::write(&self.screen.leave())?;
                    Terminal::suspend()?;
                    // The terminal may have another size now, and shows what the shell has written.
                    Terminal::write(&self.screen.resize(Terminal::size()))?;
                }
                Wish::Clear => Terminal::write(&self.screen.clear())?,
                Wish::Signal(signal) => Terminal::write(&signal)?,
            }
        }
        let lines = self.chat.output.take_lines();
        // The size is read each time, because the event that reports a change may come late or not at all.
        let out = self.screen.resize(Terminal::size()) + &self.screen.draw(lines, self.chat.live(now));
        if !out.is_empty() {
            Terminal::write(&out)?;
        }
        Ok(())
    }
}
