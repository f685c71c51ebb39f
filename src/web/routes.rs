//! The table of routes, from which follows what a path can do, what a request must have, and how that is described.

use super::{
    House, Origins,
    attending::{self, Attending},
    call::{Call, Caller},
    events::{self, Hearing},
    fields::{self, CHAT_ROOM, Field, Kind},
    files, metrics, openapi, page, rest, status, websocket,
};
use crate::{
    http::{Method, Problem, Request, Response, Status, decoded},
    names::Peer,
    registry::state::Claim,
    wire::{Terms, Wire},
};

/// One thing that can be asked. What is left out of a row is as in [`PLAIN`].
pub(super) struct Route {
    pub(super) method: Method,
    /// Names in braces stand for a part of the path.
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    /// What the body has. It is an object, or there is none.
    pub(super) body: &'static [Field],
    /// The media type of a body of any size, which is read piece by piece; empty if there is none.
    pub(super) takes: &'static str,
    /// What can stand behind the `?`.
    pub(super) query: &'static [Field],
    /// What a request gets that is carried out.
    pub(super) gives: Gives,
    /// What else it can get, besides what follows from the rest of the row.
    pub(super) refuses: &'static [Status],
    pub(super) answer: By,
}

/// What a request gets that is carried out.
pub(super) struct Gives {
    pub(super) status: Status,
    pub(super) media: &'static str,
    /// The members of an object, if it is one.
    pub(super) fields: &'static [Field],
}

