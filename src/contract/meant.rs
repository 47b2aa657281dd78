//! Why a path leads nowhere, for people: the service says only that it does. What was probably meant is a path of the
//! documents that differs in a step or two by a slip of the pen, or lacks the API version.

use std::collections::HashMap;

use super::Contract;
use super::facts::{Branch, Segment, Template};
use crate::document::Word;
use crate::version::{ApiVersion, PathStyle, VERSIONS};
use crate::wire::path;
use crate::wire::query::decode_segment;

/// A step of a path that exists.
#[derive(Clone, Copy)]
enum Step {
    Literal(&'static str),
    Parameter,
}

impl Contract {
    /// Why `path`, which leads to no operation, does not.
    pub(crate) fn why_nowhere(&self, path: &str, version: Option<&str>) -> String {
        let steps: Vec<_> = path::steps(path).map(decode_segment).collect();
        let steps: Vec<&str> = steps.iter().map(|step| &**step).collect();
        let why = match version {
            Some(version) => format!("no such path in {version}"),
            None => "no such path".to_owned(),
        };
        let newest =
            VERSIONS.iter().rfind(|version| version.style == PathStyle::Prefixed && version.name != "latest");
        let without_version = || {
            let with_version: Vec<&str> =
                newest.map(|newest| newest.name).into_iter().chain(steps.clone()).collect();
            self.meant(&with_version)
        };
        // `/v2099/…`: a version that there is not.
        let with_other_version = || {
            let [first, rest @ ..] = steps.as_slice() else { return None };
            let newest = newest.filter(|_| is_like_a_version(first))?.name;
            self.meant(&std::iter::once(newest).chain(rest.iter().copied()).collect::<Vec<_>>())
        };
        // `/api/v2024/…` and `/v2024/oauth/token`: something in front that does not belong there.
        let without_first = || {
            let [_, rest @ ..] = steps.as_slice() else { return None };
            self.meant(rest).filter(|meant| meant[1..] == rest.join("/"))
        };
        let near = self.meant(&steps);
        let near = near.or_else(|| if version.is_none() { without_version() } else { None });
        match near.or_else(with_other_version).or_else(without_first).or_else(|| self.of_a_tenant(&steps)) {
            Some(meant) if meant[1..] == steps.join("/") => {
                format!("`{meant}` has this method in the service, but it is not simulated")
            }
            Some(meant) => format!("{why}; did you mean `{meant}`?"),
            None => format!("{why}: it does not exist, or is not simulated"),
        }
    }

    /// The path of a tenant, where `tenants` was written in another way.
    fn of_a_tenant(&self, steps: &[&str]) -> Option<String> {
        let [first, name, rest @ ..] = steps else { return None };
        let is_meant = first.eq_ignore_ascii_case("tenants") || first.eq_ignore_ascii_case("tenant");
        let meant = self.meant(rest).filter(|_| is_meant && *first != "tenants")?;
        Some(format!("/tenants/{name}{meant}"))
    }

    /// The path that was probably meant; `None` when none is near.
    fn meant(&self, steps: &[&str]) -> Option<String> {
        let mut near = Near::new(steps);
        let (_, known) = self
            .paths(steps.len())
            .filter_map(|known| Some((near.distance(&known)?, known)))
            .min_by_key(|(distance, _)| *distance)?;
        let step = |(known, written): (&Step, &&str)| match known {
            Step::Literal(literal) => format!("/{literal}"),
            Step::Parameter => format!("/{written}"),
        };
        Some(known.iter().zip(steps).map(step).collect())
    }

    /// All paths of this many steps in all versions.
    fn paths(&self, length: usize) -> impl Iterator<Item = Vec<Step>> {
        let versioned = VERSIONS.iter().enumerate().flat_map(move |(place, version)| {
            let templates = self.templates(self.service.routes.0, Some(place), length.checked_sub(2));
            templates.map(move |(branch, template)| {
                let first = Step::Literal(branch.first);
                let name = Step::Literal(version.name);
                let start = match version {
                    ApiVersion { style: PathStyle::Prefixed, .. } => [name, first],
                    ApiVersion { style: PathStyle::PerService, .. } => [first, name],
                };
                start.into_iter().chain(rest(template)).collect()
            })
        });
        let unversioned = self.templates(self.service.unversioned_routes.0, None, length.checked_sub(1));
        versioned.chain(unversioned.map(|(branch, template)| {
            std::iter::once(Step::Literal(branch.first)).chain(rest(template)).collect()
        }))
    }

