//! What a program is told about files.
//!
//! A program offers a file with `/offer <user> <size> <sha256> <name>` and takes one with `/take [id]`. Then it sends the
//! bytes with `PUT` to the path that it is told, or has them with `GET`; or it connects to the port that it is told, and
//! speaks the protocol of [`crate::file::way`].

use super::encode::Writer;
use crate::{
    event::transfers::{Cue, FileEvent, Outcome, Over, Ticket},
    file::Promise,
};

/// Adds what an event about a file is, and what a program wants to know of it.
pub(super) fn facts(out: &mut Writer<'_>, event: &FileEvent) {
    match event {
        FileEvent::Requested { from, label, id, .. } => {
            out.field("event", "file_requested");
            out.number("id", id);
            out.field("from", from);
            out.field("name", &label.name);
            out.number("size", label.size.0);
        }
        // A program is told of an end that means nothing to chat_client, too: it can take the question away.
        FileEvent::Over(Over { id, outcome, .. }) => {
            out.field("event", if *outcome == Outcome::Received { "file_arrived" } else { "file_failed" });
            out.number("id", id);
        }
        event => cue(out, event.cue()),
    }
}

fn cue(out: &mut Writer<'_>, cue: Option<Cue>) {
    match cue {
        Some(Cue::Offered { id, digest }) => {
            out.field("event", "file_offered");
            out.number("id", id);
            sha256(out, digest);
        }
        Some(Cue::NotOffered(digest)) => {
            out.field("event", "file_not_offered");
            sha256(out, digest);
        }
        Some(Cue::Send { id, ticket }) => {
            out.field("event", "file_send");
            out.number("id", id);
            connection(out, ticket);
        }
        Some(Cue::Receive { id, ticket, label, from }) => {
            out.field("event", "file_receive");
            out.number("id", id);
            connection(out, ticket);
            out.field("from", from);
            out.field("name", &label.name);
            out.number("size", label.size.0);
            sha256(out, label.digest);
        }
        Some(Cue::NotTaken) => out.field("event", "file_not_taken"),
        Some(Cue::Over { .. }) | None => {}
    }
}

/// Where to connect, and what to show there.
fn connection(out: &mut Writer<'_>, Ticket { port, token }: Ticket) {
    let token = token.reveal();
    out.number("port", port);
    out.field("token", &token);
    out.field("path", format_args!("/files/{token}"));
}

fn sha256(out: &mut Writer<'_>, Promise(digest): Promise) {
    match digest {
        Some(digest) => out.field("sha256", digest),
        None => out.number("sha256", "null"),
    }
}
