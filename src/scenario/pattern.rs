//! A `when` on its own, for questions about exchanges of the past. What it says of an exchange is what a rule
//! with that `when` would have said.

use super::check;
use super::matcher::Matcher;
use super::mistake::Mistake;
use super::subject::ExchangeView;
use super::written::When;

/// A `when`, checked and compiled.
#[derive(Clone, Debug)]
pub struct Pattern(Matcher);

impl Pattern {
    /// Checks and compiles a `when`. The error says which part is wrong and why.
    pub fn compile(when: &When) -> Result<Self, String> {
        let checked = check::check_when(when).into_iter().next().map_or(Ok(()), Err);
        let matcher = Matcher::compile(when).and_then(|matcher| checked.map(|()| matcher));
        matcher.map(Self).map_err(|Mistake { pointer, message }| {
            format!("`match{}`: {message}", pointer.replace('/', "."))
        })
    }

    /// The parts that do not hold; none when the exchange matches.
    pub fn mismatches(&self, exchange: &ExchangeView<'_>) -> Vec<String> {
        self.0.mismatches(exchange)
    }
}
