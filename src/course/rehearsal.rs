//! Where a learner's client is checked: it runs in a terminal or on pipes, and the grader is its server.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use self::{pipes::Pipes, terminal::Terminal};
use super::{
    class::{self, Class},
    conversation::{Pattern, escaped},
    failure::{Evidence, Failure},
    peer::{Heard, Peer},
    seed::Seed,
    stage::{Outcome, Rules},
    subject::{Ended, Launch, Port, StartError},
    transcript::Transcript,
};

pub(super) mod pipes;
mod terminal;

/// What a client runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A terminal of 24 rows and 80 columns.
    Terminal,
    /// Three pipes.
    Pipes,
}

/// A client, and its server.
#[derive(Debug)]
pub struct Rehearsal<'a> {
    /// How it is judged.
    pub rules: Rules,
    /// What has happened.
    pub transcript: Transcript,
    /// Where texts come from.
    pub seed: Seed,
    launch: &'a Launch,
    listener: Option<TcpListener>,
    port: Arc<Port>,
    client: Client,
    /// Our end of the connection.
    call: Option<Peer>,
}

/// The running client.
#[derive(Debug)]
enum Client {
    InTerminal(Terminal),
    OnPipes(Pipes),
}

/// What the server calls itself in the conversation; the client's user is `you`.
const SERVER: &str = "server";

