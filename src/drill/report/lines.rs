//! Text in lines that a terminal is wide enough for, a hundred columns at most, with colours where they are wanted.

use super::Mark;

/// The longest line, in columns, and the longest on the narrowest of terminals.
const COLUMNS: std::ops::RangeInclusive<usize> = 60..=100;

/// How a text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    is_coloured: bool,
    columns: usize,
}

impl Style {
    /// Without colours, in lines of a hundred columns: whatever is not a terminal.
    pub const PLAIN: Self = Self { is_coloured: false, columns: *COLUMNS.end() };

    /// For a terminal of this many columns; a hundred are enough for any.
    pub fn terminal(is_coloured: bool, columns: usize) -> Self {
        Self { is_coloured, columns: columns.clamp(*COLUMNS.start(), *COLUMNS.end()) }
    }

    /// The longest line.
    pub const fn columns(self) -> usize {
        self.columns
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.is_coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// What matters most.
    pub(super) fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    /// What matters least.
    pub(super) fn faint(self, text: &str) -> String {
        self.with("2", text)
    }

    /// A text in the colour of a mark.
    pub(super) fn marked(self, mark: Mark, text: &str) -> String {
        let code = match mark {
            Mark::Ok => "32",
            Mark::Note => "36",
            Mark::Inconclusive => "35",
            Mark::Warning => "33",
            Mark::Error => "1;31",
            Mark::NotApplicable => "2",
        };
        self.with(code, text)
    }

    /// A text in lines, each behind as many blanks; a word that is longer than a line is cut into lines.
    pub(super) fn wrapped(self, text: &str, indent: usize) -> String {
        let room = self.columns.saturating_sub(indent);
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            let mut rest: Vec<char> = word.chars().collect();
            let fits =
                lines.last().is_some_and(|line: &String| line.chars().count() + 1 + rest.len() <= room);
            if fits {
                if let Some(line) = lines.last_mut() {
                    line.push(' ');
                    line.extend(rest);
                }
                continue;
            }
            while rest.len() > room {
                let end = rest.split_off(room);
                lines.push(rest.into_iter().collect());
                rest = end;
            }
            lines.push(rest.into_iter().collect());
        }
        lines.iter().map(|line| format!("{:indent$}{line}", "")).collect::<Vec<_>>().join("\n")
    }

    /// A text and, at the right edge, another.
    pub(super) fn both_ends(self, left: &str, right: &str) -> String {
        let room = self.columns.saturating_sub(right.chars().count() + 2);
        let left = cut(left, room);
        let gap = self.columns.saturating_sub(left.chars().count() + right.chars().count());
        format!("{left}{:gap$}{right}", "")
    }
}

/// The word for a mark, in four columns at most.
pub(super) fn word(mark: Mark) -> &'static str {
    match mark {
        Mark::Ok => "ok",
        Mark::Note => "note",
        Mark::Inconclusive => "?",
        Mark::Warning => "WARN",
        Mark::Error => "FAIL",
        Mark::NotApplicable => "n/a",
    }
}

/// A text of at most this many columns.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_longer_than_the_terminal_is_wide() {
        for (columns, most) in [(20, 60), (80, 80), (300, 100)] {
            let style = Style::terminal(false, columns);
            for text in ["word ".repeat(50), "x".repeat(350), format!("a {} b", "y".repeat(120))] {
                for line in style.wrapped(&text, 6).lines() {
                    assert!(line.chars().count() <= most && line.starts_with("      "), "{line}");
                }
            }
            assert_eq!(style.both_ends(&"l".repeat(200), "right").chars().count(), most);
        }
    }
}
