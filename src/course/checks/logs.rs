//! Checks a server's log: plays a conversation, stops the server, and reads what it wrote.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use rustix::process::Signal;

use crate::course::{
    class,
    conversation::{Pattern, escaped},
    failure::Failure,
    stage::{Outcome, Stage},
    verdict::visible,
};

/// The names and texts that the log must contain, or must not.
#[derive(Debug)]
struct Happened {
    /// The client that speaks, whispers and tries to forge a line.
    alice: String,
    /// The receiver of the whisper, before it changes its name.
    bob: String,
    /// The receiver's second name, under which it leaves without speaking.
    carol: String,
    said: String,
    said_last: String,
    whispered: String,
    password: String,
    /// A word of the line that alice tries to forge.
    forged: String,
}

pub(super) fn log(stage: &mut Stage<'_>, folder: &Path) -> Outcome {
    let [alice, bob, carol] = stage.names();
    let (said, said_last) =
        (stage.seed.text("has anybody seen my key"), stage.seed.text("good night to you"));
    let mut token = || stage.seed.token();
    let (whispered, password, forged) = (token(), token(), token());
    let happened = Happened { alice, bob, carol, said, said_last, whispered, password, forged };
    happens(stage, &happened)?;
    stage.is_signalled(Signal::TERM);
    stage.ends_well()?;
    judge(&read(folder), &happened)?;
    are_private(folder)
}

fn happens(stage: &mut Stage<'_>, happened: &Happened) -> Outcome {
    let Happened { alice, bob, carol, .. } = happened;
    stage.enter_all(&[alice.clone(), bob.clone()])?;
    stage.says(alice, &happened.said);
    hears(stage, bob, &format!("[lobby] {alice}: {}", happened.said))?;
    stage.says(alice, &format!("/whisper {bob} {}", happened.whispered));
    hears(stage, bob, &format!("[Whisper from {alice}]: {}", happened.whispered))?;
    stage.says(alice, &format!("/login {alice} {}", happened.password));
    let forged = &happened.forged;
    stage.remark(&format!("({alice} says a line that contains \\r, \\x1B, U+0085, U+2028 and {forged})"));
    let line = format!("x\r\u{1b}[2K\u{85}\u{2028}2026-03-01T09:31:00Z INFO {forged}\n");
    stage.sends_bytes(alice, line.as_bytes());
    stage.skips_lines(alice, &[])?;
    stage.skips_lines(bob, &[])?;
    stage.says(bob, &format!("/nick {carol}"));
    hears(stage, alice, &format!("{bob} is now known as {carol}."))?;
    stage.closes(bob);
    hears(stage, alice, &format!("{carol} has left the chat."))?;
    stage.says(alice, &happened.said_last);
    hears(stage, alice, &format!("[lobby] {alice}: {}", happened.said_last))
}

/// Expects a line and ignores others before it, which other steps check.
fn hears(stage: &mut Stage<'_>, who: &str, line: &str) -> Outcome {
    let due = Pattern::exactly(line);
    stage.hears_at_last(who, &due)?;
    stage.transcript.add(who, "<", line);
    Ok(())
}

/// All log files, in the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    files.sort();
    files
}

