//! Cuts a stream of bytes into requests.

use std::mem;

use super::{
    MOST_BODY, MOST_HEAD, MOST_LINE, Problem, Request, Status,
    body::{Body, Part},
    head::Head,
    upload::Upload,
};

/// Cuts a stream of bytes into requests, of which many may have come at once.
///
/// Feed it, then ask until it says "not yet". In between it holds at most one unfinished request.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Where in the buffer begins what was not read.
    start: usize,
    stage: Stage,
    /// Which requests have a body that is read piece by piece.
    uploads: Option<fn(&Request) -> bool>,
}

#[derive(Debug, Default)]
enum Stage {
    /// Between requests.
    #[default]
    Idle,
    /// In a head: the line that is looked for begins at `line`, and has no newline before `searched`.
    Head { line: usize, searched: usize },
    /// In a body.
    Body { request: Box<Request>, body: Body, waits: bool },
    /// Nothing more is read.
    Over,
}

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// A client waits for `100 Continue` before it sends a body.
    Continue,
    /// A request.
    Request(Request),
    /// A request whose body is read piece by piece. Nothing more is read here.
    Upload(Request, Upload),
    /// Something that is no request. Nothing more is read, because nobody can say where it ends.
    Refused(Problem),
}

/// How far a client has come with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It has not begun.
    Idle,
    /// Its head has begun.
    Head,
    /// Its head is whole, and its body has begun.
    Body,
}

impl Decoder {
    /// A decoder that does not read the bodies of these requests. They may be of any length.
    pub fn with_uploads(uploads: fn(&Request) -> bool) -> Self {
        Self { uploads: Some(uploads), ..Self::default() }
    }

    /// Takes bytes as they came, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        if matches!(self.stage, Stage::Over) {
            return;
        }
        self.buffer.drain(..self.start);
        if let Stage::Head { line, searched } = &mut self.stage {
            (*line, *searched) = (*line - self.start, *searched - self.start);
        }
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// What comes next; `None` means "not yet": feed more.
    pub fn next_input(&mut self) -> Option<Input> {
        let next = self.advance().unwrap_or_else(|problem| {
            self.stage = Stage::Over;
            Some(Input::Refused(problem))
        });
        if matches!(self.stage, Stage::Over) {
            self.start = self.buffer.len();
        }
        if self.start == self.buffer.len() {
            // An idle client keeps no memory for its requests.
            (self.buffer, self.start) = (Vec::new(), 0);
        }
        next
    }

    /// How far the client has come.
    pub fn phase(&self) -> Phase {
        match self.stage {
            Stage::Idle | Stage::Over => Phase::Idle,
            Stage::Head { .. } => Phase::Head,
            Stage::Body { .. } => Phase::Body,
        }
    }

    /// What has come behind the last request, in another protocol.
    pub fn into_rest(mut self) -> Vec<u8> {
        self.buffer.split_off(self.start)
    }

    fn advance(&mut self) -> Result<Option<Input>, Problem> {
        if matches!(self.stage, Stage::Idle) {
            let unread = &self.buffer[self.start..];
            // An empty line before a request is ignored (RFC 9112 §2.2).
            let empty = if unread.starts_with(b"\r\n") { 2 } else { 0 };
            if unread.len() == empty || unread == b"\r" {
                return Ok(None);
            }
            self.start += empty;
            self.stage = Stage::Head { line: self.start, searched: self.start };
        }
        if let Stage::Head { line, searched } = self.stage {
            let Some(end) = self.find_end(line, searched)? else { return Ok(None) };
            let Head { mut request, length, waits } = Head::read(&self.buffer[self.start..end])?;
            self.start = end;
            if self.uploads.is_some_and(|is_upload| is_upload(&request)) {
                self.stage = Stage::Over;
                // Where the next request would begin is known only when the body was read.
                request.is_last = true;
                let upload = Upload::new(length, waits, self.buffer.split_off(end));
                return upload.map(|upload| Some(Input::Upload(request, upload)));
            }
            let body = Body::new(length, MOST_BODY)?;
            self.stage = Stage::Body { request: request.into(), body, waits };
        }
        self.read_body()
    }

    /// Where the head ends, if it does yet. Each line is looked at once.
    fn find_end(&mut self, mut line: usize, mut searched: usize) -> Result<Option<usize>, Problem> {
        let begin = self.start;
        while let Some(length) = memchr::memchr(b'\n', &self.buffer[searched..]) {
            let end = searched + length + 1;
            check_lengths(line - begin, end - begin)?;
            match self.buffer[line..end] {
                [b'\r', b'\n'] if line == begin => {
                    return Err(Problem::bad_request("There are empty lines before the request."));
                }
                [b'\r', b'\n'] => return Ok(Some(end)),
                [.., b'\r', b'\n'] => {}
                _ => return Err(Problem::bad_request("Each line must end with CR LF.")),
            }
            (line, searched) = (end, end);
        }
        check_lengths(line - begin, self.buffer.len() - begin)?;
        self.stage = Stage::Head { line, searched: self.buffer.len() };
        Ok(None)
    }

    fn read_body(&mut self) -> Result<Option<Input>, Problem> {
        let Stage::Body { request, body, waits } = &mut self.stage else { return Ok(None) };
        let is_whole = loop {
            let unread = &self.buffer[self.start..];
            self.start += match body.part(unread)? {
                Part::Content(length) => {
                    request.body.extend_from_slice(&unread[..length]);
                    length
                }
                Part::Framing(length) => length,
                Part::NotYet => break false,
                Part::End => break true,
            };
        };
        if is_whole {
            let Stage::Body { request, .. } = mem::take(&mut self.stage) else { return Ok(None) };
            return Ok(Some(Input::Request(*request)));
        }
        // A client that has begun to send does not wait.
        let is_waiting = mem::take(waits) && self.start == self.buffer.len();
        Ok(is_waiting.then_some(Input::Continue))
    }
}

/// Refuses a head that is too large. Its line that is being read begins at `line`, and it ends at `end`.
fn check_lengths(line: usize, end: usize) -> Result<(), Problem> {
    if line == 0 && end > MOST_LINE {
        return Err(Problem::new(
            Status::TargetTooLong,
            format!("A request line may have {MOST_LINE} bytes."),
        ));
    }
    if end > MOST_HEAD {
        return Err(Problem::new(Status::HeadTooLarge, format!("A head may have {MOST_HEAD} bytes.")));
    }
    Ok(())
}

#[cfg(test)]
impl Decoder {
    /// How many bytes of memory it keeps for what it has read.
    pub(super) fn kept(&self) -> usize {
        let content = if let Stage::Body { request, .. } = &self.stage { request.body.capacity() } else { 0 };
        self.buffer.capacity() + content
    }
}
