//! What a client says of itself when it is a bot.

use super::{Ask, Mistake, Typed};

/// The longest text with which a bot says what it does, in bytes.
const LONGEST_PURPOSE: usize = 200;

/// Shows others what the bot does.
pub(super) fn be_bot(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let max_text = typed.max_text.min(LONGEST_PURPOSE);
    Typed { max_text, ..*typed }.speech().map(Ask::BeBot)
}
