//! Interpreters between text and each wire, in both directions.

pub(crate) mod frames;
mod json;
mod terse;
mod verbs;
mod websocket;

/// What an interpreter does with one client.
pub(crate) trait Interpreter: Send {
    /// Begins. Writes what the client is told at once, and what the server is sent.
    fn begin(&mut self, _to_client: &mut Vec<u8>, _to_server: &mut Vec<u8>) {}

    /// Interprets a line of the client, which has no newline.
    fn ask(&mut self, line: &[u8], to_client: &mut Vec<u8>, to_server: &mut Vec<u8>);

    /// Interprets what the server sent. Takes the units that are whole from `bytes`.
    fn answer(&mut self, bytes: &mut Vec<u8>, to_client: &mut Vec<u8>, to_server: &mut Vec<u8>);
}

/// The interpreter of a wire, by its scheme; `terse` is terse JSON, and a `websocket` carries JSON or text.
pub(crate) fn interpreter(wire: &str) -> Option<Box<dyn Interpreter>> {
    match wire {
        "text" | "any" => Some(Box::new(Lines { end: "\n" })),
        "unframed" => Some(Box::new(Lines { end: "" })),
        "frames" => Some(Box::<frames::Frames>::default()),
        "json" | "json+udp" => Some(Box::<json::Json>::default()),
        "terse" => Some(Box::<terse::Terse>::default()),
        "websocket" => Some(Box::new(websocket::Messages::new("chat.json", interpreter("json")?))),
        "websocket-text" => Some(Box::new(websocket::Messages::new("chat.text", interpreter("text")?))),
        "verbs" => Some(Box::<verbs::Verbs>::default()),
        _ => None,
    }
}

/// Takes the first unit of `bytes` that ends with a newline, without the newline.
pub(crate) fn take_unit(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let mut unit: Vec<_> = bytes.drain(..=end).collect();
    unit.truncate(end);
    Some(unit)
}

/// An interpreter of text, for which only the ends of lines differ.
struct Lines {
    end: &'static str,
}

impl Interpreter for Lines {
    fn ask(&mut self, line: &[u8], _to_client: &mut Vec<u8>, to_server: &mut Vec<u8>) {
        to_server.extend(line);
        to_server.extend(self.end.bytes());
    }

    fn answer(&mut self, bytes: &mut Vec<u8>, to_client: &mut Vec<u8>, _to_server: &mut Vec<u8>) {
        to_client.append(bytes);
    }
}
