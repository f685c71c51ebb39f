//! What each key does.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Buffer, Editor, History, Request};

/// Presses keys: each character is typed, and `<…>` is a key by its name.
fn press(editor: &mut Editor, keys: &str) -> Vec<Request> {
    let mut requests = Vec::new();
    let mut rest = keys;
    while let Some(first) = rest.chars().next() {
        let length = if first == '<' { rest.find('>').expect("a key's name") + 1 } else { first.len_utf8() };
        let (name, after) = rest.split_at(length);
        rest = after;
        requests.extend(editor.press(key(name)));
    }
    requests
}

fn key(name: &str) -> KeyEvent {
    let letter = |name: &str| KeyCode::Char(name.chars().nth(2).expect("a letter"));
    let (code, modifiers) = match name {
        "<Enter>" => (KeyCode::Enter, KeyModifiers::NONE),
        "<Tab>" => (KeyCode::Tab, KeyModifiers::NONE),
        "<Up>" => (KeyCode::Up, KeyModifiers::NONE),
        "<Down>" => (KeyCode::Down, KeyModifiers::NONE),
        "<Left>" => (KeyCode::Left, KeyModifiers::NONE),
        "<Right>" => (KeyCode::Right, KeyModifiers::NONE),
        "<Home>" => (KeyCode::Home, KeyModifiers::NONE),
        "<End>" => (KeyCode::End, KeyModifiers::NONE),
        "<Del>" => (KeyCode::Delete, KeyModifiers::NONE),
        "<Esc>" => (KeyCode::Esc, KeyModifiers::NONE),
        "<Back>" => (KeyCode::Backspace, KeyModifiers::NONE),
        name if name.starts_with("<^") => (letter(name), KeyModifiers::CONTROL),
        name if name.starts_with("<~") => (letter(name), KeyModifiers::ALT),
        name => (KeyCode::Char(name.chars().next().expect("a character")), KeyModifiers::NONE),
    };
    KeyEvent::new(code, modifiers)
}

/// After these keys the line is this, with `|` where the cursor is.
#[track_caller]
fn check(keys: &str, expected: &str) {
    let mut editor = Editor::default();
    for line in ["one", "two", "three two"] {
        editor.history.add(line);
    }
    press(&mut editor, keys);
    let (text, cursor) = (editor.buffer().text(), editor.buffer().cursor());
    assert_eq!(format!("{}|{}", &text[..cursor], &text[cursor..]), expected, "{keys}");
}

#[test]
fn keys_move_and_remove() {
    check("abc<Left>x", "abx|c");
    check("abc<Home>x<End>y", "xabcy|");
    check("abc<^a><Right><Del>", "a|c");
    check("abc<Back><^b><^h>", "|b");
    check("one two<~b><^k>", "one |");
    check("one two<^w>x<^u>", "|");
    check("one two<^u>a<^y>", "aone two|");
    check("one two<^a><~d><^e><^y>", " twoone|");
    check("ab<^t>", "ba|");
    check("é你<Left><^d>", "é|");
}

#[test]
fn edits_are_undone_by_the_word() {
    check("one two<^_>", "one|");
    check("one two<^_><^_>", "|");
    check("one two<^u><^_>", "one two|");
    check("<^_>", "|");
}

#[test]
fn earlier_lines_come_back_and_the_draft_is_kept() {
    check("<Up>", "three two|");
    check("<Up><Up><Up><Up>", "one|");
    check("draft<Up><Up><Down><Down>", "draft|");
    check("draft<Down>", "draft|");
    check("<^p>!<^p><^n>", "three two|");
}

#[test]
fn a_search_finds_the_last_line_first() {
    check("<^r>two", "three two|");
    check("<^r>two<^r>", "two|");
    check("<^r>two<^r><^r>", "two|");
    check("<^r>on", "one|");
    check("<^r>on<Back><Back>two", "three two|");
    check("draft<^r>one<Esc>", "draft|");
    check("draft<^r>one<^g>", "draft|");
    check("<^r>one<Left>!", "on!|e");
    check("<^r>one<Up>", "one|");
    check("<^r>two<^r><Down>", "three two|");
}

#[test]
fn a_search_can_be_submitted() {
    let mut editor = Editor::default();
    editor.history.add("one");
    assert_eq!(press(&mut editor, "<^r>n<Enter>"), [Request::Submit("one".to_owned())]);
    assert_eq!((editor.searched(), editor.buffer().text()), (None, ""));
}

#[test]
fn a_search_without_a_match_says_so_and_sends_no_unrelated_line() {
    let mut editor = Editor::default();
    editor.history.add("/help away");
    for key in ["<Enter>", "<^j>", "<^c>"] {
        assert_eq!(press(&mut editor, "draft<^r>a"), []);
        assert_eq!((editor.has_failed_search(), editor.buffer().text()), (false, "/help away"));
        assert_eq!(press(&mut editor, "licqq"), []);
        assert_eq!((editor.has_failed_search(), editor.buffer().text()), (true, ""));
        assert_eq!(press(&mut editor, key), [], "{key}");
        assert_eq!((editor.searched(), editor.buffer().text()), (None, "draft"));
        editor.take();
    }
    check("draft<^r>onx<Left>!", "draf!|t");
    check("<^r>onx<Back>", "one|");
}

#[test]
fn some_keys_are_for_the_program() {
    let mut editor = Editor::default();
    let requests = press(&mut editor, "a<Tab><^c><^z><^l><Enter><^d>");
    let [complete, interrupt, suspend, clear, submit, end] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((complete, interrupt, suspend), (&Request::Complete, &Request::Interrupt, &Request::Suspend));
    assert_eq!((clear, submit, end), (&Request::Clear, &Request::Submit("a".to_owned()), &Request::End));
}

#[test]
fn pasted_text_keeps_its_lines_and_no_other_control_characters() {
    let mut editor = Editor::default();
    editor.paste("one\r\ntwo\rthree\tx\x1b[31m");
    assert_eq!(editor.buffer().text(), "one\ntwo\nthree x[31m");
    press(&mut editor, "<^_>");
    assert_eq!(editor.buffer(), &Buffer::default());
}

#[test]
fn a_line_that_is_taken_leaves_nothing_behind() {
    let mut editor = Editor::new(History::default());
    press(&mut editor, "abc<Enter><^_>");
    assert_eq!(editor.buffer().text(), "");
}
