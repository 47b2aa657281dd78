//! The built-in scenarios: the files of `scenarios/`, each named after its lesson.

use super::Ruleset;
use crate::document::{Document, Format};

// `BUILT_IN`, which the build makes of the files.
include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// The text of the built-in scenario of that name.
pub fn text(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The built-in scenario of that name, ready to run.
pub fn ruleset(name: &str) -> Option<Ruleset> {
    let document = Document { name, text: text(name)?, format: Format::Yaml };
    Some(Ruleset::read(&document).expect("a test reads every built-in scenario"))
}

/// The names of the built-in scenarios.
pub fn names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|(name, _)| *name).collect()
}
