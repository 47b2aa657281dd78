//! The Rust that the build writes: the `Operation` enum and the contract's tables.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::super::facts::OperationFacts;
use super::super::version::VERSIONS;
use super::read::{Compiled, Shown};

/// The `Operation` enum with what follows from the documents.
pub(crate) fn operation_enum(compiled: &Compiled) -> String {
    let operations: Vec<Named<'_>> = compiled
        .service
        .operations
        .iter()
        .zip(&compiled.shown)
        .map(|(facts, shown)| Named { variant: pascal_case(facts.id), facts, shown })
        .collect();
    let mut text = String::from(
        "/// One thing the API can do.\n\
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]\n\
        pub enum Operation {\n",
    );
    for operation in &operations {
        let summary = operation.shown.summary.trim_end_matches('.');
        line(&mut text, &format!("    /// {summary}.\n    {},", operation.variant));
    }
    line(&mut text, "}\n");
    line(&mut text, "#[allow(clippy::match_same_arms, reason = \"a line for each operation\")]");
    line(&mut text, "impl Operation {");
    line(&mut text, "    /// Every operation, in the order in which documents list them.");
    line(&mut text, &format!("    pub const ALL: [Self; {}] = [", operations.len()));
    for operation in &operations {
        line(&mut text, &format!("        Self::{},", operation.variant));
    }
    line(&mut text, "    ];");
    for (about, signature, answer) in FUNCTIONS {
        function(&mut text, about, signature, &operations, answer);
    }
    line(&mut text, "}");
    text
}

/// What a function of the enum answers, its signature, and its answer for an operation.
type Function = (&'static str, &'static str, fn(&Named<'_>) -> String);

/// The functions of the enum.
const FUNCTIONS: &[Function] = &[
    (
        "The name in scenario files, the journal and logs: the operationId in the newest version.",
        "id(self) -> &'static str",
        |operation| format!("{:?}", operation.facts.id),
    ),
    (
        "The resource that it belongs to, by the name of its document.",
        "resource(self) -> &'static str",
        |operation| format!("{:?}", operation.shown.resource),
    ),
    ("Whether it only reads what the tenant holds.", "is_read(self) -> bool", |operation| {
        operation.shown.is_read.to_string()
    }),
    (
        "Whether it takes long to decide, so that no other connection may wait for it.",
        "is_slow(self) -> bool",
        |operation| operation.shown.is_slow.to_string(),
    ),
    (
        "Whether it exists in API versions; the token calls stand outside them.",
        "is_versioned(self) -> bool",
        |operation| operation.facts.unversioned.is_none().to_string(),
    ),
    ("The HTTP method; of a `GET` also `HEAD`.", "method(self) -> &'static str", |operation| {
        format!("{:?}", operation.shown.method)
    }),
    (
        "The path as the documents have it, without a version; a step in braces stands for any text.",
        "path(self) -> &'static str",
        |operation| format!("{:?}", operation.shown.path),
    ),
    (
        "The names of the API versions in which it exists; none where it stands outside them.",
        "versions(self) -> &'static [&'static str]",
        |operation| format!("&{:?}", versions(operation.facts)),
    ),
    (
        "The scopes that allow it, each in some version or for some kind of token; none where none is asked for.",
        "scopes(self) -> &'static [&'static str]",
        |operation| format!("&{:?}", scopes(operation.facts)),
    ),
    (
        "Whether it lists something page by page, from an `offset` on.",
        "is_paged(self) -> bool",
        |operation| {
            operation.facts.parameters.0.iter().any(|parameter| parameter.name == "offset").to_string()
        },
    ),
];

/// The tables, as the value of a static.
pub(crate) fn tables(compiled: &Compiled) -> String {
    format!(
        "/// The built-in service.\npub(in crate::contract) static SERVICE: Service = {:?};\n",
        compiled.service
    )
}

struct Named<'a> {
    variant: String,
    facts: &'a OperationFacts,
    shown: &'a Shown,
}

fn versions(facts: &OperationFacts) -> Vec<&'static str> {
    let exists = facts.in_versions.iter().map(Option::is_some);
    VERSIONS.iter().zip(exists).filter(|(_, exists)| *exists).map(|(version, _)| version.name).collect()
}

fn scopes(facts: &OperationFacts) -> Vec<&'static str> {
    let access = facts.in_versions.iter().flatten().filter_map(|version| version.access);
    let lists = access.flat_map(|access| [Some(access.user_scopes), access.application_scopes]);
    let sorted: BTreeSet<_> = lists.flatten().flat_map(|scopes| scopes.0.iter().copied()).collect();
    sorted.into_iter().collect()
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes whatever is written");
}

/// A function that answers for each operation.
fn function(
    text: &mut String,
    about: &str,
    signature: &str,
    operations: &[Named<'_>],
    answer: impl Fn(&Named<'_>) -> String,
) {
    line(text, &format!("\n    /// {about}\n    pub const fn {signature} {{\n        match self {{"));
    for operation in operations {
        line(text, &format!("            Self::{} => {},", operation.variant, answer(operation)));
    }
    line(text, "        }\n    }");
}

/// `getSource` as `GetSource`.
fn pascal_case(id: &str) -> String {
    let mut chars = id.chars();
    chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}
