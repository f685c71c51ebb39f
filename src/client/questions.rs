//! The names that Tab can complete: what the server was asked, and its latest answers.
//!
//! Answers come in the order of the questions, and do not say who asked. An answer to Tab is hidden,
//! an answer to the user is shown.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::verb;

#[derive(Default)]
pub(super) struct Questions {
    /// Questions without an answer, the oldest first.
    asked: VecDeque<Asked>,
    /// The latest answer to each question.
    known: [Known; 2],
}

/// A question whose answer lists names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// `/users`
    Users,
    /// `/rooms`
    Rooms,
}

struct Asked {
    question: Question,
    at: Instant,
    /// Whether Tab has asked it, and not the user.
    is_hidden: bool,
}

#[derive(Default)]
struct Known {
    names: Vec<String>,
    at: Option<Instant>,
}

/// How long Tab uses an answer before it asks again. Each question counts towards the server's rate
/// limit, so a user who presses Tab often must not use it up.
const FRESH: Duration = Duration::from_secs(2);

/// When Tab's question counts as refused, so that it does not hide the answer to a later question.
const REFUSED: Duration = Duration::from_secs(5);

impl Questions {
    /// The line that asks the question for Tab, or `None` if its answer is fresh or on its way.
    pub(super) fn ask(&mut self, question: Question, now: Instant) -> Option<&'static str> {
        let is_fresh = |at: Option<Instant>| at.is_some_and(|at| now - at < FRESH);
        let last_asked = self.asked.iter().rfind(|asked| asked.question == question).map(|asked| asked.at);
        if is_fresh(self.known[question as usize].at) || is_fresh(last_asked) {
            return None;
        }
        self.asked.push_back(Asked { question, at: now, is_hidden: true });
        Some(match question {
            Question::Users => "/users",
            Question::Rooms => "/rooms",
        })
    }

    /// Notes a line of the user, if it is a question.
    pub(super) fn asked_by_user(&mut self, line: &str, now: Instant) {
        let question = match verb(line).map(|(verb, _)| verb.name) {
            Some("users") => Question::Users,
            Some("rooms") => Question::Rooms,
            _ => return,
        };
        self.asked.push_back(Asked { question, at: now, is_hidden: false });
    }

    /// Notes an answer. Returns whether to show it to the user.
    pub(super) fn answered<'a>(
        &mut self,
        question: Question,
        names: impl Iterator<Item = &'a str>,
        now: Instant,
    ) -> bool {
        self.known[question as usize] = Known { names: names.map(str::to_owned).collect(), at: Some(now) };
        self.asked.retain(|asked| !asked.is_hidden || now - asked.at < REFUSED);
        let turn = self.asked.iter().position(|asked| asked.question == question);
        turn.and_then(|turn| self.asked.remove(turn)).is_none_or(|asked| !asked.is_hidden)
    }

    /// Whether the answer to this question is still to come.
    pub(super) fn is_open(&self, question: Question) -> bool {
        self.asked.iter().any(|asked| asked.question == question)
    }

    /// The latest answer to a question; empty if there is none.
    pub(super) fn names(&self, question: Question) -> &[String] {
        &self.known[question as usize].names
    }

    /// Forgets the users, because the user has changed rooms.
    pub(super) fn moved(&mut self) {
        self.known[Question::Users as usize] = Known::default();
    }

    /// Forgets everything, because the connection is gone.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the server's answer is shown to the user.
    fn is_shown(questions: &mut Questions, question: Question, names: &[&str], now: Instant) -> bool {
        questions.answered(question, names.iter().copied(), now)
    }

    #[test]
    fn an_answer_to_tab_is_hidden_and_an_answer_to_the_user_is_shown() {
        let (mut questions, now) = (Questions::default(), Instant::now());
        questions.asked_by_user("/Users", now);
        assert_eq!(questions.ask(Question::Rooms, now), Some("/rooms"));
        questions.asked_by_user("/rooms", now);
        assert!(is_shown(&mut questions, Question::Users, &["alice", "bob"], now));
        assert!(!is_shown(&mut questions, Question::Rooms, &["lobby", "ops"], now));
        assert!(!questions.is_open(Question::Users) && questions.is_open(Question::Rooms));
        assert!(is_shown(&mut questions, Question::Rooms, &["lobby"], now));
        assert_eq!(questions.names(Question::Rooms), ["lobby"]);
        assert_eq!(questions.names(Question::Users), ["alice", "bob"]);
    }

    #[test]
    fn tab_asks_again_only_when_the_answer_is_stale() {
        let (mut questions, now) = (Questions::default(), Instant::now());
        assert!(questions.ask(Question::Users, now).is_some());
        assert!(questions.ask(Question::Users, now).is_none());
        is_shown(&mut questions, Question::Users, &["alice"], now);
        assert!(questions.ask(Question::Users, now + FRESH / 2).is_none());
        assert!(questions.ask(Question::Users, now + FRESH).is_some());
    }

    #[test]
    fn tab_asks_at_once_after_a_change_of_room() {
        let (mut questions, now) = (Questions::default(), Instant::now());
        is_shown(&mut questions, Question::Users, &["alice"], now);
        questions.moved();
        assert_eq!(questions.names(Question::Users), [""; 0]);
        assert!(questions.ask(Question::Users, now).is_some());
    }

    #[test]
    fn an_unanswered_question_does_not_hide_a_later_answer() {
        let (mut questions, now) = (Questions::default(), Instant::now());
        assert!(questions.ask(Question::Users, now).is_some());
        questions.asked_by_user("/users", now + REFUSED);
        assert!(is_shown(&mut questions, Question::Users, &["alice"], now + REFUSED));
    }
}
