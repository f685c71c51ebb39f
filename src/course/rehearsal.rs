//! Checks a learner's client, which runs in a terminal or on pipes; the grader is its server.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
    time::{Duration, Instant},
};

use vt100::Screen;

use self::{
    pipes::Pipes,
    terminal::{Terminal, cursor_row, rows},
};
use super::{
    class::{self, Class},
    conversation::{Pattern, escaped},
    failure::{Evidence, Failure, ends_well},
    peer::{Heard, Peer},
    seed::Seed,
    stage::{Outcome, Rules},
    subject::{Launch, Member, Port, StartError, is_ready},
    transcript::Transcript,
};

pub(super) mod pipes;
mod terminal;
mod whispers;

/// The surroundings of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A terminal of 24 rows and 80 columns.
    Terminal,
    /// Three pipes.
    Pipes,
}

/// A running client and the server that the grader plays for it.
pub struct Rehearsal<'a> {
    /// The rules that it is judged by.
    pub rules: Rules,
    /// What has happened so far.
    pub transcript: Transcript,
    /// The source of random texts.
    pub seed: Seed,
    launch: &'a Launch,
    listener: Option<TcpListener>,
    port: Arc<Port>,
    client: Client,
    /// The server's end of the connection.
    call: Option<Peer>,
}

enum Client {
    InTerminal(Terminal),
    OnPipes(Pipes),
}

/// The server's name in the transcript. The client's user is `you`.
const SERVER: &str = "server";

