//! Colours of a terminal, where there is one that has them and nobody has asked for none.

use std::env;
use std::ffi::OsString;
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
        Self::decide(stream.is_terminal(), |name| env::var_os(name))
    }

    fn decide(is_terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let is_refused = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = variable("TERM").is_some_and(|term| term == "dumb");
        if is_terminal && !is_refused && !is_dumb { Self::Coloured } else { Self::Plain }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_coloured_unless_somebody_asked_for_none_or_it_is_dumb() {
        for (is_terminal, variables, expected) in [
            (true, &[("TERM", "xterm-256color")][..], Paint::Coloured),
            (true, &[], Paint::Coloured),
            (true, &[("NO_COLOR", "")], Paint::Coloured),
            (true, &[("NO_COLOR", "1")], Paint::Plain),
            (true, &[("NO_COLOR", "0")], Paint::Plain),
            (true, &[("TERM", "dumb")], Paint::Plain),
            (true, &[("COLORTERM", "truecolor"), ("TERM", "dumb")], Paint::Plain),
            (false, &[("TERM", "xterm-256color")], Paint::Plain),
        ] {
            let variable = |wanted: &str| {
                let found = variables.iter().find(|(name, _)| *name == wanted);
                found.map(|(_, value)| OsString::from(*value))
            };
            assert_eq!(Paint::decide(is_terminal, variable), expected, "{is_terminal} {variables:?}");
        }
    }
}
