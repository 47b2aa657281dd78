//! `sync-group-sim verdicts`: lists the rules by which clients are judged, or explains one.

use sync_group_sim::verdict::{self, ALL, Group, Verdict};

use super::wrap::wrapped;
use super::{Outcome, list_or_print};

pub(super) fn verdicts(name: Option<&str>) -> Outcome {
    let groups = Group::ALL.map(in_words).join("\n\n");
    list_or_print("verdict", name, &[groups], |name| verdict::named(name).map(explained), &verdict::names())
}

/// The verdicts of a group: each name with its severity on a line, what it checks below.
fn in_words(group: Group) -> String {
    let verdicts = ALL.iter().filter(|verdict| verdict.group == group);
    let verdicts = verdicts.map(|verdict| {
        let (name, severity) = (verdict.id, verdict.severity.word());
        format!("  {name:<28} {severity}\n{}", wrapped(first_sentence(verdict.checks), 6))
    });
    format!("{}\n{}", group.word(), verdicts.collect::<Vec<_>>().join("\n"))
}

fn first_sentence(text: &str) -> &str {
    text.split_inclusive(". ").next().unwrap_or_default().trim_end()
}

/// The page of one verdict.
fn explained(verdict: &'static Verdict) -> String {
    let explaining: Vec<_> = verdict::explaining(verdict).collect();
    let parts = [
        ("What it checks", verdict.checks.to_owned()),
        ("Why it matters", verdict.why.to_owned()),
        ("What to do", verdict.advice.to_owned()),
        ("Who says so", verdict.source.to_owned()),
        ("Where it is judged", verdict.needs.in_words().replace('`', "")),
        ("Built-in scenarios that bring it about", verdict.scenarios.join(", ")),
        ("Not told beside", explaining.join(", ")),
        ("Told instead of", verdict.explains.join(", ")),
    ];
    let parts = parts.into_iter().filter(|(_, text)| !text.is_empty());
    let parts = parts.map(|(title, text)| format!("{title}\n{}", wrapped(&text, 2)));
    let head = format!("{} ({}, {})", verdict.id, verdict.severity.word(), verdict.group.word());
    std::iter::once(head).chain(parts).collect::<Vec<_>>().join("\n\n")
}