    /// The templates of this many segments that have an operation in a version, the `version`-th, or outside all of them.
    fn templates(
        &self,
        branches: &'static [Branch],
        version: Option<usize>,
        length: Option<usize>,
    ) -> impl Iterator<Item = (&'static Branch, &'static Template)> {
        let operations = self.service.operations.0;
        let is_here = move |operation: &usize| match version {
            Some(version) => operations[*operation].in_versions[version].is_some(),
            None => operations[*operation].unversioned.is_some(),
        };
        let all = branches
            .iter()
            .flat_map(|branch| branch.templates.0.iter().map(move |template| (branch, template)));
        all.filter(move |(_, template)| {
            Some(template.segments.0.len()) == length && template.operations.iter().flatten().any(is_here)
        })
    }
}

/// Whether a step is the name that a version could have: `v2099`, `V4`.
fn is_like_a_version(step: &str) -> bool {
    let digits = step.strip_prefix(['v', 'V']);
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn rest(template: &'static Template) -> impl Iterator<Item = Step> {
    template.segments.0.iter().map(|segment| match segment {
        Segment::Literal(literal) => Step::Literal(literal),
        Segment::Parameter => Step::Parameter,
    })
}

/// The steps that were written, and which literals were compared with each: many paths share theirs, and anybody may
/// ask for paths that do not exist as often as they like.
struct Near<'a> {
    written: Vec<(&'a str, Option<Word>)>,
    compared: HashMap<(usize, &'static str), bool>,
}

impl<'a> Near<'a> {
    fn new(steps: &[&'a str]) -> Self {
        let written = steps.iter().map(|step| (*step, Word::new(step))).collect();
        Self { written, compared: HashMap::new() }
    }

    /// In how many steps a path differs from what was written; `None` when one of them is too far from it.
    fn distance(&mut self, known: &[Step]) -> Option<usize> {
        let Self { written, compared } = self;
        let mut distance = 0;
        for (place, ((written, word), known)) in written.iter().zip(known).enumerate() {
            match known {
                Step::Literal(literal) if literal == written => {}
                Step::Literal(literal) => {
                    let is_near = compared.entry((place, *literal)).or_insert_with(|| {
                        word.as_ref().is_some_and(|word| word.distance(literal).is_some())
                    });
                    is_near.then_some(())?;
                    distance += 1;
                }
                Step::Parameter => {}
            }
        }
        Some(distance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_nearly_one_is_recognised_and_another_is_not() {
        let contract = Contract::built_in();
        for (path, version, why) in [
            (
                "/v2024/password-sync-group",
                Some("v2024"),
                "no such path in v2024; did you mean `/v2024/password-sync-groups`?",
            ),
            (
                "/v2024/passwordSyncGroups/a",
                Some("v2024"),
                "no such path in v2024; did you mean `/v2024/password-sync-groups/a`?",
            ),
            ("/V3/password-sync-groups", None, "no such path; did you mean `/v3/password-sync-groups`?"),
            (
                "/v2023/password-sync-groups",
                None,
                "no such path; did you mean `/v2024/password-sync-groups`?",
            ),
            ("/password-sync-groups", None, "no such path; did you mean `/v2026/password-sync-groups`?"),
            ("/password-sync-groups/a", None, "no such path; did you mean `/v2026/password-sync-groups/a`?"),
            (
                "/password-sync-group/v1",
                Some("v1"),
                "no such path in v1; did you mean `/password-sync-groups/v1`?",
            ),
            ("/oauth/tokn", None, "no such path; did you mean `/oauth/token`?"),
            ("/v3/oauth/token", Some("v3"), "no such path in v3; did you mean `/oauth/token`?"),
            ("/api/oauth/token", None, "no such path; did you mean `/oauth/token`?"),
            ("/oauth/tokens", None, "no such path; did you mean `/oauth/token`?"),
            (
                "/v2099/password-sync-groups",
                None,
                "no such path; did you mean `/v2026/password-sync-groups`?",
            ),
            ("/v4/password-sync-groups/a", None, "no such path; did you mean `/v3/password-sync-groups/a`?"),
            (
                "/api/v2024/password-sync-groups",
                None,
                "no such path; did you mean `/v2024/password-sync-groups`?",
            ),
            (
                "/Tenants/acme/v3/password-sync-groups",
                None,
                "no such path; did you mean `/tenants/acme/v3/password-sync-groups`?",
            ),
            ("/v2099/roles", None, "no such path: it does not exist, or is not simulated"),
            ("/api/v2024/roles", None, "no such path: it does not exist, or is not simulated"),
            ("/v2024/roles", Some("v2024"), "no such path in v2024: it does not exist, or is not simulated"),
            ("/", None, "no such path: it does not exist, or is not simulated"),
        ] {
            assert_eq!(contract.why_nowhere(path, version), why, "{path}");
        }
    }
}
