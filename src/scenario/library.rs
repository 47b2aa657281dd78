//! The built-in scenarios: the files of `scenarios/`, each named after its lesson.

use super::Scenario;
use crate::document::{Document, Format};

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../scenarios/", $name, ".yaml")))),*]
    };
}

/// Name and text of every built-in scenario, in alphabetical order.
pub const BUILT_IN: &[(&str, &str)] = built_in!["committed-but-lost",];

/// The text of the built-in scenario of that name.
pub fn text(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The built-in scenario of that name.
pub fn scenario(name: &str) -> Option<Scenario> {
    let document = Document { name, text: text(name)?, format: Format::Yaml };
    Some(Scenario::read(&document).expect("built-in scenarios are checked by a test"))
}

/// The names of all built-in scenarios, for messages.
pub fn names() -> String {
    BUILT_IN.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}
