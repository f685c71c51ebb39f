//! The command line of `chat_client`.

use clap::Parser;

use crate::client::{self, Options};

/// Chat from a terminal or a script.
///
/// On a terminal, the client offers line editing, a history, Tab completion, and it reconnects when the
/// connection is lost. On a pipe, it sends each line of its input and prints each line of the server.
#[derive(Debug, Parser)]
#[command(name = "chat_client", version)]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
}

impl Arguments {
    /// Runs the client.
    ///
    /// # Errors
    /// Any [`client::Error`].
    pub fn run(self) -> Result<(), client::Error> {
        client::run(&self.options)
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, error::ErrorKind};

    use super::*;

    #[track_caller]
    fn refused(arguments: &[&str]) -> String {
        let all = ["chat_client"].iter().chain(arguments);
        let error = Arguments::try_parse_from(all).expect_err("a usage error");
        assert_eq!(error.exit_code(), 2);
        assert_ne!(error.kind(), ErrorKind::DisplayHelp);
        error.to_string()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_nickname_that_the_server_would_refuse_is_a_usage_error() {
        assert!(refused(&["--nick", "guest_7"]).contains("this nickname is reserved"));
        assert!(refused(&["--nick", "Server"]).contains("this nickname is reserved"));
        assert!(refused(&["--nick", "a b"]).contains("starting with a letter"));
        assert!(refused(&["--room", "9"]).contains("starting with a letter"));
    }

    #[test]
    fn a_lone_dash_is_a_file_name() {
        let arguments = Arguments::try_parse_from(["chat_client", "-"]).expect("valid");
        assert_eq!(arguments.options.file, Some("-".into()));
    }
}
