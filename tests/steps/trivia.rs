//! The bot that asks questions.

use std::{collections::BTreeMap, env, fs};

use crate::bots::Bot;

/// What it asks without `$CHAT_QUESTIONS`.
const QUESTIONS: &str = "How many bits are in a byte? = 8\nWhat is the capital of Italy? = Rome\n";

/// The most users with a score: whoever comes later gets none.
const MOST: usize = 1000;

pub(crate) struct Trivia {
    questions: Vec<(String, String)>,
    /// How many questions were asked, and whether the last one is open.
    asked: usize,
    is_open: bool,
    scores: BTreeMap<String, u32>,
}

impl Trivia {
    pub(crate) fn new() -> Self {
        let file = env::var("CHAT_QUESTIONS").ok().and_then(|path| fs::read_to_string(path).ok());
        let file = file.unwrap_or_else(|| QUESTIONS.into());
        let questions = file.lines().filter_map(|line| line.rsplit_once('='));
        let questions =
            questions.map(|(question, answer)| (question.trim().into(), answer.trim().into())).collect();
        Self { questions, asked: 0, is_open: false, scores: BTreeMap::new() }
    }

    fn ask(&mut self) -> Option<String> {
        let before = if self.is_open { "The question is still open" } else { "Question" };
        self.asked += usize::from(!self.is_open);
        self.is_open = true;
        let (question, _) = self.questions.iter().cycle().nth(self.asked - 1)?;
        Some(format!("{before}: {question}"))
    }

    fn judge(&mut self, from: &str, text: &str) -> Option<String> {
        let (_, answer) = self.questions.iter().cycle().nth(self.asked.checked_sub(1)?)?;
        // The whole message, and not a part of it: a bot that says the answer in a sentence does not win.
        if !self.is_open || text.trim().to_lowercase() != answer.to_lowercase() {
            return None;
        }
        self.is_open = false;
        if self.scores.len() < MOST {
            self.scores.entry(from.into()).or_default();
        }
        let points = self.scores.get_mut(from).map_or(0, |points| {
            *points += 1;
            *points
        });
        let s = if points == 1 { "" } else { "s" };
        Some(format!("Right, {from}! The answer is {answer}. You have {points} point{s}."))
    }

    fn scores(&self) -> String {
        let mut scores: Vec<_> = self.scores.iter().collect();
        scores.sort_by_key(|(_, points)| std::cmp::Reverse(**points));
        let scores: Vec<_> =
            scores.iter().take(10).map(|(nick, points)| format!("{nick} {points}")).collect();
        match scores.join(", ") {
            none if none.is_empty() => "There are no scores yet. Say !trivia for a question.".into(),
            scores => format!("Scores: {scores}"),
        }
    }
}

impl Bot for Trivia {
    fn purpose(&self) -> &'static str {
        "I ask questions. Say !trivia for one, and !scores for the scores."
    }

    fn on_message(&mut self, from: &str, text: &str) -> Option<String> {
        match text.trim().to_lowercase().as_str() {
            "!trivia" => self.ask(),
            "!scores" => Some(self.scores()),
            _ => self.judge(from, text),
        }
    }
}
