//! Checks of sealed whispers. The grader is the server and also the user at the other end, with its own keys.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use self::cipher::{Asked, End, Half, hash};
use super::clients::welcome;
use crate::course::{class, failure::Failure, rehearsal::Rehearsal, stage::Outcome};

mod cipher;

/// The name of the client's user.
const ME: &str = "guest_1";

/// The longest text of a whisper, in bytes.
const WHISPER: usize = 1024;

pub(super) fn words(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    welcome(rehearsal)?;
    client_asks(rehearsal, "bob")?;
    grader_asks(rehearsal, "carol")?;
    Ok(())
}

pub(super) fn unreadable(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    welcome(rehearsal)?;
    let mut end = client_asks(rehearsal, "bob")?;
    let long = format!("{} 🦀", rehearsal.seed.text("a word and another, ").repeat(100));
    for text in [rehearsal.seed.text("meet me at the old bridge"), long] {
        rehearsal.types(&format!("/whisper bob {text}\r"));
        is_sealed(rehearsal, &end, &text)?;
        let answer = rehearsal.seed.text("understood and agreed");
        let part = end.seal(&answer);
        sends(rehearsal, "bob", "text", &part);
        rehearsal.shows_across(&class::NOT_SHOWN, &from_bob(&answer))?;
    }
    Ok(())
}

pub(super) fn untouched(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    welcome(rehearsal)?;
    let mut end = grader_asks(rehearsal, "bob")?;
    let texts: [String; 5] = std::array::from_fn(|_| rehearsal.seed.token());
    let [first, late, changed, mine, last] = &texts;
    let [first_part, late_part, mut changed_part] = [first, late, changed].map(|text| end.seal(text));
    let at = changed_part.len() - 20;
    changed_part[at] ^= 1;
    sends(rehearsal, "bob", "text", &first_part);
    rehearsal.shows_across(&class::NOT_SHOWN, &from_bob(first))?;
    sends(rehearsal, "bob", "text", &first_part);
    sends(rehearsal, "bob", "text", &changed_part);
    let whole = end.seal(last);
    sends(rehearsal, "bob", "text", &whole);
    rehearsal.shows_across(&class::NOT_SHOWN, &from_bob(last))?;
    // It was sealed before the one that is shown now.
    sends(rehearsal, "bob", "text", &late_part);
    // What the client has sealed is not from the other user.
    rehearsal.types(&format!("/whisper bob {mine}\r"));
    let mirrored = message(rehearsal, "bob", "text")?;
    sends(rehearsal, "bob", "text", &mirrored);
    let end_mark = rehearsal.seed.token();
    rehearsal.says(&format!("[lobby] carol: {end_mark}"));
    rehearsal.shows_across(&class::NOT_SHOWN, &end_mark)?;
    for (text, most, what) in [
        (first, 1, "a whisper that came twice is shown once"),
        (changed, 0, "a whisper that was changed is not shown"),
        (late, 0, "a whisper that came after a later one is not shown"),
        (mine, 0, "a whisper of the user's own, sent back by the server, is not shown as bob's"),
    ] {
        let times = rehearsal.times_shown(&from_bob(text));
        if times > most {
            let received = format!("{}, {times} times on the screen", from_bob(text));
            return Err(Failure::new(&class::SHOWN_ANYWAY, what, received));
        }
    }
    Ok(())
}

/// How the client shows a whisper.
fn from_bob(text: &str) -> String {
    format!("[Sealed whisper from bob]: {text}")
}

pub(super) fn other_key(rehearsal: &mut Rehearsal<'_>) -> Outcome {
    welcome(rehearsal)?;
    let end = client_asks(rehearsal, "bob")?;
    let half = Half::new();
    sends(rehearsal, "bob", "hail", &hash(&half.key));
    rehearsal.shows_across(&class::KEY_BELIEVED, "WARNING")?;
    let (secret, aloud) = (rehearsal.seed.token(), rehearsal.seed.text("still there"));
    rehearsal.types(&format!("/whisper bob {secret}\r{aloud}\r"));
    let line = rehearsal.hears_a_line("the message to the room, and no whisper before it", |line| {
        !line.starts_with('/') || line.starts_with("/whisper ")
    })?;
    if line.contains(&secret) {
        return Err(in_the_clear(&line));
    }
    if line != aloud {
        let expected = format!("{aloud}, and no whisper to bob before the user has decided");
        return Err(Failure::new(&class::KEY_BELIEVED, expected, line));
    }
    rehearsal.types("/seal bob\r");
    let key = message(rehearsal, "bob", "key")?;
    let new = completes(rehearsal, "bob", half, &key)?;
    let text = rehearsal.seed.text("is it you again");
    rehearsal.types(&format!("/whisper bob {text}\r"));
    debug_assert!(new.words != end.words, "the keys are new");
    is_sealed(rehearsal, &new, &text)
}

