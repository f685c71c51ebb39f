//! Messages that arrive in several frames.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value};

use super::fault::Fault;

/// The most messages of a client that may be incomplete at a time.
const MOST_OPEN: usize = 4;

/// The most chunks of a message. A message of 10 MiB in pieces of 8 KiB has 1280.
const MOST_CHUNKS: u64 = 4096;

/// The longest `chunk_id`, in bytes.
const LONGEST_ID: usize = 64;

/// What a chunk counts in addition to its content, in bytes. So a message of tiny chunks takes no more memory
/// than one of large chunks.
const COST: usize = 64;

/// A part of a message.
pub(super) struct Chunk<'a> {
    id: &'a Value,
    /// Its place in the message, from 0.
    index: u64,
    /// How many chunks the message has.
    total: u64,
    content: &'a [u8],
}

/// The messages that are incomplete, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Chunks(VecDeque<Incomplete>);

#[derive(Debug)]
struct Incomplete {
    id: Value,
    total: u64,
    /// How many chunks have come.
    count: u64,
    /// How many bytes its chunks count.
    held: usize,
    /// The chunks by their index; `None` if the message is too long. Then its chunks are dropped as they arrive.
    parts: Option<BTreeMap<u64, Box<[u8]>>>,
}

/// What follows from a chunk.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// Other chunks are missing.
    Part,
    /// The message is complete.
    Message(Vec<u8>),
    /// With this chunk, the message is too long. Its later chunks are only [`Added::Part`].
    TooLong,
}

impl Chunks {
    /// Adds a chunk, in any order.
    pub(super) fn add(&mut self, chunk: &Chunk<'_>, longest: usize) -> Result<Added, Fault> {
        let known = self.0.iter().position(|message| message.id == *chunk.id);
        let at = known.unwrap_or_else(|| {
            self.0.push_back(Incomplete::new(chunk));
            self.0.len() - 1
        });
        let held: usize = self.0.iter().map(|message| message.held).sum();
        let message = &mut self.0[at];
        let added = message.add(chunk, held, longest)?;
        if message.count < message.total {
            return Ok(added);
        }
        let parts = self.0.remove(at).and_then(|message| message.parts);
        Ok(parts.map_or(added, |parts| Added::Message(parts.into_values().collect::<Vec<_>>().concat())))
    }

    /// Drops the oldest message if this chunk begins one too many. Returns whether it dropped one.
    pub(super) fn make_room(&mut self, chunk: &Chunk<'_>) -> bool {
        let is_full = self.0.len() == MOST_OPEN && self.0.iter().all(|message| message.id != *chunk.id);
        is_full && self.0.pop_front().is_some()
    }
}

impl Incomplete {
    fn new(chunk: &Chunk<'_>) -> Self {
        let parts = Some(BTreeMap::new());
        Self { id: chunk.id.clone(), total: chunk.total, count: 0, held: 0, parts }
    }

    /// Keeps a chunk, unless all incomplete messages together would take too much. They hold `held` bytes now.
    fn add(&mut self, chunk: &Chunk<'_>, held: usize, longest: usize) -> Result<Added, Fault> {
        let has_it = self.parts.as_ref().is_some_and(|parts| parts.contains_key(&chunk.index));
        if self.total != chunk.total || has_it {
            return Err(Fault::Chunk);
        }
        self.count += 1;
        let Some(parts) = &mut self.parts else { return Ok(Added::Part) };
        let cost = COST + chunk.content.len();
        // Half of the bytes may be the cost of the chunks.
        if held + cost > 2 * longest {
            (self.parts, self.held) = (None, 0);
            return Ok(Added::TooLong);
        }
        parts.insert(chunk.index, chunk.content.into());
        self.held += cost;
        Ok(Added::Part)
    }
}

impl<'a> Chunk<'a> {
    /// Reads what the JSON header of a chunk says.
    pub(super) fn new(header: &'a Map<String, Value>, content: &'a [u8]) -> Result<Self, Fault> {
        let id = header.get("chunk_id").filter(|id| match id {
            Value::String(id) => id.len() <= LONGEST_ID,
            id => id.is_u64(),
        });
        let number = |key| header.get(key).and_then(Value::as_u64);
        match (id, number("index"), number("total")) {
            (Some(id), Some(index), Some(total)) if total <= MOST_CHUNKS && index < total => {
                Ok(Self { id, index, total, content })
            }
            _ => Err(Fault::Chunk),
        }
    }
}
