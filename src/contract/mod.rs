//! The contract: the service's OpenAPI documents under `fixtures/openapi/service`, as routes, parameter checks, body
//! checks and access rules for each API version, and served again with `servers` filled in. It knows what a request
//! may look like, not what is in any tenant.
//!
//! The build reads the documents (`build/`) and writes static tables ([`facts`]), so a start compiles nothing; a
//! body's schema is compiled when the first body comes. One document describes an operation in every version, and
//! marks of our own (`x-sim-…`) say how the versions differ: `docs/openapi-documents.md` has them all. None is left in a
//! document that is served.

mod body;
mod check;
mod document;
#[allow(dead_code, reason = "which variants there are is the documents' choice")]
mod facts;
#[allow(dead_code, reason = "the build reads them all")]
mod marks;
mod meant;
mod parameter;
mod route;
mod selection;
mod violation;

#[cfg(test)]
#[path = "../../build/mod.rs"]
mod build;
#[cfg(test)]
mod tests;

/// What `build.rs` has of its own, for the tests that compile documents: YAML as JSON, or `: what is wrong`.
#[cfg(test)]
fn yaml_to_json(text: &str) -> Result<serde_json::Value, String> {
    let document = crate::document::Document { name: "", text, format: crate::document::Format::Yaml };
    document.to_json().map_err(|error| error.to_string())
}

/// What the build made of the documents.
#[allow(
    clippy::enum_glob_use,
    clippy::unreadable_literal,
    unused_imports,
    reason = "written by the build, and what is in it is the documents' choice"
)]
mod tables {
    use super::facts::{
        Access, BodyFacts, Branch, InVersion, Kind::*, List, Listing, Media::*, OperationFacts, Parameter,
        Place::*, RowFacts, Segment::*, Service, Template,
    };
    use super::field::{Field, FieldKind, Filterable, Operators, Sortable};

    include!(concat!(env!("OUT_DIR"), "/tables.rs"));
}

use std::fmt;

pub use check::{Arguments, Multipart};
pub use facts::{Access, List};
pub use route::{Route, Routed};
pub use violation::Violation;

use crate::operation::Operation;
use crate::query::field;
use crate::version;
use hyper::Method;

use body::Validators;
use facts::{Branch, Service};

/// The merged document of all versions, as the build wrote it.
const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/service.json"));

/// The contract.
pub struct Contract {
    service: &'static Service,
    /// As JSON; parsed when it is served.
    document: &'static str,
    /// For each operation of the service.
    bodies: Box<[Validators]>,
    /// What the paths of operations begin with that take long to decide. Each of these operations is a `POST`.
    slow_names: Vec<&'static str>,
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&str> = self.service.operations.iter().map(|facts| facts.id).collect();
        f.debug_struct("Contract").field("operations", &ids).finish_non_exhaustive()
    }
}

impl Contract {
    /// The contract of the built-in documents.
    pub fn built_in() -> Self {
        Self::of(&tables::SERVICE, DOCUMENT)
    }

    fn of(service: &'static Service, document: &'static str) -> Self {
        let bodies = service.operations.iter().map(|_| Validators::default()).collect();
        let is_slow = |index: usize| Operation::ALL.get(index).is_some_and(|operation| operation.is_slow());
        let has_slow = |branch: &&Branch| {
            let operations = branch.templates.iter().flat_map(|template| template.operations);
            operations.flatten().any(is_slow)
        };
        let slow_names = service.routes.0.iter().filter(has_slow).map(|branch| branch.first).collect();
        Self { service, document, bodies, slow_names }
    }

    /// Whether an operation that takes long may be meant, by a method and by how a path begins: a cheap question that
    /// rules out most requests.
    pub fn may_be_slow(&self, method: &Method, path: &str) -> bool {
        *method == Method::POST && (route::is_encoded(path) || route::begins_with(path, &self.slow_names))
    }

    /// Who may make the call that a route leads to; `None` when everybody may.
    pub fn access(&self, route: &Route<'_>) -> Option<&'static Access> {
        route.found.in_version.access.as_ref()
    }
}
