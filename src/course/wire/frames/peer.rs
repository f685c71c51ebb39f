//! A client that speaks frames.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use super::{Frame, KEY, next, sealed};
use crate::course::{
    class,
    conversation::Pattern,
    failure::{Evidence, Failure},
    peer::{Heard, is_timeout},
    stage::{Judgement, Outcome, Stage, refused},
};

/// The pause between two pieces of a frame. With it, the server probably reads them one by one.
const BETWEEN_PIECES: Duration = Duration::from_millis(1);

/// A connection of the grader.
#[derive(Debug)]
pub(crate) struct FramePeer {
    pub(crate) name: String,
    stream: TcpStream,
    /// What has arrived and is not read yet.
    bytes: Vec<u8>,
    pub(crate) session_id: String,
}

/// What a peer receives when it listens.
#[derive(Debug)]
pub(crate) enum Arrival {
    Frame(Frame),
    /// No whole frame until the deadline.
    Silence,
    End,
    Reset,
}

impl FramePeer {
    /// Connects and receives the `session_init`, without acknowledging it.
    pub(crate) fn connects(stage: &mut Stage<'_>, name: &str) -> Result<Self, Failure> {
        stage.transcript.add(name, "", "(connects)");
        let stream = stage.call()?;
        stream.set_nodelay(true).map_err(|error| refused(&error))?;
        let mut peer = Self { name: name.to_owned(), stream, bytes: Vec::new(), session_id: String::new() };
        let init = peer.hears_kind(stage, "session_init")?;
        if init.session_id.is_empty() || init.is_padded() {
            let expected = "a frame session_init below 1024 bytes with a session_id";
            let received = format!("{} bytes with the session_id {:?}", init.size, init.session_id);
            return Err(stage.judged(Failure::new(&class::BAD_FRAME, expected, received)));
        }
        if let Some(frame) = next(&mut peer.bytes)? {
            let expected = "nothing after session_init before it is acknowledged";
            return Err(stage.judged(Failure::new(&class::ANNOUNCED_EARLY, expected, frame.shown())));
        }
        peer.session_id = init.session_id;
        Ok(peer)
    }

    /// Connects, acknowledges, and takes its name.
    pub(crate) fn enters(stage: &mut Stage<'_>, name: &str) -> Result<Self, Failure> {
        let mut peer = Self::connects(stage, name)?;
        peer.acknowledges(stage);
        peer.hears(stage, &Pattern::welcome())?;
        peer.says(stage, &format!("/nick {name}"));
        peer.hears(stage, &Pattern::with(format!("Nickname changed to '{name}'."), &[name]))?;
        Ok(peer)
    }

    pub(crate) fn acknowledges(&mut self, stage: &mut Stage<'_>) {
        self.sends(stage, "session_ack", "Session acknowledged");
    }

    /// Acknowledges the session of another client.
    pub(crate) fn acknowledges_as(&mut self, stage: &mut Stage<'_>, other: &Self) {
        const CONTENT: &str = "Session acknowledged";
        stage.transcript.add(&self.name, ">", &format!("[session_ack] {CONTENT}"));
        stage.remark(&format!("(with the session_id of {})", other.name));
        self.sends_bytes(&sealed("session_ack", &other.session_id, CONTENT, KEY));
    }

    pub(crate) fn says(&mut self, stage: &mut Stage<'_>, line: &str) {
        self.sends(stage, "message", line);
    }

    pub(crate) fn sends(&mut self, stage: &mut Stage<'_>, kind: &str, content: &str) {
        stage.transcript.add(&self.name, ">", &format!("[{kind}] {content}"));
        self.sends_bytes(&self.frame(kind, content));
    }

    /// A correct frame of this session.
    pub(crate) fn frame(&self, kind: &str, content: &str) -> Vec<u8> {
        sealed(kind, &self.session_id, content, KEY)
    }

