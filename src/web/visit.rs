//! One connection that speaks HTTP, from its first request to its last.

use std::time::{Duration, Instant};

use super::{
    House,
    attending::Attending,
    events::{Hearing, Part},
    redirect,
    routes::{self, Answer, Then},
};
use crate::{
    event::Event,
    http::{
        CONTINUE, Decoder, Input, LAST_CHUNK, Method, Phase, Problem, Request, Response, Status, Upload,
        chunk,
    },
    transport::{Stream, is_early},
    watch::{self, Activity},
    wire::{Terms, Wire},
};

/// Where the server says that it is alive.
pub(super) const HEALTH: &str = "/healthz";

/// How long a connection may be open between requests.
const IDLE: Duration = Duration::from_secs(60);

/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(10);

/// How long the body of a request may take.
const BODY: Duration = Duration::from_secs(30);

/// How long a client may take to read a response.
const SENDING: Duration = Duration::from_secs(10);

/// How often a client that is silent is looked at, in case the server stops.
const LOOK: Duration = Duration::from_millis(200);

/// How long a client may take to close its side after the last response.
const CLOSING: Duration = Duration::from_secs(1);

/// A connection, and how far its requests are read.
pub(super) struct Visit<'a> {
    house: &'a House<'a>,
    stream: &'a dyn Stream,
    terms: &'a Terms,
    /// The port for `https`, if everything is there and nothing here.
    redirect: Option<u16>,
    decoder: Decoder,
    phase: Phase,
    /// When the phase began.
    since: Instant,
}

/// Nothing more is read as HTTP.
enum End {
    /// The connection is over.
    Over,
    /// It speaks this from now on.
    Changed(&'static Wire),
    /// A client that has registered speaks WebSocket from now on.
    Attending(Attending),
}

impl<'a> Visit<'a> {
    pub(super) fn new(
        house: &'a House<'_>,
        stream: &'a dyn Stream,
        terms: &'a Terms,
        redirect: Option<u16>,
        first: &[u8],
    ) -> Self {
        let mut decoder = Decoder::with_uploads(routes::is_upload);
        decoder.feed(first);
        Self { house, stream, terms, redirect, decoder, phase: Phase::Idle, since: Instant::now() }
    }

    /// Answers requests until the connection is over, or changes to another protocol.
    pub(super) fn run(mut self) -> Option<(&'static Wire, Vec<u8>)> {
        let end = loop {
            if let Err(end) = self.answer_all().and_then(|()| self.read()) {
                break end;
            }
        };
        match end {
            End::Changed(wire) => return Some((wire, self.decoder.into_rest())),
            End::Attending(attending) => {
                attending.run(self.house, self.stream, &self.decoder.into_rest());
                return None;
            }
            End::Over => {}
        }
        // Bytes that nobody reads would reset the connection, and the client would lose the last response.
        self.stream.end(&[]);
        if !self.house.registry.is_stopping() {
            watch::doing(Activity::Closing);
            self.stream.incoming().drain(CLOSING);
        }
        None
    }

    /// Answers what has come.
    fn answer_all(&mut self) -> Result<(), End> {
        while let Some(input) = self.decoder.next_input() {
            self.since = Instant::now();
            match input {
                Input::Continue => self.send(CONTINUE)?,
                Input::Request(request) => self.answer(&request, None)?,
                Input::Upload(request, body) => self.answer(&request, Some(body))?,
                Input::Refused(problem) => return self.refuse(problem),
            }
        }
        let phase = self.decoder.phase();
        if phase != self.phase {
            (self.phase, self.since) = (phase, Instant::now());
        }
        Ok(())
    }