impl<'a> Rehearsal<'a> {
    /// Starts the client. Its connection waits for [`calls`](Self::calls).
    pub(crate) fn new(
        launch: &'a Launch,
        rules: Rules,
        seed: Seed,
        place: Place,
    ) -> Result<Self, StartError> {
        let port = Port::free();
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, port.number)).map_err(StartError::CannotRun)?;
        let client = match place {
            Place::Terminal => Terminal::start(launch, port.number).map(Client::InTerminal),
            Place::Pipes => Pipes::start(launch, port.number).map(Client::OnPipes),
        };
        let client = client.map_err(StartError::CannotRun)?;
        let transcript = Transcript::default();
        Ok(Self { rules, transcript, seed, launch, listener: Some(listener), port, client, call: None })
    }

    /// Expects the client to connect for the first time.
    pub(crate) fn calls(&mut self) -> Outcome {
        let patience = self.launch.ready;
        self.takes_call(patience, &class::EXITS_EARLY, "the client connects to its port")
    }

    /// Expects the client to connect again, after its server was gone.
    pub(crate) fn calls_again(&mut self) -> Outcome {
        let patience = 3 * self.rules.patience;
        self.takes_call(patience, &class::NOT_BACK, "the client connects again by itself")
    }

    fn takes_call(&mut self, patience: Duration, class: &'static Class, expected: &str) -> Outcome {
        let deadline = Instant::now() + patience;
        let received = loop {
            match self.listener.as_ref().and_then(is_called) {
                Some(Ok(peer)) => {
                    self.transcript.add("you", "", "(connect)");
                    self.call = Some(peer);
                    return Ok(());
                }
                Some(Err(error)) => break error.to_string(),
                None if Instant::now() >= deadline => break format!("no connection within {patience:?}"),
                None => {}
            }
            if let Some(ended) = self.member().ends(Duration::ZERO) {
                break format!("it ended: {ended}");
            }
        };
        Err(Failure::new(class, expected, received))
    }

    pub(crate) fn says(&mut self, line: &str) {
        self.transcript.add(SERVER, ">", line);
        let patience = self.rules.patience;
        if let Some(call) = &mut self.call {
            // If the client has hung up, it does not show the line, and the check fails.
            let _ = call.sends(format!("{line}\n").as_bytes(), patience);
        }
    }

    /// Expects the client to send this line next.
    pub(crate) fn hears(&mut self, line: &str) -> Outcome {
        let deadline = Instant::now() + self.rules.patience;
        let heard = loop {
            let heard = self.listens(deadline);
            match &heard {
                Heard::Line(heard) if heard == line.as_bytes() => {
                    self.transcript.add(SERVER, "<", line);
                    return Ok(());
                }
                // A client may send commands on its own, such as /nick.
                Heard::Line(heard) if heard.starts_with(b"/") && !line.starts_with('/') => {
                    self.transcript.add(SERVER, "<", &escaped(heard));
                }
                _ => break heard,
            }
        };
        let unread = self.call.as_ref().map(|call| call.inbox.incomplete().to_owned()).unwrap_or_default();
        let mut failure = diagnosis(line, heard, unread);
        if failure.class == &class::SILENT {
            failure.class = &class::NOT_SENT;
        }
        Err(self.judged(failure))
    }

    /// Expects the client to close its sending side.
    pub(crate) fn hears_the_end(&mut self) -> Outcome {
        let deadline = Instant::now() + self.rules.patience;
        let expected = "(the end of the stream, after everything was sent)";
        let (class, received) = loop {
            match self.listens(deadline) {
                Heard::End => {
                    self.transcript.add(SERVER, "", "(hears the end)");
                    return Ok(());
                }
                // A command that the client sends on its own.
                Heard::Line(line) if line.starts_with(b"/") => {
                    self.transcript.add(SERVER, "<", &escaped(&line));
                }
                Heard::Line(line) => break (&class::EXTRA_LINE, escaped(&line)),
                Heard::Silence => break (&class::STILL_OPEN, "(nothing)".to_owned()),
                Heard::Reset => break (&class::RESET, "(a reset)".to_owned()),
            }
        };
        Err(Failure::new(class, expected, received))
    }

    /// Closes the connection on the server's side.
    pub(crate) fn hangs_up(&mut self) {
        self.transcript.add(SERVER, "", "(closes)");
        self.call = None;
    }

    /// Closes the server and starts it again on the same port.
    pub(crate) fn server_restarts(&mut self) -> Outcome {
        self.hangs_up();
        self.listener = None;
        self.transcript.add(SERVER, "", "(is started again)");
        let deadline = Instant::now() + self.rules.patience;
        let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, self.port.number));
        let mut listener = bind();
        // A program that another thread starts right now may hold the old listener for a moment.
        while listener.is_err() && Instant::now() < deadline {
            std::thread::park_timeout(Duration::from_millis(5));
            listener = bind();
        }
        let expected = "the course's own port is free again";
        let failed = |error: io::Error| Failure::new(&class::PORT_BUSY, expected, error.to_string());
        self.listener = Some(listener.map_err(failed)?);
        Ok(())
    }

    /// Types keys; Enter is `\r`.
    pub(crate) fn types(&mut self, keys: &str) {
        self.transcript.add("you", ">", &escaped(keys.as_bytes()));
        match &mut self.client {
            Client::InTerminal(terminal) => terminal.types(keys),
            Client::OnPipes(pipes) => pipes.is_given(&keys.replace('\r', "\n")),
        }
    }

    /// Closes the client's standard input, if it runs on pipes.
    pub(crate) fn ends_input(&mut self) {
        self.transcript.add("you", "", "(end of the input)");
        if let Client::OnPipes(pipes) = &mut self.client {
            pipes.input = None;
        }
    }

    /// Expects a text somewhere on the screen.
    pub(crate) fn shows(&mut self, text: &str) -> Outcome {
        let expected = format!("on the screen: {text}");
        self.screen_is(&class::NOT_SHOWN, expected, |screen| {
            rows(screen).iter().any(|row| row.contains(text))
        })
    }

    /// Expects the typed text at the end of the cursor's row.
    pub(crate) fn keeps(&mut self, typed: &str) -> Outcome {
        let expected = format!("at the cursor: …{typed}");
        self.screen_is(&class::NOT_KEPT, expected, |screen| cursor_row(screen).ends_with(typed))
    }

    /// Expects this line next on the standard output.
    pub(crate) fn prints(&mut self, line: &str) -> Outcome {
        let deadline = Instant::now() + self.rules.patience;
        let Client::OnPipes(pipes) = &mut self.client else { return Ok(()) };
        let heard = pipes.prints(deadline);
        if heard == Heard::Line(line.as_bytes().to_owned()) {
            self.transcript.add("you", "<", line);
            return Ok(());
        }
        let mut failure = diagnosis(line, heard, pipes.printed.incomplete().to_owned());
        if [&class::SILENT, &class::CLOSED].contains(&failure.class) {
            failure.class = &class::NOT_SHOWN;
        }
        Err(self.judged(failure))
    }

    /// Expects the client to end by itself with status 0 and to print nothing more.
    pub(crate) fn ends_well(&mut self) -> Outcome {
        let deadline = Instant::now() + self.rules.patience;
        let expected = "the client ends with status 0 and prints nothing more";
        if let Client::OnPipes(pipes) = &mut self.client
            && let Heard::Line(line) = pipes.prints(deadline)
        {
            return Err(Failure::new(&class::EXTRA_LINE, expected, escaped(&line)));
        }
        ends_well(self.member().ends(self.rules.patience), expected)
    }

    /// The contents of the screen, for a verdict.
    pub(crate) fn output(&self) -> String {
        match &self.client {
            Client::InTerminal(terminal) => {
                let mut rows = rows(&terminal.screen());
                rows.retain(|row| !row.is_empty());
                rows.join("\n")
            }
            // The transcript has what it printed.
            Client::OnPipes(_) => String::new(),
        }
    }

    fn screen_is(
        &mut self,
        class: &'static Class,
        expected: String,
        is_so: impl Fn(&Screen) -> bool,
    ) -> Outcome {
        let deadline = Instant::now() + self.rules.patience;
        let Client::InTerminal(terminal) = &self.client else { return Ok(()) };
        if terminal.waits(deadline, is_so) {
            return Ok(());
        }
        let received = format!("in the cursor's row: {}", cursor_row(&terminal.screen()));
        Err(self.judged(Failure::new(class, expected, received)))
    }

    fn listens(&mut self, deadline: Instant) -> Heard {
        self.call.as_mut().map_or(Heard::End, |call| call.listens(deadline))
    }

    fn member(&self) -> &Member {
        let (Client::InTerminal(Terminal { member, .. }) | Client::OnPipes(Pipes { member, .. })) =
            &self.client;
        member
    }

    /// Changes the class of a failure if the client has ended.
    fn judged(&self, failure: Failure) -> Failure {
        match self.member().ends(Duration::ZERO) {
            Some(ended) => failure.ended("The program", ended),
            None => failure,
        }
    }
}

/// Accepts a connection if there is one within 20 ms.
fn is_called(listener: &TcpListener) -> Option<io::Result<Peer>> {
    is_ready(listener, Duration::from_millis(20))
        .then(|| listener.accept().and_then(|(stream, _)| Peer::new(SERVER, stream)))
}

fn diagnosis(line: &str, heard: Heard, unread: Vec<u8>) -> Failure {
    let expected = Pattern::exactly(line);
    Evidence { unread, ..Evidence::new(SERVER, &expected, heard) }.diagnose()
}
