//! Compares JSON objects by the keys that are expected.

use serde_json::{Deserializer, Map, Value};

use super::pattern::{contains, is_like};

/// How a line differs from the expected object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// It is not an object, for this reason.
    NoObject(String),
    /// Something follows the object on its line.
    More,
    /// A key is missing.
    Missing(String),
    /// A key has another value.
    Other {
        /// The key.
        key: String,
        /// The expected value, as JSON.
        expected: String,
        /// The value that came, as JSON.
        received: String,
        /// Whether the text that came still has escapes instead of characters.
        is_escaped: bool,
    },
}

/// The first difference between a line and an object. Keys that are not expected do not count. If `counting` is
/// given, only these parts of `text` count.
pub(super) fn difference(line: &str, due: &str, counting: Option<&[String]>) -> Option<Difference> {
    let due = match read(due) {
        Ok(due) => due,
        // A test reads every conversation, so this object comes from a check that is written in Rust.
        Err(difference) => return Some(difference),
    };
    let came = match read(line) {
        Ok(came) => came,
        Err(difference) => return Some(difference),
    };
    // The type says the most about a wrong object.
    let is_type = |(key, _): &(&String, &Value)| *key != "type";
    let mut due: Vec<_> = due.iter().collect();
    due.sort_by_key(is_type);
    due.into_iter().find_map(|(key, value)| {
        let Some(received) = came.get(key) else { return Some(Difference::Missing(key.clone())) };
        let is_right = match (value, received, counting) {
            (Value::String(due), Value::String(came), Some(counting)) if key == "text" => {
                contains(came, counting, due)
            }
            (Value::String(due), Value::String(came), _) => is_like(came, due),
            _ => value == received,
        };
        (!is_right).then(|| Difference::Other {
            key: key.clone(),
            expected: value.to_string(),
            received: received.to_string(),
            is_escaped: is_escaped(received, value),
        })
    })
}

/// The object on a line.
fn read(line: &str) -> Result<Map<String, Value>, Difference> {
    let mut objects = Deserializer::from_str(line).into_iter::<Value>();
    match objects.next() {
        Some(Ok(Value::Object(object))) if line[objects.byte_offset()..].trim().is_empty() => Ok(object),
        Some(Ok(Value::Object(_))) => Err(Difference::More),
        Some(Err(error)) => Err(Difference::NoObject(error.to_string())),
        _ => Err(Difference::NoObject("it is no object".to_owned())),
    }
}

/// The value of `text` in an object.
pub(super) fn text_of(object: &str) -> Result<Option<String>, String> {
    match read(object) {
        Ok(object) => Ok(object.get("text").and_then(Value::as_str).map(str::to_owned)),
        Err(Difference::NoObject(why)) => Err(why),
        Err(_) => Err("more than one object".to_owned()),
    }
}

/// Whether a text has the escapes of JSON where the expected one has characters.
fn is_escaped(received: &Value, due: &Value) -> bool {
    let (Value::String(came), Value::String(due)) = (received, due) else { return false };
    let decoded = serde_json::from_str::<String>(&format!("\"{came}\""));
    came.contains('\\') && decoded.is_ok_and(|decoded| is_like(&decoded, due))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(line: &str, due: &str) -> Option<Difference> {
        difference(line, due, None)
    }

    #[test]
    fn order_spaces_and_further_keys_do_not_count() {
        let due = r#"{"type":"message","text":"hi…"}"#;
        assert_eq!(between(r#"{ "seq": 3, "text": "hi \u00eb", "type": "message" }"#, due), None);
        let due = r#"{"users":["ann","bob"],"id":7}"#;
        assert_eq!(between(r#"{"id":7,"users":["ann","bob"]}"#, due), None);
        assert!(between(r#"{"id":7,"users":["bob","ann"]}"#, due).is_some());
    }

    #[test]
    fn the_first_difference_is_named() {
        let due = r#"{"text":"hi","type":"message"}"#;
        let missing = Difference::Missing("text".to_owned());
        assert_eq!(between(r#"{"type":"message"}"#, due), Some(missing));
        let Some(Difference::Other { key, expected, received, .. }) = between(r#"{"type":1}"#, due) else {
            panic!("the type differs")
        };
        assert_eq!([key, expected, received], ["type", "\"message\"", "1"]);
        assert_eq!(between(&due.repeat(2), due), Some(Difference::More));
        assert!(matches!(between("[lobby] ann: hi", due), Some(Difference::NoObject(_))));
    }

    #[test]
    fn escapes_that_were_not_decoded_are_noticed() {
        let is_escaped = |came: &str| {
            let found = between(came, r#"{"text":"\u00eb \"hi\""}"#);
            matches!(found, Some(Difference::Other { is_escaped: true, .. }))
        };
        assert!(is_escaped(r#"{"text":"\\u00eb \\\"hi\\\""}"#));
        assert!(!is_escaped(r#"{"text":"\\u00eb ho"}"#));
    }

    #[test]
    fn only_the_parts_that_count_are_compared_in_a_loose_text() {
        let due = r#"{"type":"system","text":"ann has joined the chat!"}"#;
        let counting = ["ann".to_owned(), "joined".to_owned()];
        assert_eq!(difference(r#"{"type":"system","text":"Ann joined."}"#, due, Some(&counting)), None);
        assert!(difference(r#"{"type":"error","text":"Ann joined."}"#, due, Some(&counting)).is_some());
    }
}
