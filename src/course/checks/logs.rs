//! What a server writes down: a conversation is played, the server is stopped, and its log is read.

use std::{fs, path::Path};

use crate::course::{
    class,
    conversation::{Pattern, Signal, escaped},
    failure::Failure,
    stage::{Judgement, Outcome, Stage},
};

/// What the log must tell, and what it must not.
#[derive(Debug)]
struct Happened {
    /// Who speaks, whispers and tries to forge.
    alice: String,
    /// Who is whispered to, and then has another name.
    bob: String,
    /// The other name; whoever has it leaves without having said a word.
    carol: String,
    said: String,
    said_last: String,
    whispered: String,
    password: String,
    /// A word of the line that alice would like to see in the log as one of its own.
    forged: String,
}

pub(super) fn log(stage: &mut Stage<'_>, folder: &Path) -> Outcome {
    let names = stage.names(3);
    let [alice, bob, carol] = names.try_into().expect("three were asked for");
    let (said, said_last) =
        (stage.seed.text("has anybody seen my key"), stage.seed.text("good night to you"));
    let mut token = || stage.seed.token();
    let (whispered, password, forged) = (token(), token(), token());
    let happened = Happened { alice, bob, carol, said, said_last, whispered, password, forged };
    happens(stage, &happened)?;
    stage.is_signalled(Signal::Terminate);
    stage.ends_well()?;
    judge(read(folder).as_deref(), &happened)
}

fn happens(stage: &mut Stage<'_>, happened: &Happened) -> Outcome {
    let Happened { alice, bob, carol, .. } = happened;
    stage.company(&[alice.clone(), bob.clone()])?;
    stage.says(alice, &happened.said);
    hears(stage, bob, &format!("[lobby] {alice}: {}", happened.said))?;
    stage.says(alice, &format!("/whisper {bob} {}", happened.whispered));
    hears(stage, bob, &format!("[Whisper from {alice}]: {}", happened.whispered))?;
    stage.says(alice, &format!("/login {alice} {}", happened.password));
    let forged = &happened.forged;
    stage.remark(&format!("({alice} says a line with \\r, \\x1B, U+0085 and U+2028 in it, and {forged})"));
    let line = format!("x\r\u{1b}[2K\u{85}\u{2028}2026-03-01T09:31:00Z INFO {forged}\n");
    stage.sends_quietly(alice, line.as_bytes());
    stage.lets_pass(alice, &[])?;
    stage.lets_pass(bob, &[])?;
    stage.says(bob, &format!("/nick {carol}"));
    hears(stage, alice, &format!("{bob} is now known as {carol}."))?;
    stage.closes(bob);
    hears(stage, alice, &format!("{carol} has left the chat."))?;
    stage.says(alice, &happened.said_last);
    hears(stage, alice, &format!("[lobby] {alice}: {}", happened.said_last))
}

/// Hears a line at last. That the chat says the right things and no more is checked by other steps.
fn hears(stage: &mut Stage<'_>, who: &str, line: &str) -> Outcome {
    let due = Pattern::exactly(line);
    stage.hears_out(who, &due, |line| if due.matches(line) { Judgement::Due } else { Judgement::Passing })?;
    stage.transcript.add(who, "<", line);
    Ok(())
}

/// All that is in the log's files, in the order of their names; `None` if there is none.
fn read(folder: &Path) -> Option<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    files.sort();
    let texts = files.iter().filter_map(|path| fs::read(path).ok());
    let text =
        texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).reduce(|all, next| all + &next);
    text.filter(|text| !text.is_empty())
}

fn judge(log: Option<&str>, happened: &Happened) -> Outcome {
    let Some(log) = log else {
        let expected = "a file NAME.log in the folder $CHAT_LOG_DIR, and something in it";
        return Err(Failure::new(&class::NOT_LOGGED, expected, "(nothing)"));
    };
    let Happened { alice, bob, carol, .. } = happened;
    is_secret(log, &happened.whispered, "the text of the whisper")?;
    is_secret(log, &happened.password, "the password")?;
    nothing_is_forged(log, happened)?;
    // Only the name that somebody is given on arrival; a line about a change of it has both.
    let comes = |line: &str| line.contains("guest_") && !line.contains(alice) && !line.contains(bob);
    if !log.lines().any(comes) {
        return Err(about("a line with guest_… alone (who comes, by the first name)".to_owned(), log));
    }
    let said = [alice.as_str(), &happened.said];
    tells(log, &said, "what is said, and by whom")?;
    let renamed = tells(log, &[bob, carol], "who is renamed, with both names")?;
    tells(&log[renamed..], &[carol], "who leaves, after the new name was taken")?;
    tells(log, &[alice, &happened.said_last], "what was said last, before the stop")
        .map(|_| ())
        .map_err(|failure| Failure { class: &class::NOT_FLUSHED, ..failure })
}

/// Some line has all these words in it; where it ends.
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

fn is_secret(log: &str, secret: &str, what: &str) -> Outcome {
    match log.lines().find(|line| line.contains(secret)) {
        None => Ok(()),
        Some(line) => {
            let expected = format!("no line with {what} ({secret})");
            Err(Failure::new(&class::SECRET_LOGGED, expected, escaped(line.as_bytes())))
        }
    }
}

/// Nothing in the log ends a line, or steers a terminal, but the ends of its own lines; and what was
/// said stands in a line that says by whom.
fn nothing_is_forged(log: &str, happened: &Happened) -> Outcome {
    let Happened { alice, forged, .. } = happened;
    for line in log.split_terminator('\n') {
        if line.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            let expected = "no control character, and no U+2028, inside a line of the log";
            return Err(Failure::new(&class::FORGED, expected, shown(line)));
        }
        if let Some((before, _)) = line.split_once(forged.as_str())
            && !before.contains(alice.as_str())
        {
            let expected = format!("before {forged}, in the same line, who said it: {alice}");
            return Err(Failure::new(&class::FORGED, expected, shown(line)));
        }
    }
    Ok(())
}

/// Something is missing; shows the end of the log.
fn about(expected: String, log: &str) -> Failure {
    let last = log.lines().next_back().unwrap_or_default();
    let number = log.lines().count();
    Failure::new(&class::NOT_LOGGED, expected, format!("(no such line among {number})"))
        .note(format!("The last line of the log: {}", shown(last)))
}

/// A line in which one can see what is in it.
fn shown(line: &str) -> String {
    let mut shown = String::new();
    for c in line.chars() {
        match c {
            '\u{2028}' | '\u{2029}' => shown.extend(c.escape_unicode()),
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
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
        judge((!log.is_empty()).then_some(log), &happened).err().map(|failure| failure.class.name)
    }

    #[test]
    fn a_log_that_tells_everything_and_no_secret_passes() {
        assert_eq!(judged(LOG), None);
    }

    #[test]
    fn a_wrong_log_fails_with_what_is_wrong() {
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
