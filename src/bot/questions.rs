//! Questions and their answers, as lines of a file: `QUESTION = ANSWER`, or `QUESTION = ANSWER | ANSWER`.

use std::sync::Arc;

/// The questions that come with the server.
pub(super) const USUAL: &str = include_str!("questions.txt");

/// The longest question, and the longest answer, in bytes. A bot must be able to say them in one message.
const LONGEST_QUESTION: usize = 400;
const LONGEST_ANSWER: usize = 100;

/// A question and the answers that are right. There is at least one answer.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) text: String,
    answers: Vec<String>,
}

impl Question {
    /// The answer that is shown.
    pub(super) fn answer(&self) -> &str {
        &self.answers[0]
    }

    /// Whether a message is an answer to it that is right, in any case.
    pub(super) fn is_answered_by(&self, text: &str) -> bool {
        let text = simple(text);
        self.answers.iter().any(|answer| simple(answer) == text)
    }
}

/// Reads questions. Empty lines, and lines that begin with `#`, are skipped.
pub(super) fn parse(text: &str) -> Result<Arc<[Question]>, String> {
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let questions = lines.map(|(number, line)| question(line).map_err(|why| format!("line {number}: {why}")));
    let questions = questions.collect::<Result<Arc<[_]>, _>>()?;
    if questions.is_empty() { Err("there is no question".to_owned()) } else { Ok(questions) }
}

fn question(line: &str) -> Result<Question, String> {
    // A question may contain an equals sign, and an answer may not.
    let (text, answers) = line.rsplit_once('=').ok_or("expected QUESTION = ANSWER")?;
    let text = text.trim().to_owned();
    let answers: Vec<_> = answers.split('|').map(|answer| answer.trim().to_owned()).collect();
    if text.is_empty() || answers.iter().any(|answer| simple(answer).is_empty()) {
        return Err("expected QUESTION = ANSWER".to_owned());
    }
    if text.len() > LONGEST_QUESTION || answers.iter().any(|answer| answer.len() > LONGEST_ANSWER) {
        return Err(format!(
            "a question has at most {LONGEST_QUESTION} bytes, and an answer {LONGEST_ANSWER}"
        ));
    }
    Ok(Question { text, answers })
}

/// An answer as it is compared: in lower case, without an article, and without spaces and signs around its words.
fn simple(answer: &str) -> String {
    let answer = answer.to_lowercase();
    let words =
        answer.split_whitespace().map(|word| word.trim_matches(is_sign)).filter(|word| !word.is_empty());
    let mut words: Vec<_> = words.collect();
    if words.len() > 1 && ["a", "an", "the"].contains(&words[0]) {
        words.remove(0);
    }
    words.join(" ")
}

fn is_sign(c: char) -> bool {
    matches!(c, '.' | ',' | '!' | '?' | ';' | ':' | '"' | '\'' | '(' | ')' | '„' | '“' | '”' | '‘' | '’')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(line: &str) -> Question {
        parse(line).expect("a question")[0].clone()
    }

    #[test]
    fn an_answer_is_right_in_any_case() {
        let paris = first("What is the capital of France? = Paris");
        for right in ["paris", "PARIS", " Paris. ", "paris!!", "\"Paris\"", "the Paris"] {
            assert!(paris.is_answered_by(right), "{right}");
        }
        for wrong in ["", " ", ".", "par is", "Paris, London", "is it Paris?", "The answer is Paris."] {
            assert!(!paris.is_answered_by(wrong), "{wrong}");
        }
        let angstrom = first("Which unit? = Ångström | angstrom");
        assert!(angstrom.is_answered_by("ÅNGSTRÖM") && angstrom.is_answered_by("Angstrom"));
        assert_eq!(angstrom.answer(), "Ångström");
        assert!(first("Who? = The Beatles").is_answered_by("beatles"));
        assert!(first("Which letter? = A").is_answered_by("a"), "an article alone is an answer");
    }

    #[test]
    fn a_question_may_contain_an_equals_sign() {
        let sum = first("x = 2. What is x + 2? = 4 | four");
        assert_eq!(sum.text, "x = 2. What is x + 2?");
        assert!(sum.is_answered_by("Four"));
    }

    #[test]
    fn a_mistake_in_a_file_is_told_with_its_line() {
        let why = |text: &str| parse(text).map(drop).unwrap_err();
        assert_eq!(why("# only a comment\n\n"), "there is no question");
        for wrong in ["What?", "= Paris", "What? =", "What? = a |", "What? = ..."] {
            assert_eq!(why(&format!("A? = b\n\n{wrong}")), "line 3: expected QUESTION = ANSWER", "{wrong}");
        }
        let long = format!("What? = {}", "x".repeat(101));
        assert_eq!(why(&long), "line 1: a question has at most 400 bytes, and an answer 100");
    }

    #[test]
    fn the_usual_questions_have_answers_that_do_not_stand_in_them() {
        let questions = parse(USUAL).expect("the server comes with them");
        assert!(questions.len() >= 30);
        for question in questions.iter() {
            assert!(
                !question.text.to_lowercase().contains(&question.answer().to_lowercase()),
                "{question:?}"
            );
        }
    }
}
