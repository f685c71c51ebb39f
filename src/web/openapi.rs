//! The description of all calls, made from the table of routes (`OpenAPI` 3.1).

use serde_json::{Map, Value, json};

use super::{
    fields::{Field, Kind},
    page,
    routes::{By, ROUTES, Route},
};
use crate::{
    http::{Response, Status},
    names::{Nick, Room},
};

/// The description, as a response.
pub(super) fn describe() -> Response {
    Response::json(Status::Ok, &description())
}

fn description() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    // The page is for people.
    for route in ROUTES.iter().filter(|route| route.gives.media != page::HTML) {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.name().to_ascii_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Chat",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Calls for programs. Each is made by a client of the chat, under the same rules as any other.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": problem()},
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "responses": responses(route),
    });
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path =
        in_path.map(|name| json!({"name": name, "in": "path", "required": true, "schema": part(name)}));
    let in_query = route.query.iter().map(|field| {
        let Field { name, kind, is_needed, about } = field;
        json!({"name": name, "in": "query", "required": is_needed, "description": about, "schema": kind.schema()})
    });
    let parameters: Vec<_> = in_path.chain(in_query).collect();
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if !route.body.is_empty() {
        operation["requestBody"] =
            json!({"required": true, "content": content("application/json", route.body)});
    }
    if !route.takes.is_empty() {
        operation["requestBody"] = json!({"required": true, "content": content(route.takes, &[])});
    }
    if let By::Client(_) = route.answer {
        operation["security"] = json!([{"token": []}]);
    }
    operation
}

/// Such as `post_messages_client_to_client`.
fn operation_id(route: &Route) -> String {
    let path = route.path.replace(['{', '}'], "").replace(['/', '-', '.'], "_");
    format!("{}{path}", route.method.name().to_ascii_lowercase())
}

fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    let gives = &route.gives;
    let mut success = json!({"description": gives.status.reason()});
    if !gives.media.is_empty() {
        success["content"] = content(gives.media, gives.fields);
    }
    responses.insert(gives.status.code().to_string(), success);
    for status in refusals(route) {
        let mut refused = json!({
            "description": status.reason(),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        });
        if let Some(header) = header(status) {
            refused["headers"] = json!({(header): {"schema": {"type": "string"}}});
        }
        responses.insert(status.code().to_string(), refused);
    }
    Value::Object(responses)
}

/// With which statuses a call can be refused.
fn refusals(route: &Route) -> Vec<Status> {
    let mut refusals = vec![Status::Forbidden];
    refusals.extend(route.refuses);
    if let By::Client(_) = route.answer {
        refusals.push(Status::Unauthorized);
    }
    if !route.query.is_empty() || !route.body.is_empty() {
        refusals.extend([Status::BadRequest, Status::Unprocessable]);
    }
    if !route.body.is_empty() {
        refusals.extend([Status::LengthRequired, Status::ContentTooLarge, Status::UnsupportedMedia]);
    }
    refusals
}

/// The header that comes with a refusal.
fn header(status: Status) -> Option<&'static str> {
    match status {
        Status::Unauthorized => Some("WWW-Authenticate"),
        Status::TooManyRequests => Some("Retry-After"),
        _ => None,
    }
}

fn content(media: &str, fields: &[Field]) -> Value {
    let schema = match (media, fields) {
        ("application/json", []) => json!({"type": "object"}),
        ("application/json", fields) => object(fields),
        _ => json!({"type": "string"}),
    };
    json!({(media): {"schema": schema}})
}

fn object(fields: &[Field]) -> Value {
    let described = |field: &Field| {
        let mut schema = field.kind.schema();
        schema["description"] = field.about.into();
        (field.name.to_owned(), schema)
    };
    let needed: Vec<_> = fields.iter().filter(|field| field.is_needed).map(|field| field.name).collect();
    json!({"type": "object", "required": needed, "properties": fields.iter().map(described).collect::<Map<_, _>>()})
}

/// A part of a path.
fn part(name: &str) -> Value {
    match name {
        "client_id" => Kind::Id.schema(),
        "token" => json!({"type": "string", "pattern": "^[0-9a-f]{32}$"}),
        _ => Kind::Room.schema(),
    }
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "Why a call is not carried out (RFC 9457).",
        "required": ["title", "status", "detail"],
        "properties": {
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
        },
    })
}

impl Kind {
    /// What it can be (JSON Schema, 2020-12).
    fn schema(self) -> Value {
        let name = |most: usize| format!("^[A-Za-z][A-Za-z0-9_-]{{0,{}}}$", most - 1);
        match self {
            Self::Nick => json!({"type": "string", "pattern": name(Nick::MAX)}),
            Self::Room => json!({"type": "string", "pattern": name(Room::MAX).replacen('^', "^#?", 1)}),
            // Something in it can be seen.
            Self::Text => {
                json!({"type": "string", "pattern": r"[^\s\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]"})
            }
            Self::Target => json!({"type": "string", "minLength": 1}),
            Self::Id => json!({"type": "string", "format": "uuid"}),
            Self::Secret => json!({"type": "string", "format": "password"}),
            Self::Number => json!({"type": "integer", "minimum": 0, "maximum": u64::MAX}),
            Self::UpTo(most) => json!({"type": "integer", "minimum": 1, "maximum": most}),
            Self::Choice(words) => json!({"type": "string", "enum": words}),
            Self::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Self::Counts => json!({"type": "object", "additionalProperties": {"type": "integer"}}),
            Self::Rooms => json!({"oneOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "object", "additionalProperties": {
                    "type": "object",
                    "required": ["clients", "client_count"],
                    "properties": {
                        "clients": {"type": "array", "items": {"type": "string"}},
                        "client_count": {"type": "integer"},
                    },
                }},
            ]}),
            Self::Messages => json!({"type": "array", "items": {
                "type": "object",
                "required": ["type", "room", "user", "text", "seq"],
                "properties": {
                    "type": {"const": "message"},
                    "room": {"type": "string"},
                    "user": {"type": "string"},
                    "text": {"type": "string"},
                    "event": {"const": "acted"},
                    "seq": {"type": "integer"},
                },
            }}),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_of_the_table_is_described_whole() {
        let description = description();
        assert_eq!(description["openapi"], "3.1.0");
        let mut ids = BTreeSet::new();
        // The page is for people.
        for route in ROUTES.iter().filter(|route| route.gives.media != page::HTML) {
            let operation = &description["paths"][route.path][route.method.name().to_ascii_lowercase()];
            assert!(ids.insert(operation["operationId"].as_str().expect("an id")), "{}", route.path);
            assert!(route.summary.ends_with('.'), "{}", route.path);
            let is_success = |code: &String| code.starts_with('2') || code == "101";
            let responses = operation["responses"].as_object().expect("an object");
            assert_eq!(responses.keys().filter(|code| is_success(code)).count(), 1, "{}", route.path);
            let names = operation["parameters"].as_array().into_iter().flatten();
            let in_path = names.filter(|parameter| parameter["in"] == "path").count();
            assert_eq!(in_path, route.path.matches('{').count(), "{}", route.path);
            let is_open = operation.get("security").is_none();
            assert_eq!(is_open, matches!(route.answer, By::Anyone(_)), "{}", route.path);
        }
    }
}
