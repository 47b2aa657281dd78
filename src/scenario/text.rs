//! Texts as matchers compare them: a text itself, a regular expression, a glob, or whether there is one at all.

use regex::{Regex, RegexBuilder};

use super::written::TextMatch;

/// A [`TextMatch`], compiled.
#[derive(Clone, Debug)]
pub(super) enum Text {
    Exact(String),
    Regex(Regex),
    Present(bool),
}

impl Text {
    pub(super) fn compile(text: &TextMatch) -> Result<Self, String> {
        Ok(match text {
            TextMatch::Exact(text) => Self::Exact(text.clone()),
            TextMatch::Regex(regex) => Self::Regex(compile_regex(regex)?),
            TextMatch::Present(present) => Self::Present(*present),
        })
    }

    /// Whether it fits what was found, or its absence.
    pub(super) fn fits(&self, found: Option<&str>) -> bool {
        match (self, found) {
            (Self::Exact(text), Some(found)) => text == found,
            (Self::Regex(regex), Some(found)) => regex.is_match(found),
            (Self::Present(present), found) => *present == found.is_some(),
            (_, None) => false,
        }
    }
}

/// The most memory that a regular expression may take, in bytes: ten times what a useful one does, and
/// little enough for as many as a tenant may have.
const LARGEST_REGEX: usize = 512 << 10;

fn build_regex(regex: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(regex).size_limit(LARGEST_REGEX).dfa_size_limit(LARGEST_REGEX).build()
}

fn compile_regex(regex: &str) -> Result<Regex, String> {
    build_regex(regex).map_err(|error| {
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        format!("regex `{regex}`: {why}; expected a regular expression")
    })
}

/// A glob as a regular expression over the whole path.
pub(super) fn compile_glob(glob: &str) -> Result<Regex, String> {
    let mut regex = String::from("^");
    let mut rest = glob;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '*' if rest.starts_with("**") => {
                regex.push_str(".*");
                2
            }
            '*' => {
                regex.push_str("[^/]*");
                1
            }
            '?' => {
                regex.push_str("[^/]");
                1
            }
            _ => {
                regex.push_str(&regex::escape(&rest[..c.len_utf8()]));
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    regex.push('$');
    build_regex(&regex).map_err(|_| format!("glob `{glob}` is too long; expected a shorter one"))
}
