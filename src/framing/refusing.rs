//! The refusal of a client that speaks HTTP.

use super::Seal;
use crate::http::{Problem, Response, Status};

/// Makes a response of the sentence that says why a client is not let in.
#[derive(Clone, Copy, Debug)]
pub struct Refusing;

impl Seal for Refusing {
    fn seal(&mut self, units: &[u8]) -> Vec<Vec<u8>> {
        let why = String::from_utf8_lossy(units).trim_end().to_owned();
        vec![Response::from(Problem::new(Status::ServiceUnavailable, why)).to_bytes(true)]
    }
}
