//! The description of all calls, and whether they are as described.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Program, Socket, browser::Reply, program::start};

/// Calls for each operation, by its id: what is put into the path, what is behind it, and the body.
const CALLS: &[(&str, &str, &str, &str)] = &[
    ("get_healthz", "", "", ""),
    ("get_server_status", "", "", ""),
    ("get_metrics", "", "", ""),
    ("get_openapi_json", "", "", ""),
    ("post_clients_register", "", "", "{\"client_name\":\"again\",\"chat_room\":\"dev\"}"),
    ("post_clients_pause", "", "", ""),
    ("post_messages_send", "", "", "{\"message_data\":\"hi\",\"chat_room\":\"dev\"}"),
    ("post_messages_client_to_client", "", "", "{\"message_data\":\"hi\",\"target_client_id\":\"again\"}"),
    ("post_chatrooms", "", "", "{\"chat_room\":\"new\"}"),
    ("post_chatrooms_join", "", "", "{\"chat_room\":\"dev\"}"),
    ("get_chatrooms_list", "", "?list_type=ALL", ""),
    ("get_chatrooms_room_history", "dev", "?limit=5", ""),
    ("get_clients_events", "", "", ""),
    ("get_ws", "", "", ""),
    ("get_ws_client_id_chat_room", "", "", ""),
    ("get_files_token", "", "", ""),
    ("put_files_token", "", "", "x"),
    ("post_clients_close", "", "", ""),
];

/// Without a transfer, no file can be sent or received. How they are is tested where there is one.
const NOT_THERE: [&str; 2] = ["get_files_token", "put_files_token"];

#[test]
fn every_call_is_as_it_is_described() {
    let (_server, port) = start("", &[]);
    let described = Program::stranger(port).gets("/openapi.json").json();
    assert_eq!(described["openapi"], "3.1.0");
    let mut called = BTreeSet::new();
    for (path, operations) in described["paths"].as_object().expect("an object") {
        for (method, operation) in operations.as_object().expect("an object") {
            let id = operation["operationId"].as_str().expect("an id");
            let call = CALLS.iter().find(|(known, ..)| *known == id);
            let (_, place, query, body) = call.unwrap_or_else(|| panic!("{id} is not called"));
            let mut robot = Program::register(port, &format!("robot_{}", called.len()), "dev");
            let path =
                path.replace("{room}", place).replace("{client_id}", &robot.id).replace("{chat_room}", "dev");
            let path = path.replace("{token}", "none");
            let upgrade = Socket::request("");
            let upgrade = upgrade.split_once("127.0.0.1\r\n").expect("a host").1.trim_end();
            let headers = match *body {
                _ if id.starts_with("get_ws") => format!("{upgrade}\r\n"),
                "" => String::new(),
                body => format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()),
            };
            let reply = robot.asks(&format!("{} {path}{query}", method.to_uppercase()), &headers, body);
            if NOT_THERE.contains(&id) {
                assert_eq!(reply.status, 404, "{id}: {reply:?}");
                assert!(operation["responses"]["404"].is_object(), "{id}");
            } else {
                is_described(&reply, &operation["responses"], id);
            }
            called.insert(id);
        }
    }
    assert_eq!(called.len(), CALLS.len());
}

/// A reply has a status and a media type that are described, and the members that it must have.
#[track_caller]
fn is_described(reply: &Reply, responses: &Value, id: &str) {
    assert!((101..300).contains(&reply.status), "{id}: {reply:?}");
    let response = &responses[reply.status.to_string()];
    assert!(response.is_object(), "{id}: {} is not described", reply.status);
    let Some(content) = response.get("content") else { return assert_eq!(reply.body, "", "{id}") };
    let media = reply.header("Content-Type").expect("a media type");
    let schema = &content[media]["schema"];
    assert!(schema.is_object(), "{id}: {media} is not described");
    if media == "application/json" {
        for name in schema["required"].as_array().into_iter().flatten() {
            let (name, body) = (name.as_str().expect("a name"), reply.json());
            assert!(!body[name].is_null(), "{id}: {name} is missing");
            let is_right = match schema["properties"][name]["type"].as_str() {
                Some("string") => body[name].is_string(),
                Some("integer") => body[name].is_u64(),
                Some("array") => body[name].is_array(),
                Some("object") => body[name].is_object(),
                _ => true,
            };
            assert!(is_right, "{id}: {name} is {}", body[name]);
        }
    }
}

#[test]
fn the_description_is_whole() {
    let (_server, port) = start("", &[]);
    let described = Program::stranger(port).gets("/openapi.json").json();
    for key in ["info", "paths", "components"] {
        assert!(described[key].is_object(), "{key}");
    }
    let mut references = Vec::new();
    collect(&described, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a reference within the description");
        assert!(described.pointer(pointer).is_some(), "{reference}");
    }
    let register =
        &described["paths"]["/clients/register"]["post"]["requestBody"]["content"]["application/json"];
    assert_eq!(register["schema"]["required"], json!(["client_name", "chat_room"]));
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