impl<'a> Rehearsal<'a> {
    /// Starts the client; its call is waiting to be taken.
    ///
    /// # Errors
    /// When there is no such program.
    pub fn new(launch: &'a Launch, rules: Rules, seed: Seed, place: Place) -> Result<Self, StartError> {
        let port = Port::free();
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).map_err(StartError::CannotRun)?;
        let client = match place {
            Place::Terminal => {
                Client::InTerminal(Terminal::start(launch, port.number()).map_err(StartError::CannotRun)?)
            }
            Place::Pipes => {
                Client::OnPipes(Pipes::start(launch, port.number()).map_err(StartError::CannotRun)?)
            }
        };
        let transcript = Transcript::default();
        Ok(Self { rules, transcript, seed, launch, listener: Some(listener), port, client, call: None })
    }

    /// The client calls for the first time.
    ///
    /// # Errors
    /// When it does not.
    pub fn calls(&mut self) -> Outcome {
        let patience = self.launch.ready;
        self.takes_call(patience, &class::EXITS_EARLY, "the client connects to the port that it is given")
    }

    /// The client calls again, after its server was gone.
    ///
    /// # Errors
    /// When it does not.
    pub fn calls_again(&mut self) -> Outcome {
        let patience = 3 * self.rules.patience;
        self.takes_call(patience, &class::NOT_BACK, "the client connects again, by itself")
    }

    fn takes_call(&mut self, patience: Duration, class: &'static Class, expected: &str) -> Outcome {
        let deadline = Instant::now() + patience;
        loop {
            match self.listener.as_ref().and_then(is_called) {
                Some(Ok(peer)) => {
                    self.transcript.add("you", "", "(connect)");
                    self.call = Some(peer);
                    return Ok(());
                }
                Some(Err(error)) => return Err(Failure::new(class, expected, error.to_string())),
                None if Instant::now() >= deadline => {
                    return Err(Failure::new(class, expected, format!("no call within {patience:?}")));
                }
                None => {}
            }
            if let Some(ended) = self.client.has_ended() {
                return Err(Failure::new(class, expected, format!("it ended: {ended}")));
            }
        }
    }

    /// The server says a line.
    pub fn says(&mut self, line: &str) {
        self.transcript.add(SERVER, ">", line);
        let patience = self.rules.patience;
        if let Some(call) = &mut self.call {
            // If the client has hung up, it shows nothing, and that is noticed.
            let _ = call.sends(format!("{line}\n").as_bytes(), patience);
        }
    }

    /// The server hears this line next from the client.
    ///
    /// # Errors
    /// When it does not.
    pub fn hears(&mut self, line: &str) -> Outcome {
        let expected = Pattern::exactly(line);
        let deadline = Instant::now() + self.rules.patience;
        loop {
            let heard = self.listens(deadline);
            match &heard {
                Heard::Line(heard) if heard == line.as_bytes() => {
                    self.transcript.add(SERVER, "<", line);
                    return Ok(());
                }
                // A client may introduce itself.
                Heard::Line(heard) if heard.starts_with(b"/") && !line.starts_with('/') => {
                    self.transcript.add(SERVER, "<", &escaped(heard));
                }
                _ => return Err(self.not_heard(&expected, heard)),
            }
        }
    }

    /// The client has nothing more to say, and says so.
    ///
    /// # Errors
    /// When it does not.
    pub fn hears_the_end(&mut self) -> Outcome {
        let deadline = Instant::now() + self.rules.patience;
        let expected = "(the end: the client has said everything)";
        let (class, received) = match self.listens(deadline) {
            Heard::End => {
                self.transcript.add(SERVER, "", "(hears the end)");
                return Ok(());
            }
            Heard::Line(line) => (&class::EXTRA_LINE, escaped(&line)),
            Heard::Silence => (&class::STILL_OPEN, "(nothing)".to_owned()),
            Heard::Reset => (&class::RESET, "(a reset)".to_owned()),
        };
        Err(Failure::new(class, expected, received))
    }

    /// The server closes the connection.
    pub fn hangs_up(&mut self) {
        self.transcript.add(SERVER, "", "(closes)");
        self.call = None;
    }

    /// The server is gone, and comes back on the same port.
    ///
    /// # Errors
    /// When the port is lost, which is not the client's fault.
    pub fn server_restarts(&mut self) -> Outcome {
        self.hangs_up();
        self.listener = None;
        self.transcript.add(SERVER, "", "(is started again)");
        let deadline = Instant::now() + self.rules.patience;
        loop {
            // A program that is being started elsewhere may still hold the old listener.
            match TcpListener::bind((Ipv4Addr::LOCALHOST, self.port.number())) {
                Ok(listener) => self.listener = Some(listener),
                Err(_) if Instant::now() < deadline => {
                    std::thread::park_timeout(Duration::from_millis(5));
                    continue;
                }
                Err(error) => {
                    return Err(Failure::new(&class::PORT_BUSY, "our own port again", error.to_string()));
                }
            }
            return Ok(());
        }
    }

    /// The user types; Enter is `\r`.
    pub fn types(&mut self, keys: &str) {
        self.transcript.add("you", ">", &escaped(keys.as_bytes()));
        match &mut self.client {
            Client::InTerminal(terminal) => terminal.types(keys),
            Client::OnPipes(pipes) => pipes.is_given(&keys.replace('\r', "\n")),
        }
    }

    /// The user has nothing more to type.
    pub fn ends_input(&mut self) {
        self.transcript.add("you", "", "(end of the input)");
        if let Client::OnPipes(pipes) = &mut self.client {
            pipes.ends_input();
        }
    }

    /// The user can read this somewhere on the screen.
    ///
    /// # Errors
    /// When it does not appear.
    pub fn shows(&mut self, text: &str) -> Outcome {
        let expected = format!("on the screen: {text}");
        self.screen_is(&class::NOT_SHOWN, expected, |terminal| {
            terminal.rows().iter().any(|row| row.contains(text))
        })
    }

    /// What is being typed stands in the row of the cursor, and nothing else has come behind it.
    ///
    /// # Errors
    /// When it does not.
    pub fn keeps(&mut self, typed: &str) -> Outcome {
        let expected = format!("at the cursor: …{typed}");
        self.screen_is(&class::NOT_KEPT, expected, |terminal| terminal.cursor_row().ends_with(typed))
    }

    /// The next line on the standard output is this one, and it is there at once.
    ///
    /// # Errors
    /// When it is not.
    pub fn prints(&mut self, line: &str) -> Outcome {
        let deadline = Instant::now() + self.rules.patience;
        let Client::OnPipes(pipes) = &mut self.client else { return Ok(()) };
        let heard = pipes.prints(deadline);
        if heard == Heard::Line(line.as_bytes().to_owned()) {
            self.transcript.add("you", "<", line);
            return Ok(());
        }
        let unread = pipes.unread().to_owned();
        let expected = Pattern::exactly(line);
        let mut failure = evidence(&expected, heard, unread).diagnose();
        if [&class::SILENT, &class::CLOSED].contains(&failure.class) {
            failure.class = &class::NOT_SHOWN;
        }
        Err(self.judged(failure))
    }

    /// The client ends by itself with status 0, and has printed nothing more.
    ///
    /// # Errors
    /// When it does not.
    pub fn ends_well(&mut self) -> Outcome {
        let deadline = Instant::now() + self.rules.patience;
        let expected = "the client ends with status 0, and prints nothing more";
        if let Client::OnPipes(pipes) = &mut self.client
            && let Heard::Line(line) = pipes.prints(deadline)
        {
            return Err(Failure::new(&class::EXTRA_LINE, expected, escaped(&line)));
        }
        loop {
            match self.client.has_ended() {
                Some(Ended::Status(0)) => return Ok(()),
                Some(ended) => {
                    return Err(Failure::new(&class::WRONG_STATUS, expected, format!("{ended}")));
                }
                None if Instant::now() >= deadline => {
                    return Err(Failure::new(&class::DOES_NOT_STOP, expected, "it still runs"));
                }
                None => std::thread::park_timeout(Duration::from_millis(2)),
            }
        }
    }

    /// What can be seen of the client.
    pub fn output(&self) -> String {
        match &self.client {
            Client::InTerminal(terminal) => terminal.rows().join("\n"),
            // What it printed is in the conversation.
            Client::OnPipes(_) => String::new(),
        }
    }

    fn screen_is(
        &mut self,
        class: &'static Class,
        expected: String,
        is_so: impl Fn(&Terminal) -> bool,
    ) -> Outcome {
        let deadline = Instant::now() + self.rules.patience;
        let Client::InTerminal(terminal) = &mut self.client else { return Ok(()) };
        loop {
            if is_so(terminal) {
                return Ok(());
            }
            if !terminal.changes(deadline) {
                let row = terminal.cursor_row();
                let failure = Failure::new(class, expected, format!("the row of the cursor: {row}"));
                return Err(self.judged(failure));
            }
        }
    }

    fn listens(&mut self, deadline: Instant) -> Heard {
        self.call.as_mut().map_or(Heard::End, |call| call.listens(deadline))
    }

    fn not_heard(&mut self, expected: &Pattern, heard: Heard) -> Failure {
        let unread = self.call.as_ref().map(|call| call.unread().to_owned()).unwrap_or_default();
        let mut failure = evidence(expected, heard, unread).diagnose();
        if failure.class == &class::SILENT {
            failure.class = &class::NOT_SENT;
        }
        self.judged(failure)
    }

    /// What a failure really is, if the client has ended meanwhile.
    fn judged(&self, mut failure: Failure) -> Failure {
        if let Some(ended) = self.client.has_ended() {
            failure = failure.note(format!("The program has ended: {ended}."));
            failure.class = if matches!(ended, Ended::Status(_)) { &class::DIED } else { &class::KILLED };
        }
        failure
    }
}

impl Client {
    fn has_ended(&self) -> Option<Ended> {
        match self {
            Self::InTerminal(terminal) => terminal.has_ended(),
            Self::OnPipes(pipes) => pipes.has_ended(),
        }
    }
}

/// A call, if there is one now or in a moment.
fn is_called(listener: &TcpListener) -> Option<io::Result<Peer>> {
    let moment = Timespec::try_from(Duration::from_millis(20)).expect("it is short");
    match poll(&mut [PollFd::new(listener, PollFlags::IN)], Some(&moment)) {
        Ok(0) | Err(rustix::io::Errno::INTR) => None,
        Ok(_) => Some(listener.accept().and_then(|(stream, _)| Peer::new(SERVER, stream))),
        Err(error) => Some(Err(error.into())),
    }
}

fn evidence(expected: &Pattern, heard: Heard, unread: Vec<u8>) -> Evidence<'_> {
    Evidence { unread, ..Evidence::new(SERVER, expected, heard) }
}
