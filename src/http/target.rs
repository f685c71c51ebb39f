//! Reads what is percent-encoded in the target of a request.

use super::{Problem, Request};

/// A part of a path without its percent-encoding (RFC 3986 §2.1); `None` if it is malformed or not UTF-8.
pub fn decoded(part: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(part.len()), part.as_bytes());
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte == b'%' {
            let (digits, behind) = rest.split_at_checked(2)?;
            let digit =
                |at: usize| char::from(digits[at]).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            bytes.push(digit(0)? << 4 | digit(1)?);
            rest = behind;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

impl Request {
    /// The parameters behind the `?`, in which a plus sign is a space, as in forms.
    ///
    /// # Errors
    /// One of them is malformed, or comes twice.
    pub fn parameters(&self) -> Result<Vec<(String, String)>, Problem> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for pair in self.query.iter().flat_map(|query| query.split('&')).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let [name, value] = [name, value].map(|part| decoded(&part.replace('+', " ")));
            let (Some(name), Some(value)) = (name, value) else {
                return Err(Problem::bad_request("The percent-encoding behind the '?' is malformed."));
            };
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(Problem::bad_request(format!(
                    "The parameter '{}' comes twice.",
                    name.escape_debug()
                )));
            }
            parameters.push((name, value));
        }
        Ok(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_read_strictly() {
        assert_eq!(decoded("caf%C3%A9%20%2f+").as_deref(), Some("café /+"));
        for malformed in ["%", "%4", "%4x", "%+4", "%ff", "%é"] {
            assert_eq!(decoded(malformed), None, "{malformed}");
        }
    }
}
