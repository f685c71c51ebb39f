//! One object that a client has sent.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

/// The members of an object in their order. It has so few that looking through them is quicker than sorting
/// them, and takes less of the stack, of which an idle client keeps each page that was reached.
pub(super) struct Object(Vec<(String, Value)>);

impl Object {
    /// The value of a member. Of members with the same name, the last one counts.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().rfind(|(other, _)| other == name).map(|(_, value)| value)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Object(members))
    }
}
