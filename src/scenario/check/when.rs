//! Whether a `when` can match anything.

use hyper::header::HeaderName;

use super::route::check_route;
use super::size::check_size;
use crate::document::shown;
use crate::operation::Operation;
use crate::scenario::mistake::{Mistake, escaped};
use crate::scenario::written::{ATTEMPT, Operations, TextMatch, When};
use crate::version::{ApiVersion, version_names};
use crate::wire::query;

/// All mistakes in a `when`, at most one for each of its parts; pointers begin below it.
pub(in crate::scenario) fn check_when(when: &When) -> Vec<Mistake> {
    let parts = [check_version(when), check_method(when), check_path(when), check_page(when)];
    // Parts that mean something may still not go together.
    let route = if parts.iter().all(Result::is_ok) { check_route(when) } else { Ok(()) };
    let headers = when.header.keys().map(|name| check_header(name));
    let pointers = when.body.keys().map(|pointer| check_pointer(pointer));
    let size = check_size(when).into_iter().chain(check_attempts(when));
    let parts = parts.into_iter().chain([route]).chain(headers).chain(pointers);
    size.chain(parts.filter_map(Result::err)).collect()
}

/// An attempt to change a password is not a request, and only it has a source.
fn check_attempts(when: &When) -> Vec<Mistake> {
    if when.operation != Some(Operations::Attempts) {
        let message = format!("`source` without the operation `{ATTEMPT}`; expected the two together");
        return when.source.iter().map(|_| Mistake::new("/source", message.clone())).collect();
    }
    let given = [
        ("version", when.version.is_some()),
        ("method", when.method.is_some()),
        ("path", when.path.is_some()),
        ("query", !when.query.is_empty()),
        ("header", !when.header.is_empty()),
        ("body", !when.body.is_empty()),
        ("page", when.page.is_some()),
        ("connection", when.connection.is_some()),
    ];
    let given = given.into_iter().filter(|(_, is_given)| *is_given);
    given
        .map(|(part, _)| {
            let message = format!("`{part}` of an attempt to change a password, which is not a request; expected `source` or `client`");
            Mistake::new(format!("/{part}"), message)
        })
        .collect()
}

fn check_version(when: &When) -> Result<(), Mistake> {
    if let Some(TextMatch::Exact(version)) = &when.version
        && ApiVersion::named(version).is_none()
    {
        let meant = ApiVersion::named(&format!("v{version}")).map(|version| version.name);
        let advice = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
        let expected = version_names();
        let message = format!("version `{version}` does not exist; expected one of {expected}{advice}");
        return Err(Mistake::new("/version", message));
    }
    Ok(())
}

fn check_method(when: &When) -> Result<(), Mistake> {
    if let Some(TextMatch::Exact(method)) = &when.method
        && (method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-'))
    {
        let message = format!("method `{method}` can never match; expected capitals such as GET");
        return Err(Mistake::new("/method", message));
    }
    Ok(())
}

fn check_path(when: &When) -> Result<(), Mistake> {
    let Some(path) = &when.path else { return Ok(()) };
    let never = |expected: &str| {
        let message = format!("path {} can never match; expected {expected}", shown(path));
        Err(Mistake::new("/path", message))
    };
    // `?` is a wildcard, but what follows one in a path has no `=`.
    if let Some((alone, query)) = path.split_once('?').filter(|(_, query)| query.contains('=')) {
        let pairs: Vec<String> =
            query::pairs(query).map(|(name, value)| format!("{name}: '{value}'")).collect();
        return never(&format!(
            "no query in it; write `path: {alone}` and `query: {{{}}}`",
            pairs.join(", ")
        ));
    }
    if let Some((_, rest)) = path.split_once("://") {
        let path = rest.find('/').map_or("/", |slash| &rest[slash..]);
        return never(&format!("the path alone; write {path}"));
    }
    if let Some(rest) = path.strip_prefix("/tenants/") {
        let path = rest.find('/').map_or("/", |slash| &rest[slash..]);
        return never(&format!("the path below the tenant's base URL; write {path}"));
    }
    if path == "/_sim" || path.starts_with("/_sim/") {
        return never("a path of the API; control calls are never faulted");
    }
    if !path.starts_with(['/', '*', '?']) {
        return never("one that begins with `/` or a wildcard");
    }
    Ok(())
}

fn check_page(when: &When) -> Result<(), Mistake> {
    if let (Some(_), Some(Operations::These(operations))) = (&when.page, &when.operation)
        && !operations.iter().any(|operation| operation.is_paged())
    {
        let paged = Operation::ALL.into_iter().filter(|operation| operation.is_paged());
        let paged = paged.map(Operation::id).collect::<Vec<_>>().join(", ");
        let message = format!("only a list has pages; expected one of {paged}");
        return Err(Mistake::new("/page", message));
    }
    Ok(())
}

fn check_header(name: &str) -> Result<(), Mistake> {
    if HeaderName::from_bytes(name.as_bytes()).is_ok() {
        return Ok(());
    }
    let message = format!("`{name}` cannot be a header; expected a field name");
    Err(Mistake::new(format!("/header/{}", escaped(name)), message))
}

fn check_pointer(pointer: &str) -> Result<(), Mistake> {
    let is_escaped = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if (pointer.is_empty() || pointer.starts_with('/')) && is_escaped {
        return Ok(());
    }
    // The steps, as other notations write them: `name`, `$.name`, `sourceIds[0]`.
    let steps: Vec<&str> = pointer.split(['$', '.', '[', ']']).filter(|step| !step.is_empty()).collect();
    let is_plain = |step: &&str| step.chars().all(|c| c.is_alphanumeric() || c == '_');
    let meant = if !steps.is_empty() && steps.iter().all(is_plain) {
        format!("; write /{}", steps.join("/"))
    } else {
        String::new()
    };
    let message =
        format!("`{pointer}` is not a JSON Pointer; expected one such as `/name` or `/sourceIds/0`{meant}");
    Err(Mistake::new(format!("/body/{}", escaped(pointer)), message))
}
