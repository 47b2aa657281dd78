//! About how much memory a rule takes: its texts, which are there as they were written and in the faults that run, and its
//! regular expressions and globs. Of rules that only one tenant has it is counted of what states may take together.

use std::io;

use super::check;
use super::written::{Rule, When};
use super::{expression, glob};

/// The most that regular expressions and globs of a scenario, or of an expectation, may take, in bytes.
const MOST_BYTES: usize = 128 << 20;

/// What a rule takes beside its texts and expressions, in bytes.
const RULE_BYTES: usize = 2_048;

/// A glob with fewer wildcards weighs next to nothing.
const FEW_WILDCARDS: usize = 16;

/// About how many bytes a rule takes.
pub(super) fn bytes_of(rule: &Rule) -> usize {
    let mut text = Length(0);
    serde_json::to_writer(&mut text, rule).expect("a rule can be written as JSON");
    RULE_BYTES + 2 * text.0 + bytes_of_when(&rule.when)
}

/// About how many bytes the regular expressions and the glob of a `when` take.
pub(crate) fn bytes_of_when(when: &When) -> usize {
    let expressions: usize = check::expressions(when).map(expression::weight).sum();
    expressions + when.path.as_deref().map_or(0, glob::weight)
}

/// What is said of rules, or of an expectation, that take so many bytes; `None` while that is allowed.
pub(crate) fn too_many_bytes(bytes: usize) -> Option<String> {
    let most = MOST_BYTES >> 20;
    let message = || {
        format!(
            "regular expressions and globs that take more than {most} MiB of memory up to here; expected fewer, or shorter ones"
        )
    };
    (bytes > MOST_BYTES).then(message)
}

/// Whether a rule may take much more than its texts.
pub(super) fn is_heavy(rule: &Rule) -> bool {
    let wildcards = rule.when.path.iter().flat_map(|path| path.matches(['*', '?'])).count();
    wildcards >= FEW_WILDCARDS || check::expressions(&rule.when).next().is_some()
}

/// Counts what is written to it.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0 += text.len();
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Format};
    use crate::scenario::Ruleset;

    #[test]
    fn long_texts_and_large_expressions_weigh() {
        let bytes =
            |text: &str| bytes_of(&Document { name: "rule", text, format: Format::Yaml }.read().unwrap());
        let plain = bytes("{fault: close}");
        assert!((RULE_BYTES..RULE_BYTES + 200).contains(&plain), "{plain}");
        let long = format!("{{fault: {{respond: {{status: 500, body: {}}}}}}}", "x".repeat(10_000));
        assert!(bytes(&long) > plain + 20_000);
        let regex = |regex: &str| bytes(&format!("{{when: {{client: {{regex: '{regex}'}}}}, fault: close}}"));
        assert!(
            plain + 30_000 > regex("^a") && (500_000..1_200_000).contains(&regex("\\w{8}")),
            "{}",
            regex("\\w{8}")
        );
    }
    #[test]
    fn rules_whose_expressions_take_too_much_are_refused_where_that_shows() {
        let rule =
            |nth: usize| format!("  - {{when: {{client: {{regex: '\\w{{8}}{nth}'}}}}, fault: close}}\n");
        let text = format!("name: s\nrules:\n{}", (0..256).map(rule).collect::<String>());
        let told = Ruleset::read(&Document { name: "s.yaml", text: &text, format: Format::Yaml })
            .unwrap_err()
            .to_string();
        assert!(
            told.ends_with("more than 128 MiB of memory up to here; expected fewer, or shorter ones"),
            "{told}"
        );
        assert_eq!(told.lines().count(), 1);
    }
}
