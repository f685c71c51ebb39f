//! The calls of programs. Each is a command of a client of the chat, under the same rules as any other.

use serde_json::{Map, Value, json};

use super::{
    call::{Call, Caller, unknown_token},
    fields::{self, MOST_LINES},
    guests::Welcome,
    refusal,
    routes::Answer,
};
use crate::{
    command::{Among, Command, Mistake, Opening, Stretch, Verb, speech},
    dialect::{Dialect, Greeting, Scene, json},
    event::{
        Event, Listing,
        rooms::{RoomEvent, Roster},
    },
    http::{Problem, Response, Status},
    names::{Nick, Room},
    text::Text,
    wire,
};

/// How many lines of history are shown, unless the client says something else.
const USUAL_LINES: u64 = 50;

pub(super) fn register(call: &Call<'_>) -> Result<Answer, Problem> {
    let nick = Nick::new(call.fields.text("client_name")).map_err(|_| mistaken(Mistake::InvalidNick))?;
    let room = room(call.fields.text("chat_room"))?;
    let idle = call.terms.of(wire::HTTP).idle().expect("the row of HTTP has it");
    let greeting = Greeting { nick, room, dialect: Dialect::Json };
    let welcome = call.house.guests.register(call.peer, greeting, idle);
    let Welcome { id, token } = welcome.map_err(|why| refusal::problem(&why))?;
    let body = json!({
        "client_id": id.to_string(),
        "token": token,
        "client_name": nick.as_str(),
        "chat_room": room.as_str(),
    });
    Ok(Response::json(Status::Created, &body).into())
}

pub(super) fn send(call: &Call<'_>, caller: &Caller) -> Result<Answer, Problem> {
    let (text, room) = (message(call)?, room(call.fields.text("chat_room"))?);
    for event in ask_aloud(call, caller, Command::say(text).in_room(room))? {
        if let Event::Said(room, line) = event {
            let body = json!({"seq": line.seq, "chat_room": room.as_str()});
            return Ok(Response::json(Status::Accepted, &body).into());
        }
    }
    Err(unknown_token())
}

pub(super) fn whisper(call: &Call<'_>, caller: &Caller) -> Result<Answer, Problem> {
    let (text, target) = (message(call)?, call.fields.text("target_client_id"));
    let by_id = target.parse().ok().and_then(|id| call.house.guests.find(id));
    let command = match (by_id, Nick::new(target)) {
        (Some(guest), _) => Command::whisper_to(guest.client, text),
        (None, Ok(nick)) => Command::whisper(nick, text),
        (None, Err(_)) => return Err(refusal::problem(&RoomEvent::NoSuchClient.into())),
    };
    let (mut to, mut notice) = (None, None);
    for event in ask_aloud(call, caller, command)? {
        match event {
            Event::WhisperTo(nick, _) => to = Some(nick),
            Event::IsAway(..) => notice = Some(event.to_string()),
            _ => {}
        }
    }
    let mut body = Map::from_iter([("to".to_owned(), json!(to.ok_or_else(unknown_token)?.as_str()))]);
    body.extend(notice.map(|notice| ("notice".to_owned(), json!(notice))));
    Ok(Response::json(Status::Accepted, &Value::Object(body)).into())
}

pub(super) fn create(call: &Call<'_>, caller: &Caller) -> Result<Answer, Problem> {
    let room = go(call, caller, room(call.fields.text("chat_room"))?, Opening::New)?;
    Ok(Response::json(Status::Created, &json!({"chat_room": room.as_str()})).into())
}

pub(super) fn join(call: &Call<'_>, caller: &Caller) -> Result<Answer, Problem> {
    let room = go(call, caller, room(call.fields.text("chat_room"))?, Opening::Existing)?;
    Ok(Response::json(Status::Ok, &json!({"chat_room": room.as_str()})).into())
}

/// Goes to a room. To be there already is no mistake for a program.
pub(super) fn go(call: &Call<'_>, caller: &Caller, room: Room, opening: Opening) -> Result<Room, Problem> {
    let answers = call.house.guests.ask(&caller.guest, Command::join(room, opening));
    let there = answers.iter().find_map(|event| match event {
        Event::Joined(room) | Event::AlreadyJoined(room) => Some(*room),
        _ => None,
    });
    match there {
        Some(room) => Ok(room),
        None => succeeded(answers).and(Err(unknown_token())),
    }
}

