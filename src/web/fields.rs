//! What calls have in their bodies and behind their `?`, and what they give: checked and described by the same rows.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use super::routes::Route;
use crate::http::{Problem, Request, Status};

/// A member of an object, or a parameter behind the `?`.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_needed: bool,
    pub(super) about: &'static str,
}

/// What a field can be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Nick,
    Room,
    Text,
    /// The id of a client, or a nickname.
    Target,
    /// The id of a client.
    Id,
    Secret,
    Number,
    /// A number from 1 up to this.
    UpTo(u64),
    Choice(&'static [&'static str]),
    Texts,
    /// A room's name, and how many clients are there.
    Counts,
    /// The names of rooms, or rooms with the clients in them.
    Rooms,
    /// What was said, as the JSON dialect says it.
    Messages,
}

impl Field {
    pub(super) const fn needed(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, is_needed: true, about }
    }

    pub(super) const fn free(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, is_needed: false, about }
    }
}

pub(super) const CHAT_ROOM: Field = Field::needed("chat_room", Kind::Room, "The room.");

pub(super) const CHAT_ROOMS: &str = "CHAT_ROOMS";
pub(super) const ALL: &str = "ALL";
pub(super) const CHAT_ROOM_AND_CLIENTS: &str = "CHAT_ROOM_AND_CLIENTS";
pub(super) const CLIENT_CHAT_ROOMS: &str = "CLIENT_CHAT_ROOMS";
pub(super) const CLIENTS_FOR_CHAT_ROOM: &str = "CLIENTS_FOR_CHAT_ROOM";
const LISTS: Kind =
    Kind::Choice(&[CHAT_ROOMS, ALL, CHAT_ROOM_AND_CLIENTS, CLIENT_CHAT_ROOMS, CLIENTS_FOR_CHAT_ROOM]);

/// The most lines of one page of history.
pub(super) const MOST_LINES: u64 = 1000;

pub(super) const LIST: &[Field] = &[
    Field::free("list_type", LISTS, "What is listed: CHAT_ROOMS, if nothing is said."),
    Field::free("chat_room", Kind::Room, "The room, for CLIENTS_FOR_CHAT_ROOM."),
];

pub(super) const PAGE: &[Field] = &[
    Field::free("before", Kind::Number, "Show only what has a smaller seq."),
    Field::free("limit", Kind::UpTo(MOST_LINES), "The most messages: 50, if nothing is said."),
];

pub(super) const STATUS: &[Field] = &[
    Field::needed("host", Kind::Text, "The address of the first door."),
    Field::needed("port", Kind::Number, "Its port."),
    Field::needed("client_count", Kind::Number, "How many clients are in the chat."),
    Field::needed("max_clients", Kind::Number, "How many there can be."),
    Field::needed("max_message_length", Kind::Number, "How long a message can be, in bytes."),
    Field::needed("uptime", Kind::Number, "For how many seconds the server runs."),
    Field::needed("wires", Kind::Texts, "All doors, as URLs."),
    Field::needed("rooms", Kind::Counts, "How many clients are in each room."),
];

pub(super) const REGISTERED: &[Field] = &[
    Field::needed("client_id", Kind::Id, "The client's id, which everyone may know."),
    Field::needed("token", Kind::Secret, "What shows that a call comes from this client. Keep it secret."),
    Field::needed("client_name", Kind::Nick, "The nickname."),
    CHAT_ROOM,
];

pub(super) const SENT: &[Field] =
    &[Field::needed("seq", Kind::Number, "The number of the message, as everyone sees it."), CHAT_ROOM];

pub(super) const WHISPERED: &[Field] = &[
    Field::needed("to", Kind::Nick, "The nickname of the target."),
    Field::free("notice", Kind::Text, "What the sender should know, such as that the target is away."),
];

pub(super) const ROOM: &[Field] = &[CHAT_ROOM];

pub(super) const ROOMS: &[Field] = &[
    Field::needed("chat_rooms", Kind::Rooms, "The rooms."),
    Field::free("more", Kind::Number, "How many rooms were left out."),
];

pub(super) const HISTORY: &[Field] =
    &[CHAT_ROOM, Field::needed("messages", Kind::Messages, "What was said, oldest first.")];

/// What a request has of the fields of its row.
#[derive(Default)]
pub(super) struct Fields(Vec<(&'static str, String)>);

impl Fields {
    /// Reads the body and what is behind the `?`. What the row does not know is ignored.
    pub(super) fn read(route: &'static Route, request: &Request) -> Result<Self, Problem> {
        let mut fields = Self::default();
        if !route.query.is_empty() {
            let parameters = request.parameters()?.into_iter();
            let parameters = parameters.map(|(name, value)| (name, Value::String(value))).collect();
            fields.take(route.query, parameters, "parameter")?;
        }
        if !route.body.is_empty() {
            fields.take(route.body, object(request)?, "field")?;
        }
        Ok(fields)
    }

    /// The value of a field; empty if it was left out.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// The value of a field that is a number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.text(name).parse().ok()
    }

    fn take(
        &mut self,
        fields: &'static [Field],
        mut given: Vec<(String, Value)>,
        what: &str,
    ) -> Result<(), Problem> {
        for Field { name, kind, is_needed, .. } in fields {
            let Some(at) = given.iter().position(|(known, _)| known == name) else {
                if *is_needed {
                    return Err(Problem::bad_request(format!("The {what} '{name}' is missing.")));
                }
                continue;
            };
            let Value::String(value) = given.swap_remove(at).1 else {
                return Err(Problem::bad_request(format!("The {what} '{name}' must be a string.")));
            };
            if given.iter().any(|(known, _)| known == name) {
                return Err(Problem::bad_request(format!("The {what} '{name}' comes twice.")));
            }
            kind.check(&value)
                .map_err(|rule| Problem::bad_request(format!("The {what} '{name}' must be {rule}.")))?;
            self.0.push((name, value));
        }
        Ok(())
    }
}

impl Kind {
    /// Checks what has no rule in the chat itself. If it is wrong, says what it must be.
    fn check(self, value: &str) -> Result<(), String> {
        let number = || value.parse::<u64>().ok().filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()));
        match self {
            Self::Number if number().is_none() => Err("a number".to_owned()),
            Self::UpTo(most) if number().is_none_or(|number| number == 0 || number > most) => {
                Err(format!("a number from 1 to {most}"))
            }
            Self::Choice(words) if !words.contains(&value) => Err(format!("one of: {}", words.join(", "))),
            _ => Ok(()),
        }
    }
}

/// The body of a request, which is one JSON object.
fn object(request: &Request) -> Result<Vec<(String, Value)>, Problem> {
    if !request.has_length {
        return Err(Problem::new(Status::LengthRequired, "Send a JSON object, with its Content-Length.")
            .with("Connection", "close"));
    }
    let media = request.header("content-type").and_then(|media| media.split(';').next()).unwrap_or_default();
    if !media.trim().eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(
            Status::UnsupportedMedia,
            "Send the body as 'Content-Type: application/json'.",
        ));
    }
    if str::from_utf8(&request.body).is_err() {
        return Err(Problem::bad_request("The body is not UTF-8."));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Object(members)) => Ok(members),
        Err(error) => Err(Problem::bad_request(format!("The body is not a JSON object: {error}."))),
    }
}

/// An object with all its members, also those that come twice.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_map(Members).map(Self)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}
