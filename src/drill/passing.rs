//! Which rules stop by themselves: whoever makes the same call three times in a row gets past them.

use crate::scenario::Rule;

/// Three attempts get past this many strikes in a row.
const IN_A_ROW: u64 = 2;
/// With a greater chance than this three strikes in a row are nothing unusual.
const SELDOM: f64 = 0.2;

/// Whether a rule strikes at most two of three calls that follow each other; by chance, nearly never.
pub(super) fn passes(rule: &Rule) -> bool {
    if let Some(sequence) = &rule.sequence {
        return rule.then.is_none() && sequence.len() <= 2;
    }
    let fires = &rule.fires;
    let nth = || {
        fires
            .nth
            .as_ref()
            .is_some_and(|nth| !nth.0.iter().any(|n| nth.0.contains(&(n + 1)) && nth.0.contains(&(n + 2))))
    };
    let at_most = |count: Option<u64>| count.is_some_and(|count| count <= IN_A_ROW);
    at_most(fires.first)
        || at_most(fires.times)
        || fires.every.is_some_and(|every| every > 1)
        || fires.chance.is_some_and(|chance| chance <= SELDOM)
        || nth()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Format};
    use crate::scenario::Ruleset;

    #[track_caller]
    fn check(rest: &str, expected: bool) {
        let text = format!("name: a\nrules: [{{when: {{operation: token}}, {rest}}}]\n");
        let document = Document { name: "a", text: &text, format: Format::Yaml };
        let ruleset = Ruleset::read(&document).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!(passes(&ruleset.written().rules[0]), expected, "{text}");
    }

    #[test]
    fn what_strikes_twice_in_a_row_at_most_passes() {
        for fires in
            ["nth: 1", "nth: [1, 2, 4, 5]", "first: 2", "every: 3", "chance: 0.05", "{after: 1, times: 1}"]
        {
            let fires = if fires.starts_with('{') { fires.to_owned() } else { format!("{{{fires}}}") };
            check(&format!("fires: {fires}, fault: reset"), true);
        }
        check("sequence: [reset, reset]", true);
    }

    #[test]
    fn what_strikes_three_times_or_without_end_does_not() {
        for fires in [
            "{nth: [2, 3, 4]}",
            "{first: 3}",
            "{every: 1}",
            "{chance: 0.5}",
            "{after: 2}",
            "{from: 1s, until: 9s}",
        ] {
            check(&format!("fires: {fires}, fault: reset"), false);
        }
        check("fault: reset", false);
        check("sequence: [reset, reset, reset]", false);
        check("sequence: [reset], then: repeat", false);
    }
}