pub(super) fn list(call: &Call<'_>, caller: &Caller) -> Result<Answer, Problem> {
    let named = Some(call.fields.text("chat_room")).filter(|name| !name.is_empty()).map(room).transpose()?;
    let command = match call.fields.text("list_type") {
        fields::CLIENT_CHAT_ROOMS => Command::list_members(Among::Own),
        fields::ALL | fields::CHAT_ROOM_AND_CLIENTS => Command::list_members(Among::All),
        fields::CLIENTS_FOR_CHAT_ROOM => {
            let named = named
                .ok_or_else(|| Problem::new(Status::BadRequest, "The parameter 'chat_room' is missing."))?;
            Command::list_members(Among::Room(named))
        }
        _ => Verb::find("rooms").expect("the table has it").command("", 0),
    };
    let (rooms, more) = match first(succeeded(call.house.guests.ask(&caller.guest, command))?)? {
        Event::Rooms(rooms) => (names(&rooms), rooms.more()),
        Event::Room(RoomEvent::Members(rosters)) => (members(&rosters), rosters.more()),
        other => return Err(refusal::problem(&other)),
    };
    let mut body = Map::from_iter([("chat_rooms".to_owned(), rooms)]);
    body.extend((more > 0).then(|| ("more".to_owned(), json!(more))));
    Ok(Response::json(Status::Ok, &Value::Object(body)).into())
}

fn names(rooms: &Listing<Room>) -> Value {
    rooms.names().iter().map(Room::as_str).collect()
}

fn members(rosters: &Listing<Roster>) -> Value {
    let clients = |roster: &Roster| -> Value {
        roster.members.names().iter().map(|member| member.nick.as_str()).collect()
    };
    let rooms = rosters.names().iter().map(|roster| {
        (roster.room.to_string(), json!({"clients": clients(roster), "client_count": roster.count()}))
    });
    Value::Object(rooms.collect())
}

pub(super) fn history(call: &Call<'_>, caller: &Caller) -> Result<Answer, Problem> {
    let before = call.fields.number("before").unwrap_or(u64::MAX);
    let most = call.fields.number("limit").unwrap_or(USUAL_LINES).min(MOST_LINES);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let stretch = Stretch { room: Some(room(&call.parts[0])?), after: 0, before, most };
    let shown = first(succeeded(call.house.guests.ask(&caller.guest, Command::show_stretch(stretch)))?)?;
    let Event::Room(RoomEvent::Stretch(room, lines, _)) = shown else { return Err(refusal::problem(&shown)) };
    // One object a line, and no newline within an object.
    let units = Dialect::Json.encoded(&Event::History(room, lines), &Scene::default());
    let messages = String::from_utf8_lossy(&units).trim_end().replace('\n', ",");
    let body = format!("{{\"chat_room\":\"{room}\",\"messages\":[{messages}]}}\n");
    Ok(Response::new(Status::Ok, "application/json", body).into())
}

#[expect(clippy::unnecessary_wraps, reason = "it is a row of the table")]
pub(super) fn pause(call: &Call<'_>, caller: &Caller) -> Result<Answer, Problem> {
    call.house.guests.pause(&caller.guest);
    Ok(Response::empty(Status::NoContent).into())
}

#[expect(clippy::unnecessary_wraps, reason = "it is a row of the table")]
pub(super) fn close(call: &Call<'_>, caller: &Caller) -> Result<Answer, Problem> {
    call.house.guests.quit(caller.id, &caller.guest);
    Ok(Response::empty(Status::NoContent).into())
}

/// Carries out a command that ends a pause.
fn ask_aloud(call: &Call<'_>, caller: &Caller, command: Command) -> Result<Vec<Event>, Problem> {
    call.house.guests.resume(&caller.guest);
    succeeded(call.house.guests.ask(&caller.guest, command))
}

/// The answers to a command, unless it was refused.
fn succeeded(answers: Vec<Event>) -> Result<Vec<Event>, Problem> {
    match answers.iter().find(|event| event.is_refusal()) {
        Some(why) => Err(refusal::problem(why)),
        None => Ok(answers),
    }
}

/// The only answer to a question. A client that has just left gets none.
fn first(answers: Vec<Event>) -> Result<Event, Problem> {
    answers.into_iter().next().ok_or_else(unknown_token)
}

fn message(call: &Call<'_>) -> Result<Text, Problem> {
    let limits = call.house.lines;
    let text = speech(&json::one_line(call.fields.text("message_data")), limits.text.min(limits.line));
    let nothing =
        || Problem::new(Status::Unprocessable, "The field 'message_data' has nothing that can be seen.");
    text.map_err(mistaken)?.ok_or_else(nothing)
}

pub(super) fn room(name: &str) -> Result<Room, Problem> {
    Room::new(name).map_err(|_| mistaken(Mistake::InvalidRoom))
}

fn mistaken(mistake: Mistake) -> Problem {
    refusal::problem(&Event::Mistaken(mistake))
}
