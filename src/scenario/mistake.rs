//! What is wrong with something that was written: the place, what was found there and what was expected. A check
//! continues after a mistake, so that all of them can be reported at once.

use std::fmt;

/// A mistake in a scenario, a rule or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The JSON Pointer of its place.
    pub pointer: String,
    /// What was found and what was expected.
    pub message: String,
}

impl Mistake {
    pub(super) fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }

    /// The same mistake, seen from the level above.
    pub(super) fn below(self, prefix: &str) -> Self {
        Self { pointer: format!("{prefix}{}", self.pointer), ..self }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.pointer, self.message)
        }
    }
}

/// Mistakes, in the order of their places; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    first: Mistake,
    others: Vec<Mistake>,
}

impl Mistakes {
    pub(super) fn new(first: Mistake, others: Vec<Mistake>) -> Self {
        Self { first, others }
    }

    /// What to return for `found`: `value` when nothing is wrong.
    pub(super) fn or<T>(found: Vec<Mistake>, value: T) -> Result<T, Self> {
        let mut found = found.into_iter();
        match found.next() {
            None => Ok(value),
            Some(first) => Err(Self::new(first, found.collect())),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl From<Mistakes> for Vec<Mistake> {
    fn from(mistakes: Mistakes) -> Self {
        let mut all = vec![mistakes.first];
        all.extend(mistakes.others);
        all
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        self.others.iter().try_for_each(|mistake| write!(f, "\n{mistake}"))
    }
}

impl std::error::Error for Mistakes {}

/// A key as one step of a JSON Pointer.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
