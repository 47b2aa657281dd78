//! Colours of a terminal, where there is one that has them and nobody has asked for none.

use std::env;
use std::io::IsTerminal;

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Coloured,
    Plain,
}

impl Paint {
    pub(super) const RED: &str = "31";
    pub(super) const GREEN: &str = "32";
    pub(super) const YELLOW: &str = "33";
    pub(super) const MAGENTA: &str = "35";
    pub(super) const CYAN: &str = "36";

    /// For what is written there: <https://no-color.org>, and terminals that call themselves dumb.
    pub(super) fn of(stream: &impl IsTerminal) -> Self {
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        if stream.is_terminal() && !is_set("NO_COLOR") && !is_dumb { Self::Coloured } else { Self::Plain }
    }

    /// A text in a colour.
    pub(super) fn in_colour(self, colour: &str, text: &str) -> String {
        match self {
            Self::Coloured => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
            Self::Plain => text.to_owned(),
        }
    }

    /// A text that is not the first to be looked at.
    pub(super) fn dim(self, text: &str) -> String {
        self.in_colour("2", text)
    }
}
