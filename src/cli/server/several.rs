//! Options that may be given more than once: in the environment, several values are in one text.

use std::str::FromStr;

/// One value or several.
#[derive(Clone, Debug)]
pub(super) struct Several<T>(Vec<T>);

impl<T: FromStr> FromStr for Several<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        split(text).map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// All values of an option.
pub(super) fn several<T: Clone>(given: &[Several<T>]) -> Vec<T> {
    given.iter().flat_map(|Several(values)| values).cloned().collect()
}

/// Cuts a text before each URL that follows a space. The path of a Unix socket may have spaces.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    let begins = |at: &usize| text[*at..].split_whitespace().next().is_some_and(|word| word.contains("://"));
    let starts = text.match_indices(' ').map(|(at, _)| at + 1).filter(|at| !text[*at..].starts_with(' '));
    let mut starts = starts.filter(begins).chain([text.len() + 1]).collect::<Vec<_>>().into_iter();
    let mut from = 0;
    std::iter::from_fn(move || {
        let end = starts.next()?;
        let part = text[from..end - 1].trim();
        from = end.min(text.len());
        Some(part)
    })
    .filter(|part| !part.is_empty() || text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_the_next_url_begins() {
        let parts = |text| split(text).collect::<Vec<_>>();
        assert_eq!(parts("json://a:1"), ["json://a:1"]);
        assert_eq!(parts(" json://a:1  verbs://b:2 "), ["json://a:1", "verbs://b:2"]);
        assert_eq!(
            parts("text+unix:///run/a b?mode=0660 text+unix:///c"),
            ["text+unix:///run/a b?mode=0660", "text+unix:///c"]
        );
        assert_eq!(parts("wrong words"), ["wrong words"]);
        assert_eq!(parts(""), [""], "which is no URL, and is refused as such");
    }
}