/// Who may ask, and what answers.
#[derive(Clone, Copy)]
pub(super) enum By {
    Anyone(fn(&Call<'_>) -> Result<Answer, Problem>),
    /// A client of the chat, which shows its token.
    Client(fn(&Call<'_>, &Caller) -> Result<Answer, Problem>),
}

/// A response, and how the connection goes on.
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) then: Then,
}

/// How a connection goes on.
pub(super) enum Then {
    /// With the next request.
    Ask,
    /// With another protocol.
    Speak(&'static Wire),
    /// With what a client hears.
    Hear(Hearing),
    /// As one side of a transfer, which answers the request. The response only lends its headers.
    Carry(Claim),
    /// With the WebSocket of a client that has registered.
    Attend(Attending),
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self { response, then: Then::Ask }
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        Response::from(problem).into()
    }
}

/// What a row has that says nothing else.
pub(super) const PLAIN: Route = Route {
    method: Method::Get,
    path: "",
    summary: "",
    body: &[],
    takes: "",
    query: &[],
    gives: Gives { status: Status::Ok, media: "application/json", fields: &[] },
    refuses: &[],
    answer: By::Anyone(|_| Ok(Response::empty(Status::NoContent).into())),
};

const NOTHING: Gives = Gives { status: Status::NoContent, media: "", fields: &[] };

/// The media type of any file.
const FILE: &str = "application/octet-stream";

const MESSAGE: Field = Field::needed("message_data", Kind::Text, "What is said: one line.");

/// All of them. `HEAD` goes where `GET` goes, and `OPTIONS` goes everywhere.
pub(super) static ROUTES: &[Route] = &[
    // It stands for all files of the page.
    Route {
        path: "/",
        summary: "Show the page of the chat.",
        gives: Gives { media: page::HTML, ..PLAIN.gives },
        answer: By::Anyone(|call| Ok(page::show(call.request).into())),
        ..PLAIN
    },
    Route {
        path: "/healthz",
        summary: "Say that the server is alive.",
        gives: Gives { media: "text/plain; charset=utf-8", ..PLAIN.gives },
        answer: By::Anyone(|_| Ok(status::health().into())),
        ..PLAIN
    },
    Route {
        path: "/metrics",
        summary: "Show what the server counts, in the text format of Prometheus.",
        gives: Gives { media: "text/plain; version=0.0.4; charset=utf-8", ..PLAIN.gives },
        answer: By::Anyone(|call| Ok(metrics::report(call.house).into())),
        ..PLAIN
    },
    Route {
        path: "/server/status",
        summary: "Show the server's limits and doors, and how many clients are where.",
        gives: Gives { fields: fields::STATUS, ..PLAIN.gives },
        answer: By::Anyone(|call| Ok(status::report(call.house).into())),
        ..PLAIN
    },
    Route {
        path: "/openapi.json",
        summary: "Describe all calls, as you read it here.",
        answer: By::Anyone(|_| Ok(openapi::describe().into())),
        ..PLAIN
    },
    Route {
        path: "/ws",
        summary: "Change to WebSocket. The subprotocol is chat.json or chat.text.",
        gives: Gives { status: Status::SwitchingProtocols, media: "", fields: &[] },
        refuses: &[Status::BadRequest, Status::UpgradeRequired],
        answer: By::Anyone(websocket::open),
        ..PLAIN
    },
    Route {
        path: "/ws/{client_id}/{chat_room}",
        summary: "Change to WebSocket: SEND TEXT says something, QUIT closes, and what is heard are lines.",
        query: &[Field::free(
            "token",
            Kind::Secret,
            "The token, for browsers, which cannot set headers here.",
        )],
        gives: Gives { status: Status::SwitchingProtocols, media: "", fields: &[] },
        refuses: &[Status::NotFound, Status::UpgradeRequired, Status::TooManyRequests],
        answer: By::Client(attending::open),
        ..PLAIN
    },
    Route {
        method: Method::Post,
        path: "/clients/register",
        summary: "Come into the chat, and get a token for all other calls.",
        body: &[
            Field::needed("client_name", Kind::Nick, "The nickname."),
            Field::needed("chat_room", Kind::Room, "The room. It is created if it does not exist."),
        ],
        gives: Gives { status: Status::Created, fields: fields::REGISTERED, ..PLAIN.gives },
        refuses: &[Status::Conflict, Status::TooManyRequests, Status::ServiceUnavailable],
        answer: By::Anyone(rest::register),
        ..PLAIN
    },
    Route {
        path: "/clients/events",
        summary: "Hear what the client hears, as server-sent events. Last-Event-ID goes on where a stream ended.",
        gives: Gives { media: events::MEDIA, ..PLAIN.gives },
        answer: By::Client(events::open),
        ..PLAIN
    },
    Route {
        method: Method::Post,
        path: "/clients/pause",
        summary: "Hear nothing more until the client says something.",
        gives: NOTHING,
        answer: By::Client(rest::pause),
        ..PLAIN
    },
    Route {
        method: Method::Post,
        path: "/clients/close",
        summary: "Leave the chat.",
        gives: NOTHING,
        answer: By::Client(rest::close),
        ..PLAIN
    },
    Route {
        method: Method::Post,
        path: "/messages/send",
        summary: "Say something in the room where the client is.",
        body: &[MESSAGE, CHAT_ROOM],
        gives: Gives { status: Status::Accepted, fields: fields::SENT, ..PLAIN.gives },
        refuses: &[Status::Conflict, Status::TooManyRequests],
        answer: By::Client(rest::send),
        ..PLAIN
    },
    Route {
        method: Method::Post,
        path: "/messages/client-to-client",
        summary: "Whisper to another client.",
        body: &[
            MESSAGE,
            Field::needed(
                "target_client_id",
                Kind::Target,
                "The id of a client, or the nickname of any user.",
            ),
        ],
        gives: Gives { status: Status::Accepted, fields: fields::WHISPERED, ..PLAIN.gives },
        refuses: &[Status::NotFound, Status::TooManyRequests],
        answer: By::Client(rest::whisper),
        ..PLAIN
    },
    Route {
        method: Method::Post,
        path: "/chatrooms",
        summary: "Create a room, and go there.",
        body: &[CHAT_ROOM],
        gives: Gives { status: Status::Created, fields: fields::ROOM, ..PLAIN.gives },
        refuses: &[Status::Conflict, Status::TooManyRequests],
        answer: By::Client(rest::create),
        ..PLAIN
    },
    Route {
        method: Method::Post,
        path: "/chatrooms/join",
        summary: "Go to a room that exists.",
        body: &[CHAT_ROOM],
        gives: Gives { fields: fields::ROOM, ..PLAIN.gives },
        refuses: &[Status::NotFound, Status::TooManyRequests],
        answer: By::Client(rest::join),
        ..PLAIN
    },
    Route {
        path: "/chatrooms/list",
        summary: "List rooms, with or without the clients in them.",
        query: fields::LIST,
        gives: Gives { fields: fields::ROOMS, ..PLAIN.gives },
        refuses: &[Status::NotFound],
        answer: By::Client(rest::list),
        ..PLAIN
    },
    Route {
        path: "/chatrooms/{room}/history",
        summary: "Show what was said in a room, oldest first.",
        query: fields::PAGE,
        gives: Gives { fields: fields::HISTORY, ..PLAIN.gives },
        refuses: &[Status::NotFound],
        answer: By::Client(rest::history),
        ..PLAIN
    },
    Route {
        path: "/files/{token}",
        summary: "Receive a file that you have accepted.",
        gives: Gives { media: FILE, ..PLAIN.gives },
        refuses: &[Status::NotFound, Status::RequestTimeout, Status::Conflict, Status::ServiceUnavailable],
        answer: By::Anyone(files::get),
        ..PLAIN
    },
    Route {
        method: Method::Put,
        path: "/files/{token}",
        summary: "Send a file that you have offered, when it is accepted.",
        takes: FILE,
        gives: NOTHING,
        refuses: &[
            Status::BadRequest,
            Status::NotFound,
            Status::RequestTimeout,
            Status::Conflict,
            Status::LengthRequired,
            Status::ServiceUnavailable,
        ],
        answer: By::Anyone(files::put),
        ..PLAIN
    },
];

/// Whether the body of a request is read piece by piece.
pub(super) fn is_upload(request: &Request) -> bool {
    at(&request.path).any(|(route, _)| route.method == request.method && !route.takes.is_empty())
}

/// What a request is answered.
pub(super) fn answer(house: &House<'_>, terms: &Terms, peer: Peer, request: &Request) -> Answer {
    let origins = Origins { house, peer, request };
    let answer = origins.check().and_then(|()| find_and_answer(house, terms, peer, request));
    let mut answer = answer.unwrap_or_else(Answer::from);
    origins.allow(&mut answer.response);
    answer
}

fn find_and_answer(
    house: &House<'_>,
    terms: &Terms,
    peer: Peer,
    request: &Request,
) -> Result<Answer, Problem> {
    let allowed = allowed(&request.path)
        .ok_or_else(|| Problem::new(Status::NotFound, "There is nothing at this path."))?;
    if request.method == Method::Options {
        return Ok(Response::empty(Status::NoContent).with("Allow", allowed).into());
    }
    let route = at(&request.path).find(|(route, _)| serves(route, request.method));
    let (route, parts) = route.ok_or_else(|| {
        let detail = format!("{} does nothing here. Use one of: {allowed}.", request.method);
        Problem::new(Status::MethodNotAllowed, detail).with("Allow", &allowed[..])
    })?;
    Call::new(house, terms, peer, request).answer(route, &parts)
}

/// The routes of a path, and the parts of the path that their names in braces stand for. The rest is compared as it
/// was sent, so `/./healthz` and `/%68ealthz` are other paths.
fn at(path: &str) -> impl Iterator<Item = (&'static Route, Vec<String>)> {
    let path = if page::has(path) { "/" } else { path };
    ROUTES.iter().filter_map(move |route| Some((route, parts(route.path, path)?)))
}

fn parts(pattern: &str, path: &str) -> Option<Vec<String>> {
    let (mut parts, mut path) = (Vec::new(), if path == "*" { pattern } else { path }.split('/'));
    for expected in pattern.split('/') {
        let part = path.next()?;
        if expected.starts_with('{') {
            parts.push(decoded(part).filter(|part| !part.is_empty())?);
        } else if part != expected {
            return None;
        }
    }
    path.next().is_none().then_some(parts)
}

fn serves(route: &Route, method: Method) -> bool {
    route.method == if method == Method::Head { Method::Get } else { method }
}

/// The methods of a path; `None` if there is nothing at it.
fn allowed(path: &str) -> Option<String> {
    at(path).next()?;
    let is_allowed =
        |method: &Method| *method == Method::Options || at(path).any(|(route, _)| serves(route, *method));
    let names: Vec<_> =
        Method::ALL.iter().filter(|method| is_allowed(method)).map(|method| method.name()).collect();
    Some(names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_follows_from_the_table() {
        assert_eq!(allowed("/healthz").as_deref(), Some("GET, HEAD, OPTIONS"));
        assert_eq!(allowed("/chatrooms").as_deref(), Some("POST, OPTIONS"));
        assert_eq!(allowed("*").as_deref(), Some("GET, HEAD, POST, PUT, OPTIONS"));
        assert_eq!(allowed("/files/x").as_deref(), Some("GET, HEAD, PUT, OPTIONS"));
        assert_eq!(allowed("/main.js"), allowed("/"));
        for path in ["/files", "/files/", "/files//", "/files/x/", "/files/x/y", "/x/files/y", "files/x"] {
            assert_eq!(allowed(path), None, "{path}");
        }
        for path in [
            "",
            "/nothing",
            "/page",
            "/../main.js",
            "/healthz/",
            "//healthz",
            "/./healthz",
            "/%68ealthz",
            "/HEALTHZ",
        ] {
            assert_eq!(allowed(path), None, "{path}");
        }
    }

    #[test]
    fn a_name_in_braces_stands_for_one_part_of_a_path() {
        let room = |path| parts("/chatrooms/{room}/history", path);
        assert_eq!(room("/chatrooms/%23dev/history"), Some(vec!["#dev".to_owned()]));
        for path in
            ["/chatrooms//history", "/chatrooms/a/b/history", "/chatrooms/a", "/chatrooms/%ff/history"]
        {
            assert_eq!(room(path), None, "{path}");
        }
    }
}
