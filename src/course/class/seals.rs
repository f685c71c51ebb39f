//! The kinds of failure of a client that seals whispers.

use super::{Class, classes};

classes! {
    NO_SEAL "no-seal"
    "What the client sent is not the message of the seal that was due."
    "The page of the step lists the messages and what is in them. Common reasons: the data is in hexadecimal or
in the other alphabet of Base64, which has + and / and ends with =; the hash is of the key in text, and not
of its 32 bytes; the label before the key is missing; a second hail is sent instead of the answer to a first."

    WORDS_DIFFER "words-differ"
    "The six words are not on the screen. The user cannot compare what is not shown, or what is different without an attack."
    "Both sides must see the same things in the same order: the name of the user who asked, then the other; the
key of the user who asked, then the other. Names are in lower case. Compare what you give to HKDF, byte by
byte, with the page: the label is the salt, and the beginning of each info. One byte more, and all words
are different."

    IN_THE_CLEAR "in-the-clear"
    "A whisper to a user with a seal was sent unsealed. The server has read it, and nothing takes it back."
    "Decide in one place, just before a whisper is sent: no seal, then in the clear; a seal that is ready, then
sealed; anything else, then not at all, and the user is told. A seal in preparation is 'anything else', and so
is a seal whose key has changed. All ways to whisper must pass that place, /w and /reply, too."

    NOT_OPENED "not-opened"
    "The other client cannot open the whisper, or finds another text in it."
    "Is the key of the right direction used? The user who asked seals with one, the other user with the other.
Is the number the nonce, in its last 8 bytes with the highest byte first? Is the number in front of the
ciphertext the same? A long text is cut into bytes, which may cut a character: join the bytes of all parts
first, and only then make text of them."

    SHOWN_ANYWAY "shown-anyway"
    "A whisper is shown that was repeated, changed, too late, or came from the wrong side."
    "The cipher notices a changed part, if you look at its result and drop the text when it fails. It does not
notice a part that comes twice: both are genuine. Remember the number of the last part that was opened,
and refuse all that are not higher. And two directions need two keys: with one key, the server can send a
user's own whispers back as those of the other."

    KEY_BELIEVED "key-believed"
    "Another key came, and the client went on as if nothing had happened."
    "Perhaps the other user has started the client again. Perhaps the server has put itself in between. A program
cannot tell these apart, so it must not decide: show a WARNING, send nothing to that user, sealed or unsealed,
and wait until the user decides with /seal or /unseal."
}