    /// Sends bytes without an entry in the transcript. If the server has hung up, the next read shows it.
    pub(crate) fn sends_bytes(&mut self, bytes: &[u8]) {
        let _ = self.stream.set_write_timeout(Some(Duration::from_secs(5)));
        let _ = self.stream.write_all(bytes);
    }

    /// Sends bytes in two pieces.
    pub(crate) fn sends_in_pieces(&mut self, bytes: &[u8], cut: usize) {
        self.sends_bytes(&bytes[..cut]);
        thread::park_timeout(BETWEEN_PIECES);
        self.sends_bytes(&bytes[cut..]);
    }

    /// The next frame or event.
    pub(crate) fn listens(&mut self, deadline: Instant) -> Result<Arrival, Failure> {
        loop {
            if let Some(frame) = next(&mut self.bytes)? {
                return self.checked(frame).map(Arrival::Frame);
            }
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            let _ = self.stream.set_read_timeout(Some(left));
            let mut chunk = [0; 16 * 1024];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Ok(Arrival::End),
                Ok(length) => self.bytes.extend(&chunk[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Ok(Arrival::Silence),
                Err(_) => return Ok(Arrival::Reset),
            }
        }
    }

    /// Checks what every frame after the first must have.
    fn checked(&self, frame: Frame) -> Result<Frame, Failure> {
        let expected = if self.session_id.is_empty() {
            return Ok(frame);
        } else if !frame.is_padded() {
            "at least 1024 bytes, with spaces at the end of the JSON header".to_owned()
        } else if frame.session_id != self.session_id {
            "the session_id of this client".to_owned()
        } else if frame.kind == "message" && !frame.content_type.starts_with("text/plain") {
            "the content_type text/plain".to_owned()
        } else {
            return Ok(frame);
        };
        let Frame { kind, content_type, size, .. } = frame;
        let received = format!("a frame {kind} of {size} bytes, content_type {content_type}");
        Err(Failure::new(&class::BAD_FRAME, expected, received))
    }

    /// What arrives next, except for frames of types that no step asks for.
    fn arrives(&mut self, stage: &Stage<'_>, deadline: Instant) -> Result<Arrival, Failure> {
        const ASKED_FOR: [&str; 4] = ["session_init", "message", "error", "heartbeat"];
        loop {
            match self.listens(deadline).map_err(|failure| stage.judged(failure))? {
                Arrival::Frame(frame) if !ASKED_FOR.contains(&&*frame.kind) => {}
                arrival => return Ok(arrival),
            }
        }
    }

    /// Expects a frame of this type next, apart from news of other clients.
    pub(crate) fn hears_kind(&mut self, stage: &mut Stage<'_>, kind: &str) -> Result<Frame, Failure> {
        let deadline = Instant::now() + stage.rules.patience;
        let received = loop {
            match self.arrives(stage, deadline)? {
                Arrival::Frame(frame) if frame.kind == kind => {
                    stage.transcript.add(&self.name, "<", &frame.shown());
                    return Ok(frame);
                }
                Arrival::Frame(frame) if is_news(&frame.content) => {}
                other => break other,
            }
        };
        let class = match &received {
            Arrival::Frame(_) => &class::WRONG_TEXT,
            Arrival::Silence => &class::SILENT,
            Arrival::End => &class::CLOSED,
            Arrival::Reset => &class::RESET,
        };
        let received = match received {
            Arrival::Frame(frame) => frame.shown(),
            Arrival::Silence if self.bytes.is_empty() => "(nothing)".to_owned(),
            Arrival::Silence => format!("{} bytes that are no whole frame", self.bytes.len()),
            Arrival::End => "(the end of the stream)".to_owned(),
            Arrival::Reset => "(a reset)".to_owned(),
        };
        Err(stage.judged(Failure::new(class, format!("[{kind}] …"), received)))
    }

    /// Expects this line next, apart from news of other clients.
    pub(crate) fn hears(&mut self, stage: &mut Stage<'_>, due: &Pattern) -> Outcome {
        let due = stage.with_wording(due);
        self.hears_judged(stage, &due, |line| match () {
            () if due.matches(line) => Judgement::Expected,
            () if is_news(line) => Judgement::Ignored,
            () => Judgement::Wrong,
        })
    }

    /// Passes each line that is heard to `judge`, up to the expected one. A failure shows `due` as expected.
    pub(crate) fn hears_judged(
        &mut self,
        stage: &mut Stage<'_>,
        due: &Pattern,
        mut judge: impl FnMut(&str) -> Judgement,
    ) -> Outcome {
        let deadline = Instant::now() + stage.rules.patience;
        loop {
            let heard = match self.arrives(stage, deadline)? {
                Arrival::Frame(frame) if frame.kind == "message" => match judge(&frame.content) {
                    Judgement::Ignored => continue,
                    Judgement::Expected => {
                        stage.transcript.add(&self.name, "<", &frame.shown());
                        return Ok(());
                    }
                    Judgement::Wrong => Heard::Line(frame.content.into_bytes()),
                },
                Arrival::Frame(frame) => {
                    let class = if frame.kind == "error" { &class::REJECTED } else { &class::EXTRA_LINE };
                    let failure = Failure::new(class, format!("[message] {}", due.text), frame.shown());
                    return Err(stage.judged(failure));
                }
                Arrival::Silence => Heard::Silence,
                Arrival::End => Heard::End,
                Arrival::Reset => Heard::Reset,
            };
            let evidence = Evidence { unread: self.bytes.clone(), ..Evidence::new(&self.name, due, heard) };
            let failure = evidence.diagnose().reclassified(&[&class::NO_NEWLINE], &class::BAD_FRAME);
            return Err(stage.judged(failure.without_newlines()));
        }
    }

    /// Expects this line after any other frames.
    pub(crate) fn skips_to(&mut self, stage: &mut Stage<'_>, due: &Pattern) -> Outcome {
        let deadline = Instant::now() + stage.rules.patience;
        loop {
            match self.arrives(stage, deadline)? {
                Arrival::Frame(frame) if due.matches(&frame.content) => return Ok(()),
                Arrival::Frame(_) => {}
                _ => {
                    let failure = Failure::new(&class::GONE_EARLY, &due.text, "(no such line)");
                    return Err(stage.judged(failure));
                }
            }
        }
    }

    /// Expects that this client has heard nothing else, apart from news of other clients that may come.
    pub(crate) fn hears_nothing(
        &mut self,
        stage: &mut Stage<'_>,
        may_come: impl Fn(&str) -> bool,
    ) -> Outcome {
        let token = stage.seed.token();
        self.sends_bytes(&self.frame("message", &format!("/{token}")));
        let expected = Pattern::with(format!("(nothing for {})", self.name), &[&token]);
        let told = stage.transcript.clone();
        let outcome = self.hears_judged(stage, &expected, |line| match () {
            () if line.contains(&token) => Judgement::Expected,
            () if may_come(line) => Judgement::Ignored,
            () => Judgement::Wrong,
        });
        stage.transcript = told;
        outcome.map_err(|failure| failure.reclassified(&[&class::WRONG_TEXT], &class::OVERHEARD))
    }

    /// Expects the end of the stream, after any frames.
    pub(crate) fn hears_the_end(&mut self, stage: &mut Stage<'_>, patience: Duration) -> Outcome {
        let deadline = Instant::now() + patience;
        loop {
            match self.listens(deadline)? {
                Arrival::Frame(_) => {}
                Arrival::End | Arrival::Reset => {
                    stage.transcript.add(&self.name, "", "(hears the end)");
                    return Ok(());
                }
                Arrival::Silence => {
                    let expected = format!("(the end of the stream for {})", self.name);
                    return Err(stage.judged(Failure::new(&class::STILL_OPEN, expected, "(nothing)")));
                }
            }
        }
    }
}

/// Whether a line says what other clients do.
pub(crate) fn is_news(line: &str) -> bool {
    let news = ["has joined", "has left", "known as", "is a moderator of this room now"];
    !line.starts_with('[') && news.iter().any(|news| line.contains(news))
}
