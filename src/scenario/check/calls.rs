//! The calls that a rule may be about: each operation in each of its versions with each method that leads to it. With them
//! rules are compared whose `when`s say the same in other words, such as a path and an operation.

use std::cell::Cell;
use std::sync::LazyLock;

use super::paths::{self, Piece};
use super::ways::{self, Way};
use crate::operation::Operation;
use crate::scenario::text::Text;
use crate::scenario::written::{Operations, TextMatch, When};
use crate::version::{PathStyle, VERSIONS};

/// One of them.
struct Call {
    operation: Operation,
    version: Option<&'static str>,
    method: &'static str,
    /// The place of its path in [`Known::paths`].
    path: usize,
}

struct Known {
    calls: Vec<Call>,
    /// The paths, each once, as a glob and in pieces.
    paths: Vec<(String, Vec<Piece>)>,
}

/// All that there are.
static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut known = Known { calls: Vec::new(), paths: Vec::new() };
    for operation in Operation::ALL {
        for Way { version, path, .. } in ways::ways_to(operation) {
            let place = known.paths.iter().position(|(other, _)| *other == path).unwrap_or_else(|| {
                known.paths.push((path.clone(), paths::pieces(&path)));
                known.paths.len() - 1
            });
            // `HEAD` goes where `GET` goes.
            let head = (operation.method() == "GET").then_some("HEAD");
            let methods = [operation.method()].into_iter().chain(head);
            known.calls.extend(methods.map(|method| Call { operation, version, method, path: place }));
        }
    }
    known
});

/// Some of the calls, a bit for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Calls(Vec<u64>);

impl Calls {
    /// None of them.
    pub(super) fn none() -> Self {
        Self(vec![0; KNOWN.calls.len().div_ceil(64)])
    }

    fn of(is_one: impl Fn(&Call) -> bool) -> Self {
        let mut calls = Self::none();
        for (place, _) in KNOWN.calls.iter().enumerate().filter(|(_, call)| is_one(call)) {
            calls.0[place / 64] |= 1 << (place % 64);
        }
        calls
    }

    /// Whether all of these are among the others.
    pub(super) fn are_in(&self, others: &Self) -> bool {
        self.0.iter().zip(&others.0).all(|(these, others)| these & !others == 0)
    }

    /// Those that are in both.
    pub(super) fn and(&self, others: &Self) -> Self {
        Self(self.0.iter().zip(&others.0).map(|(these, others)| these & others).collect())
    }

    /// Those that are in one of both.
    pub(super) fn or(&self, others: &Self) -> Self {
        Self(self.0.iter().zip(&others.0).map(|(these, others)| these | others).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }
}

/// The calls that a `when` may be about.
pub(super) struct Reach {
    /// Those that some request may be that it matches.
    pub(super) may: Calls,
    /// Whether it may also match a request that is none of them.
    pub(super) elsewhere: bool,
    /// Those all of whose requests have its operation, version and method, whatever their paths are.
    pub(super) sure: Calls,
    /// Those all of whose requests have its path.
    pub(super) sure_path: Calls,
    /// Its path in pieces.
    pub(super) path: Option<Vec<Piece>>,
    /// The version of every request with that path, where the path alone says it.
    pub(super) version: Option<&'static str>,
}

impl Reach {
    pub(super) fn of(when: &When, steps_left: &Cell<u32>) -> Self {
        let text = |asked: Option<&TextMatch>| asked.and_then(|asked| Text::compile(asked).ok());
        let (version, method) = (text(when.version.as_ref()), text(when.method.as_ref()));
        let fits = |text: &Option<Text>, found| text.as_ref().is_none_or(|text| text.fits(found));
        let is_about = |operation: Operation| match &when.operation {
            None | Some(Operations::Any) => true,
            Some(Operations::These(operations)) => operations.contains(&operation),
            Some(Operations::Attempts) => false,
        };
        let has_page = |operation: Operation| when.page.is_none() || operation.is_paged();
        let sure = Calls::of(|call| {
            is_about(call.operation) && fits(&version, call.version) && fits(&method, Some(call.method))
        });
        let path = when.path.as_deref().map(paths::pieces);
        let on_paths = |is_one: &dyn Fn(&str, &[Piece]) -> bool| {
            let paths: Vec<bool> = KNOWN.paths.iter().map(|(glob, pieces)| is_one(glob, pieces)).collect();
            Calls::of(|call| paths[call.path])
        };
        let sure_path = match &path {
            None => Calls::of(|_| true),
            Some(path) => on_paths(&|_, pieces| paths::includes(path, pieces, steps_left)),
        };
        let overlapping = match &when.path {
            None => Calls::of(|_| true),
            Some(path) => on_paths(&|glob, _| paths::overlap(path, glob)),
        };
        let may = sure.and(&overlapping).and(&Calls::of(|call| has_page(call.operation)));
        let is_one_of_them = when.page.is_some()
            || !matches!(when.operation, None | Some(Operations::Any))
            || matches!((&path, &when.method), (Some(path), Some(TextMatch::Exact(method)))
                if leads_somewhere(path, method, &overlapping, steps_left));
        Self {
            may,
            elsewhere: !is_one_of_them,
            sure,
            sure_path,
            version: path.as_deref().and_then(version_of),
            path,
        }
    }
}

/// Whether every request with this path and method leads to an operation: one has all of these paths, and every
/// path that some of them have takes the method.
fn leads_somewhere(path: &[Piece], method: &str, overlapping: &Calls, steps_left: &Cell<u32>) -> bool {
    let takes = |place: usize| KNOWN.calls.iter().any(|call| call.path == place && call.method == method);
    let is_touched = |place: usize| !Calls::of(|call| call.path == place).and(overlapping).is_empty();
    let includes = |pieces: &[Piece]| paths::includes(pieces, path, steps_left);
    let touched: Vec<_> = KNOWN.paths.iter().enumerate().filter(|(place, _)| is_touched(*place)).collect();
    touched.iter().all(|(place, _)| takes(*place)) && touched.iter().any(|(_, (_, pieces))| includes(pieces))
}

/// The version that a path begins with.
fn version_of(path: &[Piece]) -> Option<&'static str> {
    let versions = VERSIONS.iter().filter(|version| version.style == PathStyle::Prefixed);
    let begins = |name: &str| {
        let step: Vec<Piece> = format!("/{name}").chars().map(Piece::Literal).collect();
        let behind = path.strip_prefix(step.as_slice());
        behind.is_some_and(|behind| matches!(behind, [] | [Piece::Literal('/'), ..]))
    };
    versions.map(|version| version.name).find(|name| begins(name))
}
