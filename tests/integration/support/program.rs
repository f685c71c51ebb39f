//! A program that is in the chat over HTTP.

use serde_json::{Value, json};

use super::{Browser, Server, browser::Reply, server::command};

/// A server that also speaks HTTP, and its port for that. Its administrators' password is `open-sesame`. The options of its URL are `query`.
#[track_caller]
pub(crate) fn start(query: &str, options: &[&str]) -> (Server, u16) {
    let url = format!("http://127.0.0.1:0{query}");
    let mut command = command();
    command.args(["--port", "0", "--listen", &url]).args(options).env("CHAT_ADMIN_PASSWORD", "open-sesame");
    let mut server = Server::start_command(command);
    let said = server.prints();
    let port = said.strip_prefix("Chat page on http://127.0.0.1:").and_then(|port| port.parse().ok());
    let port = port.unwrap_or_else(|| panic!("{said}"));
    (server, port)
}

/// A client of the chat, and its connection for calls.
pub(crate) struct Program {
    pub(crate) port: u16,
    pub(crate) id: String,
    pub(crate) token: String,
    browser: Browser,
}

impl Program {
    /// Comes in.
    #[track_caller]
    pub(crate) fn register(port: u16, name: &str, room: &str) -> Self {
        let mut program = Self::stranger(port);
        let reply = program.posts("/clients/register", &json!({"client_name": name, "chat_room": room}));
        assert_eq!(reply.status, 201, "{reply:?}");
        let told = reply.json();
        let text = |name: &str| told[name].as_str().expect("a string").to_owned();
        (program.id, program.token) = (text("client_id"), text("token"));
        program
    }

    /// A program that has no token.
    #[track_caller]
    pub(crate) fn stranger(port: u16) -> Self {
        Self { port, id: String::new(), token: String::new(), browser: Browser::connect(port) }
    }

    /// The head of a request up to its own headers.
    pub(crate) fn head(&self, line: &str) -> String {
        let token = match &self.token[..] {
            "" => String::new(),
            token => format!("Authorization: Bearer {token}\r\n"),
        };
        format!("{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n{token}")
    }

    /// Sends a request with these headers and this body.
    #[track_caller]
    pub(crate) fn asks(&mut self, line: &str, headers: &str, body: &str) -> Reply {
        self.browser.sends(format!("{}{headers}\r\n{body}", self.head(line)));
        self.browser.reply()
    }

    #[track_caller]
    pub(crate) fn gets(&mut self, path: &str) -> Reply {
        self.asks(&format!("GET {path}"), "", "")
    }

    #[track_caller]
    pub(crate) fn posts(&mut self, path: &str, body: &Value) -> Reply {
        self.posts_text(path, &body.to_string())
    }

    #[track_caller]
    pub(crate) fn posts_text(&mut self, path: &str, body: &str) -> Reply {
        let headers = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        self.asks(&format!("POST {path}"), &headers, body)
    }

    /// Says something, which is accepted. Returns its number.
    #[track_caller]
    pub(crate) fn says(&mut self, room: &str, text: &str) -> u64 {
        let reply = self.posts("/messages/send", &json!({"message_data": text, "chat_room": room}));
        assert_eq!(reply.status, 202, "{reply:?}");
        reply.json()["seq"].as_u64().expect("a number")
    }
}

/// A problem is JSON that says its own status. Returns what it is about.
#[track_caller]
pub(crate) fn is_problem(reply: &Reply, status: u16) -> String {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("Content-Type"), Some("application/problem+json"));
    assert_eq!(reply.json()["status"], status);
    reply.json()["detail"].as_str().expect("a detail").to_owned()
}
