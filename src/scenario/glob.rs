//! A glob over paths, as a regular expression. Both sides are compared in the one form that a path has however it is
//! spelt, so a glob may be spelt in any way, too.

use regex::Regex;

use super::expression;
use crate::document::shown;
use crate::wire::path::{push_decoded, steps};

/// The longest glob, in bytes.
const LONGEST: usize = 1 << 10;

/// One character of a step; an encoded slash and an encoded per cent sign count as one.
const IN_STEP: &str = "(?:%2F|%25|[^/%])";
/// The same, or a slash.
const ANYWHERE: &str = "(?:%2F|%25|[^%])";

/// A glob as a regular expression over a whole path in its one form.
pub(super) fn compile_glob(glob: &str) -> Result<Regex, String> {
    if glob.len() > LONGEST {
        let (found, begun) = (glob.len(), shown(glob));
        return Err(format!("glob {begun} is {found} bytes long; expected {LONGEST} or fewer"));
    }
    expression::build(&source(glob))
        .ok_or_else(|| format!("glob `{glob}` is too long; expected a shorter one"))
}

/// About how much memory a glob takes, in bytes.
pub(super) fn weight(glob: &str) -> usize {
    expression::weight(&source(glob))
}

/// The regular expression's text.
fn source(glob: &str) -> String {
    let mut source = String::from("^");
    for (nth, step) in steps(glob).enumerate() {
        if nth > 0 || glob.starts_with('/') {
            source.push('/');
        }
        push_step(&mut source, step);
    }
    if source.len() == 1 {
        source.push('/');
    }
    source.push('$');
    source
}

fn push_step(source: &mut String, step: &str) {
    let mut rest = step;
    while !rest.is_empty() {
        let literal = rest.find(['*', '?']).unwrap_or(rest.len());
        let mut decoded = String::new();
        push_decoded(&mut decoded, &rest[..literal]);
        source.push_str(&regex::escape(&decoded));
        rest = &rest[literal..];
        let (wildcard, taken) = if rest.starts_with("**") {
            (format!("{ANYWHERE}*"), 2)
        } else if rest.starts_with('*') {
            (format!("{IN_STEP}*"), 1)
        } else if rest.starts_with('?') {
            (IN_STEP.to_owned(), 1)
        } else {
            continue;
        };
        source.push_str(&wildcard);
        rest = &rest[taken..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::path::canonical;

    #[test]
    fn a_glob_and_a_path_may_each_be_spelt_in_any_way() {
        for (glob, path, expected) in [
            ("/v3/team:alpha@corp", "/v3/team%3Aalpha%40corp", true),
            ("/v3/team%3Aalpha%40corp", "/v3/team:alpha@corp", true),
            ("/v3/team%3aalpha%40corp/", "//v3/team%3Aalpha@corp", true),
            ("/v3/password%2Dsync-groups", "/v3/password-sync-groups", true),
            ("/v3//x/", "/v3/x", true),
            ("/v3/a%2Fb", "/v3/a%2fb", true),
            ("/v3/a/b", "/v3/a%2Fb", false),
            ("/v3/a%2Fb", "/v3/a/b", false),
            ("/v3/a%2Fb", "/v3/a%252Fb", false),
            ("/v3/*", "/v3/a%2Fb", true),
            ("/v3/a?b", "/v3/a%2Fb", true),
            ("/v3/a?b", "/v3/a%25b", true),
            ("/v3/a*F", "/v3/a%2F", false),
            ("**F", "/v3/a%2F", false),
            ("/v3/%2A", "/v3/x", false),
            ("/v3/%2A", "/v3/*", true),
            ("/v3/%3f", "/v3/%3F", true),
            ("/v3/?", "/v3/%C3%A4", true),
            ("/v3/*", "/v3/a%0Ab", true),
            ("**", "/v3/a%0Ab", true),
            ("/**/x", "/v3/a/x", true),
            ("/", "//", true),
        ] {
            let found = compile_glob(glob).unwrap().is_match(&canonical(path));
            assert_eq!(found, expected, "{glob} {path}");
        }
    }
}
