//! What the server says about itself.

use serde_json::{Map, Value, json};

use super::House;
use crate::http::{Response, Status};

/// It answers, so it is alive.
pub(super) fn health() -> Response {
    Response::new(Status::Ok, "text/plain; charset=utf-8", "ok\n")
}

/// Its limits, its doors, and how many clients are where.
pub(super) fn report(house: &House<'_>) -> Response {
    let census = house.registry.census();
    let rooms: Map<String, Value> =
        census.rooms.iter().map(|(room, members)| (room.to_string(), json!(members))).collect();
    let report = json!({
        "host": house.address.ip().to_string(),
        "port": house.address.port(),
        "client_count": census.clients,
        "max_clients": house.places.max(),
        "max_message_length": house.lines.text.min(house.lines.line),
        "uptime": house.started.elapsed().as_secs(),
        "wires": house.doors,
        "rooms": rooms,
    });
    Response::new(Status::Ok, "application/json", format!("{report}\n"))
}
