//! Wraps text to the width of a terminal, between words.

/// The width of the lines in `challenges.md`.
const PAGE: usize = 110;

/// Wraps long lines at spaces. The rest of a line has the indentation of its start.
pub fn wrapped(text: &str, width: usize) -> String {
    text.split_inclusive('\n').map(|line| hanging(line, width, indentation(line))).collect()
}

/// Wraps one line, with this indentation for its rest.
pub fn hanging(line: &str, width: usize, indent: usize) -> String {
    if columns(line.trim_end()) <= width {
        return line.to_owned();
    }
    let mut text = String::new();
    let mut column = 0;
    for word in line.split_inclusive(' ') {
        if column > indent && column + columns(word.trim_end()) > width {
            text.truncate(text.trim_end().len());
            text.extend(["\n", &" ".repeat(indent)]);
            column = indent;
        }
        text.push_str(word);
        column += columns(word);
    }
    text
}

/// Fills the paragraphs of a page again, if the terminal is narrower than the page.
pub fn filled(page: &str, width: usize) -> String {
    if width >= PAGE {
        return page.to_owned();
    }
    let mut lines: Vec<String> = Vec::new();
    for line in page.lines() {
        match lines.last_mut() {
            Some(last) if is_prose(last) && is_prose(line) && !is_item(line) => {
                last.extend([" ", line.trim_start()]);
            }
            _ => lines.push(line.to_owned()),
        }
    }
    wrapped(&(lines.join("\n") + "\n"), width)
}

/// Whether a line is part of a paragraph or list, not of an example, a table or a rule.
fn is_prose(line: &str) -> bool {
    !line.is_empty() && !["    ", "─", "|"].iter().any(|start| line.starts_with(start))
}

fn is_item(line: &str) -> bool {
    line.trim_start().starts_with("- ")
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len() + if is_item(line) { 2 } else { 0 }
}

/// The number of characters, without colour sequences.
fn columns(text: &str) -> usize {
    let mut is_sequence = false;
    let is_shown = |c: &char| {
        let was_sequence = is_sequence || *c == '\x1b';
        is_sequence = was_sequence && *c != 'm';
        !was_sequence && *c != '\n'
    };
    text.chars().filter(is_shown).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_wrapped_at_spaces_with_its_indentation() {
        assert_eq!(wrapped("  one two three\nfour\n", 9), "  one two\n  three\nfour\n");
        assert_eq!(wrapped("- one two three", 9), "- one two\n  three");
        assert_eq!(wrapped("alice@example.org", 9), "alice@example.org", "a word is never broken");
        assert_eq!(wrapped("\x1b[1mone\x1b[0m two", 7), "\x1b[1mone\x1b[0m two", "colours take no room");
        assert_eq!(hanging("silent  Nothing came.", 16, 8), "silent  Nothing\n        came.");
    }

    #[test]
    fn a_page_is_filled_again_except_for_its_examples() {
        let page =
            "A title\n───────\n\nOne two\nthree.\n\n- four\n  five\n- six\n\n    alice>  hi\n    bob> ho\n";
        let narrow =
            "A title\n───────\n\nOne two three.\n\n- four five\n- six\n\n    alice>  hi\n    bob> ho\n";
        assert_eq!(filled(page, 20), narrow);
        assert_eq!(filled(page, 200), page);
    }
}