/// The user asks for a seal.
fn client_asks(rehearsal: &mut Rehearsal<'_>, peer: &str) -> Result<End, Failure> {
    rehearsal.types(&format!("/seal {peer}\r"));
    let announced = message(rehearsal, peer, "hail")?;
    let half = Half::new();
    sends(rehearsal, peer, "key", &half.key);
    let key = message(rehearsal, peer, "open")?;
    if hash(&key) != announced {
        let expected = "the key whose hash was in the hail";
        return Err(Failure::new(&class::NO_SEAL, expected, "another key, or another hash"));
    }
    let end = half.agree(&key, [ME, peer], Asked::ByClient).ok_or_else(no_key)?;
    rehearsal.shows_across(&class::WORDS_DIFFER, &end.words)?;
    Ok(end)
}

/// The other user asks for a seal.
fn grader_asks(rehearsal: &mut Rehearsal<'_>, peer: &str) -> Result<End, Failure> {
    let half = Half::new();
    sends(rehearsal, peer, "hail", &hash(&half.key));
    let key = message(rehearsal, peer, "key")?;
    completes(rehearsal, peer, half, &key)
}

/// Shows the grader's key, and expects the words.
fn completes(rehearsal: &mut Rehearsal<'_>, peer: &str, half: Half, key: &[u8]) -> Result<End, Failure> {
    sends(rehearsal, peer, "open", &half.key);
    let end = half.agree(key, [peer, ME], Asked::ByGrader).ok_or_else(no_key)?;
    rehearsal.shows_across(&class::WORDS_DIFFER, &end.words)?;
    Ok(end)
}

/// Expects a sealed text in one or several parts.
fn is_sealed(rehearsal: &mut Rehearsal<'_>, end: &End, text: &str) -> Outcome {
    let (mut joined, mut next) = (Vec::new(), None);
    loop {
        let part = message(rehearsal, "bob", "text")?;
        let opened = end.open(&part).ok_or_else(|| {
            Failure::new(&class::NOT_OPENED, "a part that the keys of this seal open", "it does not open")
        })?;
        if next.is_some_and(|next| next != opened.number) || opened.is_first != joined.is_empty() {
            let received = format!("part number {}", opened.number);
            return Err(Failure::new(
                &class::NOT_OPENED,
                "the parts of a text one after the other",
                received,
            ));
        }
        joined.extend(opened.text);
        next = Some(opened.number + 1);
        if opened.is_last {
            let joined = String::from_utf8_lossy(&joined);
            let failed = || Failure::new(&class::NOT_OPENED, text, joined.as_ref());
            return if joined == text { Ok(()) } else { Err(failed()) };
        }
    }
}

/// The data of a message to this user, which must be of this kind.
fn message(rehearsal: &mut Rehearsal<'_>, to: &str, kind: &str) -> Result<Vec<u8>, Failure> {
    let expected = format!("/whisper {to} seal1 {kind} …");
    let line =
        rehearsal.hears_a_line(&expected, |line| !line.starts_with('/') || line.starts_with("/whisper "))?;
    let text = line.strip_prefix(&format!("/whisper {to} "));
    let whisper = text.ok_or_else(|| Failure::new(&class::NO_SEAL, &*expected, &*line))?;
    rehearsal.says(&format!("[Whisper to {to}]: {whisper}"));
    if whisper.len() > WHISPER {
        return Err(Failure::new(&class::NO_SEAL, format!("at most {WHISPER} bytes in a whisper"), line));
    }
    if kind == "text" && !whisper.starts_with("seal1 ") {
        return Err(in_the_clear(&line));
    }
    let mut words = whisper.strip_prefix("seal1 ").unwrap_or_default().split(' ');
    let data = (words.next() == Some(kind)).then(|| words.next()).flatten();
    let data = data.and_then(|data| URL_SAFE_NO_PAD.decode(data).ok());
    data.filter(|data| kind == "text" || data.len() == 32)
        .ok_or_else(|| Failure::new(&class::NO_SEAL, expected, line))
}

/// The other user's client sends a message.
fn sends(rehearsal: &mut Rehearsal<'_>, from: &str, kind: &str, data: &[u8]) {
    rehearsal.says(&format!("[Whisper from {from}]: seal1 {kind} {}", URL_SAFE_NO_PAD.encode(data)));
}

fn in_the_clear(line: &str) -> Failure {
    Failure::new(&class::IN_THE_CLEAR, "a sealed whisper, or nothing", line)
}

fn no_key() -> Failure {
    Failure::new(&class::NO_SEAL, "a public key of X25519", "a key that hides nothing")
}
