//! About how much memory a rule takes that only one tenant has: its texts, which are there as they were written and in
//! the faults that run, and its regular expressions. It is counted of what states may take together.

use std::io;

use super::check;
use super::expression;
use super::written::Rule;

/// What a rule takes beside its texts and expressions, in bytes.
const RULE_BYTES: usize = 2_048;

/// About how many bytes a rule takes.
pub(super) fn bytes_of(rule: &Rule) -> usize {
    let mut text = Length(0);
    serde_json::to_writer(&mut text, rule).expect("a rule can be written as JSON");
    RULE_BYTES + 2 * text.0 + check::expressions(&rule.when).map(expression::weight).sum::<usize>()
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

    #[test]
    fn long_texts_and_large_expressions_weigh() {
        let bytes =
            |text: &str| bytes_of(&Document { name: "rule", text, format: Format::Yaml }.read().unwrap());
        let plain = bytes("{fault: close}");
        assert!((RULE_BYTES..RULE_BYTES + 200).contains(&plain), "{plain}");
        let long = format!("{{fault: {{respond: {{status: 500, body: {}}}}}}}", "x".repeat(10_000));
        assert!(bytes(&long) > plain + 20_000);
        let regex = |regex: &str| bytes(&format!("{{when: {{client: {{regex: '{regex}'}}}}, fault: close}}"));
        assert!(regex("^a") < regex("\\w{20}") && regex("\\w{20}") <= plain + (512 << 10) + 200);
    }
}
