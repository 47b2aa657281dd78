//! Whether a command wrote anything that it does not write when nothing goes wrong. Numbers, ids and times are left out of
//! the comparison, because they differ anyway.

use std::collections::HashSet;

use super::observed::Observed;

/// The lines that the clean runs wrote.
#[derive(Clone, Debug, Default)]
pub(super) struct Usual(HashSet<String>);

impl Usual {
    /// Notes what a clean run wrote.
    pub(super) fn note(&mut self, run: &Observed) {
        self.0.extend(lines(run));
    }

    /// Whether a run wrote something else.
    pub(super) fn lacks_any_of(&self, run: &Observed) -> bool {
        lines(run).any(|line| !self.0.contains(&line))
    }
}

fn lines(run: &Observed) -> impl Iterator<Item = String> {
    let outputs = [&run.stdout.text, &run.stderr.text];
    let lines = outputs.into_iter().flat_map(|text| text.lines());
    lines.map(|line| shape(line, &run.tenant)).filter(|line| !line.is_empty())
}

/// A line without what differs from run to run.
fn shape(line: &str, tenant: &str) -> String {
    let line = if tenant.is_empty() { line.to_owned() } else { line.replace(tenant, "") };
    line.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.bytes().any(|byte| byte.is_ascii_digit()))
        .collect::<Vec<_>>()
        .join(" ")
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_ids_and_the_tenant_make_no_difference() {
        let usual = shape("09:30:01 GET http://127.0.0.1:1/tenants/t-1/v2024/x 200", "t-1");
        assert_eq!(usual, shape("09:31:59 GET http://127.0.0.1:2/tenants/t-2/v2024/x 200", "t-2"));
        assert_ne!(usual, shape("09:31:59 GET http://127.0.0.1:2/tenants/t-2/v2024/x failed", "t-2"));
    }
}
