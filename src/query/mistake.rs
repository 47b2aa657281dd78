//! A mistake in a filter or in sorters, in our own words: at which character, what was found, what was expected, and
//! what to write.

use std::fmt;

/// A mistake, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// At which character, from 1; one more than there are for something that is missing at the end.
    pub at: usize,
    /// What is wrong with it.
    pub message: String,
}

impl Mistake {
    /// A mistake at the character that begins at this byte of `text`.
    pub(super) fn at(text: &str, byte: usize, message: String) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        Self { at: before.chars().count() + 1, message }
    }
}

/// `character 6: found EQ; expected …`.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {}: {}", self.at, self.message)
    }
}

/// A mistake that was found while reading: the byte it is at, and what is wrong.
pub(super) type Found = (usize, String);

/// The longest piece of what was written that a message shows, in characters.
const LONGEST_SHOWN: usize = 60;

/// What was written, cut where it is long.
pub(super) fn shown(written: &str) -> String {
    match written.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => format!("{} …", &written[..end]),
        None => written.to_owned(),
    }
}

/// Several words as a choice: `a, b or c`.
pub(super) fn choice<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    match &words[..] {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
