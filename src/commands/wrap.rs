//! Text in lines that fit a terminal: of 80 columns, or as wide as it is.

use std::io::IsTerminal;

/// The longest line, in columns.
const COLUMNS: usize = 80;

/// The words of a text in lines, each behind as many blanks; a word that is longer than a line stays whole.
pub(super) fn wrapped(text: &str, indent: usize) -> String {
    wrapped_within(text, indent, COLUMNS)
}

/// The same in lines of this many columns.
pub(super) fn wrapped_within(text: &str, indent: usize, columns: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{:indent$}{word}", "")),
        }
    }
    lines.join("\n")
}

/// How wide the terminal is that stdout leads to; `None` where a file or another program reads it.
pub(super) fn terminal_columns() -> Option<usize> {
    let width = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    std::io::stdout().is_terminal().then(width).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_long_as_they_may_be_and_words_stay_whole() {
        let text = wrapped(&"word ".repeat(40), 10);
        let lengths: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(lengths, [79, 79, 69]);
        assert!(text.lines().all(|line| line.starts_with("          word")));
        let long = "x".repeat(100);
        assert_eq!(wrapped(&format!("a {long} b"), 0), format!("a\n{long}\nb"));
        assert_eq!(wrapped(" \n ", 2), "");
    }
}
