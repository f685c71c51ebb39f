//! Tests of diagnoses.

use super::*;

#[track_caller]
fn check(expected: &str, heard: Heard, evidence: impl FnOnce(&mut Evidence<'_>), class: &Class) -> Failure {
    let expected = Pattern::exactly(expected);
    let mut all = Evidence::new("alice", &expected, heard);
    evidence(&mut all);
    let failure = all.diagnose();
    assert_eq!(failure.class.name, class.name);
    failure
}

fn line(text: &str) -> Heard {
    Heard::Line(text.into())
}

#[test]
fn each_mistake_has_its_class() {
    let said = "[lobby] bob: hi there";
    let nothing = |_: &mut Evidence<'_>| {};
    check(said, Heard::Silence, nothing, &class::SILENT);
    check(said, Heard::End, nothing, &class::CLOSED);
    check(said, Heard::Reset, nothing, &class::RESET);
    check(said, Heard::Silence, |all| all.unread = said.into(), &class::NO_NEWLINE);
    check(said, Heard::End, |all| all.unread = said.into(), &class::NO_NEWLINE);
    let elsewhere = |all: &mut Evidence<'_>| all.elsewhere = Some("carol".into());
    check("[Whisper to bob]: hi", Heard::Silence, elsewhere, &class::WRONG_CLIENT);
    check(said, Heard::Silence, elsewhere, &class::MISSED);
    check(said, Heard::End, elsewhere, &class::CLOSED);
    check(said, line("[lobby] bob: hi there\r"), nothing, &class::EXTRA_BYTES);
    check(said, line("[lobby] bob: hi there\0\0"), nothing, &class::EXTRA_BYTES);
    check(said, line("[lobby] bob: hi there[lobby] bob: ho"), nothing, &class::GLUED);
    check(said, line("[Lobby] bob:  hi there!"), nothing, &class::NEARLY);
    check(said, line("[lobby] bob: hi th"), nothing, &class::CUT_SHORT);
    check(said, line("[lobby] bob: hi th\u{FFFD}re"), nothing, &class::MANGLED);
    for came in ["hi  there", "hi ???? there", "hi ? there", "hi ð\u{9f}¦\u{80} there"] {
        check("bob: hi 🦀 there", line(&format!("bob: {came}")), nothing, &class::MANGLED);
    }
    check(said, line("\0\0\0"), nothing, &class::EXTRA_BYTES);
    check(said, line("[lobby] bob: hi"), |all| all.later = vec!["[lobby] bob: there".into()], &class::SPLIT);
    check(
        said,
        line("[lobby] bob: hi"),
        |all| all.later = vec!["[lobby] bob:  the".into()],
        &class::CUT_SHORT,
    );
    check("Nickname 'x' is already taken.", line("Nickname changed to 'x'."), nothing, &class::ACCEPTED);
    check(said, line("what?"), nothing, &class::WRONG_TEXT);
}

#[test]
fn an_exit_status_of_1_is_not_called_a_signal_and_143_is_explained() {
    let check = |ended, class: &Class, note: &str| {
        let failure = ends_well(Some(ended), "it ends well").expect_err("it does not");
        assert_eq!((failure.class.name, failure.notes.concat().as_str()), (class.name, note));
    };
    check(Ended::Status(1), &class::WRONG_STATUS, "");
    check(Ended::Status(143), &class::WRONG_STATUS, "143 is 128 plus the number of SIGTERM.");
    check(Ended::Signal(15), &class::NO_HANDLER, "");
    check(Ended::Signal(11), &class::KILLED, "");
    assert!(!class::WRONG_STATUS.summary.contains("signal"));
}

#[test]
fn a_right_line_at_the_wrong_time_is_not_a_wrong_text() {
    check("two", line("one"), |all| all.last = Some("one".into()), &class::TWICE);
    check("two", line("news"), |all| all.later = vec!["two".into()], &class::EXTRA_LINE);
    check("two", line("three"), |all| all.ahead = vec![Pattern::exactly("three")], &class::MISSING_LINE);
    let swapped = |all: &mut Evidence<'_>| {
        all.ahead = vec![Pattern::exactly("three")];
        all.later = vec!["two".into()];
    };
    check("two", line("three"), swapped, &class::REORDERED);
}

#[test]
fn each_mistake_in_an_object_has_its_class_and_a_note() {
    let check = |came: &str, class: &Class, note: &str| {
        let expected = Pattern::object(r#"{"type":"message","text":"hi \"there\""}"#);
        let failure = Evidence::new("alice", &expected, line(came)).diagnose();
        assert_eq!(failure.class.name, class.name);
        assert!(failure.notes.concat().contains(note), "{:?}", failure.notes);
    };
    check("Welcome!", &class::NOT_JSON, "cannot be read as an object");
    check(r#"{"type":"message"}"#, &class::MISSING_KEY, "\"text\" is missing");
    check(r#"{"type":"error","text":"what?"}"#, &class::WRONG_VALUE, "\"message\" and is \"error\"");
    check(r#"{"type":"message","text":"hi \\\"there\\\""}"#, &class::ESCAPED, "\"text\" should be");
}

#[test]
fn the_caret_is_under_the_first_wrong_character_as_it_is_shown() {
    let caret = |expected: &str, heard| check_any(expected, heard).caret;
    assert_eq!(caret("grüße", line("grüsse")), Some(3));
    assert_eq!(caret("hi", line("hi\r")), Some(2));
    assert_eq!(caret("hi", Heard::Silence), None);
    assert_eq!(caret("…: hi", line("ho")), None, "an ellipsis matches anything");
}

fn check_any(expected: &str, heard: Heard) -> Failure {
    let expected = Pattern::exactly(expected);
    Evidence::new("", &expected, heard).diagnose()
}