    /// Answers a request; `body`, if that is to be read piece by piece.
    fn answer(&mut self, request: &Request, body: Option<Upload>) -> Result<(), End> {
        if let Some(why) = self.house.registry.refusal_at_door(self.stream.incoming().peer()) {
            let is_stopping = why == Event::ShuttingDown;
            let status = if is_stopping { Status::ServiceUnavailable } else { Status::Forbidden };
            return self.refuse(Problem::new(status, why.to_string()));
        }
        let answer = match self.redirect {
            // Those who ask for health follow no redirection.
            Some(port) if request.path != HEALTH => {
                redirect::to_https(request, port).map_or_else(Answer::from, Answer::from)
            }
            _ => routes::answer(self.house, self.terms, self.stream.incoming().peer(), request),
        };
        let Answer { response, then } = answer;
        if let Then::Carry(claim) = then {
            self.house.relay.answer(self.house.registry, &claim, self.stream, body, response.headers);
            return Err(End::Over);
        }
        if let Then::Attend(attending) = then {
            return Err(End::Attending(attending));
        }
        let is_last = request.is_last || response.headers.contains(&("Connection", "close".to_owned()));
        let bytes = match request.method {
            Method::Head => response.head(is_last),
            _ => response.to_bytes(is_last),
        };
        self.send(&bytes)?;
        match then {
            Then::Speak(wire) => return Err(End::Changed(wire)),
            Then::Hear(hearing) => self.stream(hearing, !is_last)?,
            Then::Ask | Then::Attend(_) | Then::Carry(_) => {}
        }
        if is_last { Err(End::Over) } else { Ok(()) }
    }

    /// Sends what a client hears, until that ends or the client is gone.
    fn stream(&mut self, mut hearing: Hearing, is_in_chunks: bool) -> Result<(), End> {
        loop {
            watch::doing(Activity::Waiting);
            let Part { bytes, is_last } = hearing.next(LOOK);
            match (bytes.is_empty(), is_in_chunks) {
                (true, _) => {}
                (false, true) => self.send(&chunk(&bytes))?,
                (false, false) => self.send(&bytes)?,
            }
            if is_last {
                self.since = Instant::now();
                return if is_in_chunks { self.send(LAST_CHUNK) } else { Ok(()) };
            }
            if self.stream.is_gone() {
                return Err(End::Over);
            }
        }
    }

    /// Says why nothing more is read.
    fn refuse(&self, problem: Problem) -> Result<(), End> {
        self.send(&Response::from(problem).to_bytes(true))?;
        Err(End::Over)
    }

    /// Waits for bytes. Never inlined: its buffer would take room on the stack of everything that is answered.
    #[inline(never)]
    fn read(&mut self) -> Result<(), End> {
        watch::doing(Activity::Reading);
        let mut bytes = [0; 1024];
        loop {
            self.check_time()?;
            self.stream.incoming().set_patience(Some(LOOK)).map_err(|_| End::Over)?;
            match self.stream.incoming().read(&mut bytes) {
                Ok(0) => return Err(End::Over),
                Ok(length) => {
                    watch::doing(Activity::Working);
                    self.decoder.feed(&bytes[..length]);
                    return Ok(());
                }
                Err(error) if is_early(&error) => {
                    if self.house.registry.is_stopping() {
                        return Err(End::Over);
                    }
                }
                Err(_) => return Err(End::Over),
            }
        }
    }

    /// A client that is slow with a request is told so. One that has not begun a request expects no answer.
    fn check_time(&self) -> Result<(), End> {
        let (most, what) = match self.phase {
            Phase::Idle => (IDLE, None),
            Phase::Head => (HEAD, Some("head")),
            Phase::Body => (BODY, Some("body")),
        };
        if self.since.elapsed() < most {
            return Ok(());
        }
        let Some(what) = what else { return Err(End::Over) };
        let detail = format!("The {what} of a request must come within {} seconds.", most.as_secs());
        self.refuse(Problem::new(Status::RequestTimeout, detail))
    }

    /// Sends all of this, unless the client does not read it, or the server stops meanwhile.
    fn send(&self, bytes: &[u8]) -> Result<(), End> {
        let is_stopping = || self.house.registry.is_stopping();
        self.stream.write(bytes, SENDING, &is_stopping).map_err(|_| End::Over)
    }
}
