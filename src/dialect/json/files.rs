//! What programs are told about files.
//!
//! A program offers a file with `/offer <user> <size> <sha256> <name>` and takes one with `/take [id]`. Then it connects
//! to the port that it is told, and speaks the protocol of [`crate::file::way`].

use super::encode::Writer;
use crate::event::transfers::{Cue, FileEvent, Ticket};

/// Adds what an event about a file is, and what a program wants to know of it.
pub(super) fn facts(out: &mut Writer<'_>, event: &FileEvent) {
    if let FileEvent::Requested { from, label, id } = event {
        out.field("event", "file_requested");
        out.field("from", from);
        out.field("name", &label.name);
        out.number("size", label.size.0);
        if let Some(id) = id {
            out.number("id", id);
        }
    }
    match event.cue() {
        Some(Cue::Offered { id, digest }) => {
            out.field("event", "file_offered");
            out.number("id", id);
            out.field("sha256", digest);
        }
        Some(Cue::NotOffered(digest)) => {
            out.field("event", "file_not_offered");
            out.field("sha256", digest);
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
            out.field("sha256", label.digest);
        }
        Some(Cue::NotTaken) => out.field("event", "file_not_taken"),
        Some(Cue::Over { id, has_arrived }) => {
            out.field("event", if has_arrived { "file_arrived" } else { "file_failed" });
            out.number("id", id);
        }
        None => {}
    }
}

/// Where to connect, and what to show there.
fn connection(out: &mut Writer<'_>, Ticket { port, token }: Ticket) {
    out.number("port", port);
    out.field("token", token.reveal());
}
