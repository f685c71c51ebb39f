//! Shows the pages of `challenges.md` in a terminal.

const TEXT: &str = include_str!("../../challenges.md");

/// The page of one step.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The title without the number.
    pub title: &'static str,
    body: &'static str,
}

impl Page {
    /// Finds the page of a step.
    pub fn of(step: usize) -> Option<Self> {
        Self::of_text(TEXT, step)
    }

    fn of_text(text: &'static str, step: usize) -> Option<Self> {
        let start = text.find(&format!("\n## Step {step}: "))?;
        let page = &text[start + 1..];
        let (heading, body) = page.split_once('\n')?;
        let end = ["\n## ", "\n# "].iter().filter_map(|next| body.find(next)).min();
        let title = heading.split_once(": ")?.1;
        Some(Self { title, body: &body[..end.unwrap_or(body.len())] })
    }

    /// The whole page as it is written, in Markdown.
    pub fn markdown(&self) -> &'static str {
        self.body
    }

    /// The example conversation, the contents of the first `chat` block.
    pub fn example(&self) -> Option<&'static str> {
        self.block("chat")
    }

    /// The contents of the first block of this kind.
    pub fn block(&self, kind: &str) -> Option<&'static str> {
        let (_, block) = self.body.split_once(&format!("```{kind}\n"))?;
        block.split_once("```").map(|(block, _)| block)
    }

    /// The hints as plain text.
    pub fn hints(&self) -> Vec<String> {
        let parts = self.body.split("<details>").skip(1).filter_map(|part| part.split("</details>").next());
        parts.map(|part| plain(part.split_once("</summary>").map_or(part, |(_, hint)| hint))).collect()
    }

    /// The page without its hints.
    pub fn without_hints(&self) -> String {
        let mut parts = self.body.split("<details>");
        let start = parts.next().into_iter();
        let rest = parts.filter_map(|part| part.split_once("</details>").map(|(_, after)| after));
        let text: String = start.chain(rest).collect();
        // The heading of the hints has no contents any more.
        plain(&text.replace("### Hints\n", ""))
    }
}

/// The text below a heading of the first level, in Markdown, up to the next such heading or the first step.
pub fn chapter(title: &str) -> &'static str {
    let heading = format!("# {title}\n");
    // The first chapter begins the file.
    let start = if TEXT.starts_with(&heading) { Some(heading.len()) } else { None };
    let start = start.or_else(|| Some(TEXT.find(&format!("\n{heading}"))? + 1 + heading.len()));
    let text = start.map_or("", |start| &TEXT[start..]);
    let end = ["\n## Step ", "\n# "].iter().filter_map(|next| text.find(next)).min();
    &text[..end.unwrap_or(text.len())]
}

/// Markdown as plain text: headings underlined, code indented, no markup.
fn plain(markdown: &str) -> String {
    let mut text = String::new();
    let mut is_code = false;
    for line in markdown.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if is_code {
            text.extend(["    ", line, "\n"]);
        } else if let Some(heading) = line.strip_prefix("### ") {
            text.extend([heading, "\n", &"─".repeat(heading.chars().count()), "\n"]);
        } else {
            text.extend([&without_links(&line.replace("**", "")), "\n"]);
        }
    }
    let mut lines: Vec<_> = text.trim().lines().collect();
    lines.dedup_by(|next, line| next.is_empty() && line.is_empty());
    lines.join("\n") + "\n"
}

/// Replaces `[words](target)` by `words`, followed by the target if it is a web address.
fn without_links(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, link)) = rest.split_once('[') {
        text.push_str(before);
        match link.split_once("](").and_then(|(words, after)| Some((words, after.split_once(')')?))) {
            Some((words, (target, after))) if !words.contains('[') => {
                text.push_str(words);
                if target.starts_with("http") {
                    text.extend([" (", target, ")"]);
                }
                rest = after;
            }
            _ => {
                text.push('[');
                rest = link;
            }
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const COURSE: &str = "# Part: Base\n\n## Step 1: Listen\n\n### What you learn\n\n**Ports** and \
        [`src/a.rs`](src/a.rs), [lobby] too.\n\n### An example\n\n```chat\nalice> hi\n```\n\n### Hints\n\n\
        <details><summary>Hint 1</summary>\n\nLook.\n\n</details>\n<details><summary>Hint 2</summary>\n\n\
        Look *there*.\n</details>\n\n### In real life\n\nIt rained.\n\n## Step 2: Answer\n\nYes.\n";

    #[test]
    fn a_page_is_shown_without_its_hints() {
        let page = Page::of_text(COURSE, 1).expect("a page");
        assert_eq!(page.title, "Listen");
        assert_eq!(page.example(), Some("alice> hi\n"));
        assert_eq!(page.hints(), ["Look.\n", "Look *there*.\n"]);
        assert_eq!(
            page.without_hints(),
            "What you learn\n──────────────\n\nPorts and `src/a.rs`, [lobby] too.\n\n\
             An example\n──────────\n\n    alice> hi\n\nIn real life\n────────────\n\nIt rained.\n"
        );
    }

    #[test]
    fn a_page_ends_where_the_next_begins() {
        assert_eq!(Page::of_text(COURSE, 2).map(|page| page.without_hints()), Some("Yes.\n".to_owned()));
        assert!(Page::of_text(COURSE, 3).is_none());
    }
}
