//! How a wire is spoken: clients that speak text are interpreted, in both directions.

mod frames;
mod json;
mod terse;
mod verbs;

/// What an interpreter does with one client.
pub(crate) trait Interpreter: Send {
    /// What the client is told at once, and what the server is.
    fn begin(&mut self, _to_client: &mut Vec<u8>, _to_server: &mut Vec<u8>) {}

    /// A line of the client, without its newline.
    fn ask(&mut self, line: &[u8], to_client: &mut Vec<u8>, to_server: &mut Vec<u8>);

    /// What the server sent: takes the whole units in front.
    fn answer(&mut self, bytes: &mut Vec<u8>, to_client: &mut Vec<u8>, to_server: &mut Vec<u8>);
}

/// The interpreter of a wire, by its scheme; `terse` is the second accent of JSON.
pub(crate) fn interpreter(wire: &str) -> Option<Box<dyn Interpreter>> {
    match wire {
        "text" | "any" => Some(Box::new(Lines { end: "\n" })),
        "unframed" => Some(Box::new(Lines { end: "" })),
        "frames" => Some(Box::<frames::Frames>::default()),
        "json" | "json+udp" => Some(Box::<json::Json>::default()),
        "terse" => Some(Box::<terse::Terse>::default()),
        "verbs" => Some(Box::<verbs::Verbs>::default()),
        _ => None,
    }
}

/// Text is what it is. Only its ends differ.
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
