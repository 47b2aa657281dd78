//! Which scenarios a drill is about: all that are built in, or those that `--only` names (built-in ones, patterns, files of
//! one's own), without those that `--skip` names.

use std::path::Path;

use sync_group_sim::Fixture;
use sync_group_sim::document::unknown;
use sync_group_sim::drill::SelectedScenario;
use sync_group_sim::scenario::{MOST_RULES, Rulesets, library};

use crate::files;

/// The scenarios, those that are built in in their own order.
pub(super) fn select(
    only: &[String],
    skip: &[String],
    fixture: &Fixture,
) -> Result<Vec<SelectedScenario>, String> {
    let mut asked: Vec<SelectedScenario> = Vec::new();
    if only.is_empty() {
        for name in in_order() {
            add(&mut asked, name, fixture)?;
        }
    }
    for wanted in only {
        let known: Vec<&str> = in_order().filter(|name| fits(wanted, name)).collect();
        match (known.is_empty(), is_pattern(wanted)) {
            (false, _) => known.into_iter().try_for_each(|name| add(&mut asked, name, fixture))?,
            (true, true) => return Err(no_match("--only", wanted)),
            (true, false) => add(&mut asked, wanted, fixture)?,
        }
    }
    for unwanted in skip {
        let is_known = in_order().any(|name| fits(unwanted, name))
            || asked.iter().any(|asked| fits(unwanted, asked.ruleset.name()) || asked.source == *unwanted);
        if !is_known {
            return Err(no_match("--skip", unwanted));
        }
        asked.retain(|asked| !fits(unwanted, asked.ruleset.name()) && asked.source != *unwanted);
    }
    if asked.is_empty() {
        return Err("--skip: no scenario is left; expected at least one".to_owned());
    }
    Ok(asked)
}

/// The built-in scenarios as they are listed, by topic.
fn in_order() -> impl Iterator<Item = &'static str> {
    library::TOPICS.iter().flat_map(|(_, names)| names.iter().copied())
}

fn add(asked: &mut Vec<SelectedScenario>, source: &str, fixture: &Fixture) -> Result<(), String> {
    if asked.iter().any(|asked| asked.source == source) {
        return Ok(());
    }
    let ruleset = match library::ruleset(source) {
        Some(ruleset) => ruleset,
        None => files::scenario(Path::new(source), fixture)?,
    };
    // Its rules must be able to run, and its name tells its runs from others.
    Rulesets::new([ruleset.clone()], MOST_RULES).map_err(|error| format!("{source}: {error}"))?;
    if asked.iter().any(|asked| asked.ruleset.name() == ruleset.name()) || RESERVED.contains(&ruleset.name())
    {
        return Err(format!(
            "{source}: another scenario, or a drill itself, has the name `{}`; expected a name that is free",
            ruleset.name()
        ));
    }
    asked.push(SelectedScenario { ruleset, source: source.to_owned() });
    Ok(())
}

/// What a drill calls runs of its own.
const RESERVED: [&str; 3] =
    ["clean", sync_group_sim::drill::PROBE_LIMITED, sync_group_sim::drill::PROBE_UNAVAILABLE];

fn no_match(option: &str, wanted: &str) -> String {
    let names: Vec<&str> = in_order().collect();
    if is_pattern(wanted) {
        return format!(
            "{option}: no scenario matches `{wanted}`; expected one that does; `sync-group-sim scenarios` lists them"
        );
    }
    let message = unknown("no scenario is named", wanted, &names);
    let advice = message
        .rsplit_once("; did you mean ")
        .map_or(String::new(), |(_, meant)| format!("; did you mean {meant}"));
    format!("{option}: no scenario is named `{wanted}`; `sync-group-sim scenarios` lists them{advice}")
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?']) && !Path::new(text).exists()
}

/// Whether a name is like a pattern in which `*` stands for any text and `?` for one character.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(sign) if *sign == '?' || *sign == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    n = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|sign| *sign == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_the_names_that_are_like_it() {
        for (pattern, name, is_like) in [
            ("rate-*", "rate-limited", true),
            ("*-limited", "rate-limited", true),
            ("*a*d", "rate-limited", true),
            ("rate-limite?", "rate-limited", true),
            ("rate-limited", "rate-limited", true),
            ("rate-*x", "rate-limited", false),
            ("rate", "rate-limited", false),
            ("?", "", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, name), is_like, "{pattern} {name}");
        }
    }

    fn names(only: &[&str], skip: &[&str]) -> Result<Vec<String>, String> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let asked = select(&owned(only), &owned(skip), &Fixture::default())?;
        Ok(asked.iter().map(|asked| asked.ruleset.name().to_owned()).collect())
    }

    #[test]
    fn scenarios_are_named_by_pattern_and_left_out_likewise() {
        assert_eq!(
            names(&["committed-*"], &["*-reset"]).unwrap(),
            ["committed-but-lost", "committed-then-closed"]
        );
        assert_eq!(names(&["chaos", "chaos"], &[]).unwrap(), ["chaos"]);
        assert_eq!(names(&[], &[]).unwrap().len(), library::names().len());
        for (only, skip, expected) in [
            (&["comitted-but-lost"][..], &[][..], "did you mean `committed-but-lost`?"),
            (&["x*"], &[], "--only: no scenario matches `x*`"),
            (
                &[],
                &["caos"],
                "--skip: no scenario is named `caos`; `sync-group-sim scenarios` lists them; did you mean `chaos`?",
            ),
            (&["chaos"], &["chaos"], "no scenario is left"),
        ] {
            let found = names(only, skip).unwrap_err();
            assert!(found.contains(expected), "{found}");
        }
    }
}
