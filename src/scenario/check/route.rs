//! Whether a request can have the version, the method and the path that a `when` asks for, and lead to one of its
//! operations. A request that leads to none has any method; a rule about every operation is about those, too.

use super::paths;
use super::ways::{Way, ways_elsewhere, ways_to};
use crate::document::{one_of, shown};
use crate::operation::Operation;
use crate::scenario::mistake::Mistake;
use crate::scenario::text::Text;
use crate::scenario::written::{Operations, TextMatch, When};
use crate::version::version_names;

/// What makes it impossible, if anything does.
pub(super) fn check_route(when: &When) -> Result<(), Mistake> {
    if when.version.is_none() && when.method.is_none() && when.path.is_none() {
        return Ok(());
    }
    let operations = match &when.operation {
        Some(Operations::These(operations)) => operations.clone(),
        None | Some(Operations::Any) => Operation::ALL.to_vec(),
        // An attempt to change a password is not a request.
        Some(Operations::Attempts) => return Ok(()),
    };
    // Only a list has pages.
    let has_page = |operation: &Operation| when.page.is_none() || operation.is_paged();
    let operations: Vec<Operation> = operations.into_iter().filter(has_page).collect();
    let mut ways: Vec<Way> = operations.iter().flat_map(|operation| ways_to(*operation)).collect();
    let names: Vec<&str> = operations.iter().map(|operation| operation.id()).collect();
    if !matches!(when.operation, Some(Operations::These(_))) && when.page.is_none() {
        ways.extend(ways_elsewhere());
    }
    keep(&mut ways, when.version.as_ref(), |version, way| version.fits(way.version))
        .map_err(|_| Mistake::new("/version", no_version(when, &operations)))?;
    keep(&mut ways, when.method.as_ref(), has_method).map_err(|before| {
        let message = format!("no call of {} has this method; expected {}", one_of(&names), methods(&before));
        Mistake::new("/method", message)
    })?;
    let Some(path) = &when.path else { return Ok(()) };
    if ways.iter().any(|way| paths::overlap(path, &way.path)) {
        return Ok(());
    }
    let alike =
        |way: &&Way| way.shown.bytes().zip(path.bytes()).take_while(|(one, other)| one == other).count();
    let nearest = ways.iter().max_by_key(alike).map_or("/", |way| &way.shown);
    let message =
        format!("path {} leads to none of these calls; expected one such as {nearest}", shown(path));
    Err(Mistake::new("/path", message))
}

/// Keeps the ways that fit, where something is asked for; fails with all that there were when none is left.
fn keep(
    ways: &mut Vec<Way>,
    asked: Option<&TextMatch>,
    fits: impl Fn(&Text, &Way) -> bool,
) -> Result<(), Vec<Way>> {
    // What is wrong with a pattern is found when it is compiled.
    let Some(text) = asked.and_then(|asked| Text::compile(asked).ok()) else { return Ok(()) };
    let (fitting, others) = std::mem::take(ways).into_iter().partition(|way| fits(&text, way));
    *ways = fitting;
    if ways.is_empty() { Err(others) } else { Ok(()) }
}

fn has_method(asked: &Text, way: &Way) -> bool {
    way.method.is_none_or(|method| asked.fits(Some(method)) || method == "GET" && asked.fits(Some("HEAD")))
}

fn methods(ways: &[Way]) -> String {
    let mut methods: Vec<&str> = ways.iter().filter_map(|way| way.method).collect();
    methods.sort_unstable();
    methods.dedup();
    one_of(&methods)
}

fn no_version(when: &When, operations: &[Operation]) -> String {
    if operations.iter().all(|operation| !operation.is_versioned()) {
        return "the token endpoints have no version; expected none, or another operation".to_owned();
    }
    match &when.version {
        Some(TextMatch::Present(false)) => {
            "these calls always have a version; expected none, or another operation".to_owned()
        }
        Some(TextMatch::Exact(version)) => {
            format!("the operation does not exist in version `{version}`; expected another version")
        }
        _ => format!("no version fits; expected a pattern for some of {}", version_names()),
    }
}