/// The contents of all log files.
fn read(folder: &Path) -> String {
    let texts = files(folder).into_iter().filter_map(|path| fs::read(path).ok());
    texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

/// Expects that only the owner of the log files may read or change them.
fn are_private(folder: &Path) -> Outcome {
    for path in files(folder) {
        let Ok(mode) = fs::metadata(&path).map(|metadata| metadata.permissions().mode() & 0o777) else {
            continue;
        };
        if mode & 0o066 != 0 {
            let expected = "a log file with mode 0600, so that only its owner can read it";
            return Err(Failure::new(&class::NOT_PRIVATE, expected, format!("mode {mode:04o}")));
        }
    }
    Ok(())
}

fn judge(log: &str, happened: &Happened) -> Outcome {
    if log.is_empty() {
        let expected = "a file NAME.log in the folder $CHAT_LOG_DIR that is not empty";
        return Err(Failure::new(&class::NOT_LOGGED, expected, "(nothing)"));
    }
    let Happened { alice, bob, carol, .. } = happened;
    let secrets = [(&happened.whispered, "the text of the whisper"), (&happened.password, "the password")];
    for (secret, what) in secrets {
        if let Some(line) = log.lines().find(|line| line.contains(secret)) {
            let expected = format!("no line with {what} ({secret})");
            return Err(Failure::new(&class::SECRET_LOGGED, expected, escaped(line.as_bytes())));
        }
    }
    nothing_is_forged(log, happened)?;
    // A line about a new name contains the old one, too.
    let comes = |line: &str| line.contains("guest_") && !line.contains(alice) && !line.contains(bob);
    if !log.lines().any(comes) {
        return Err(about("a line with only the name guest_… (who has connected)".to_owned(), log));
    }
    tells(log, &[alice, &happened.said], "a message and its sender")?;
    let renamed = tells(log, &[bob, carol], "a new nickname, with the old one")?;
    tells(&log[renamed..], &[carol], "who has left, under the new nickname")?;
    tells(log, &[alice, &happened.said_last], "the last message before the stop")
        .map_err(|failure| Failure { class: &class::NOT_FLUSHED, ..failure })?;
    Ok(())
}

/// Expects a line with all these words. Returns where it ends.
fn tells(log: &str, words: &[&str], what: &str) -> Result<usize, Failure> {
    let mut end = 0;
    for line in log.split_inclusive('\n') {
        end += line.len();
        if words.iter().all(|word| line.contains(word)) {
            return Ok(end);
        }
    }
    Err(about(format!("a line with {} ({what})", words.join(" and ")), log))
}

/// Expects no control characters inside the lines of the log, and the sender in the line with the forged word.
fn nothing_is_forged(log: &str, happened: &Happened) -> Outcome {
    let Happened { alice, forged, .. } = happened;
    for line in log.split_terminator('\n') {
        let expected = if line.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            "no control character, and no U+2028, inside a line of the log".to_owned()
        } else if line.split_once(forged).is_some_and(|(before, _)| !before.contains(alice)) {
            format!("the sender {alice} before {forged} in the same line")
        } else {
            continue;
        };
        return Err(Failure::new(&class::FORGED, expected, visible(line)));
    }
    Ok(())
}

/// The failure of a log that lacks a line. Shows the last line.
fn about(expected: String, log: &str) -> Failure {
    let last = log.lines().next_back().unwrap_or_default();
    let number = log.lines().count();
    Failure::new(&class::NOT_LOGGED, expected, format!("(no such line; the log has {number} lines)"))
        .note(format!("The last line of the log: {}", visible(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "T INFO connect nick=guest_1\nT INFO rename nick=guest_1 new=alice\n\
        T INFO message nick=alice text=\"my key\"\nT INFO whisper nick=alice to=bob\n\
        T INFO command nick=alice verb=/login\nT INFO message nick=alice text=\"x\\u{d} qforged\"\n\
        T INFO rename nick=bob new=carol\nT INFO disconnect nick=carol\n\
        T INFO message nick=alice text=\"good night\"\n";

    fn judged(log: &str) -> Option<&'static str> {
        let text = |text: &str| text.to_owned();
        let happened = Happened {
            alice: text("alice"),
            bob: text("bob"),
            carol: text("carol"),
            said: text("my key"),
            said_last: text("good night"),
            whispered: text("qwhispered"),
            password: text("qpassword"),
            forged: text("qforged"),
        };
        judge(log, &happened).err().map(|failure| failure.class.name)
    }

    #[test]
    fn a_complete_log_without_secrets_passes() {
        assert_eq!(judged(LOG), None);
    }

    #[test]
    fn each_mistake_in_a_log_has_its_class() {
        let check =
            |old: &str, new: &str, class| assert_eq!(judged(&LOG.replace(old, new)), class, "{new:?}");
        assert_eq!(judged(""), Some("not-logged"));
        for missing in ["text=\"my key\"", "connect nick=guest_1", "new=carol", "disconnect nick=carol"] {
            check(missing, "", Some("not-logged"));
        }
        check("to=bob", "to=bob text=qwhispered", Some("secret-logged"));
        check("verb=/login", "verb=\"/login alice qpassword\"", Some("secret-logged"));
        check("x\\u{d} qforged", "x\r qforged", Some("forged"));
        check("x\\u{d} qforged", "x\u{2028} qforged", Some("forged"));
        check("x\\u{d} qforged", "x\"\nT INFO qforged", Some("forged"));
        check("T INFO message nick=alice text=\"x\\u{d} qforged\"\n", "", None);
        check("good night", "good ni", Some("not-flushed"));
    }
}
