//! What the build learned from the service's documents, as static tables: operations with their differences from
//! version to version, and the paths that lead to them. The build fills these types and prints them with `Debug`,
//! so what they print must be what one would write; nothing here uses the rest of the crate.

use std::fmt;
use std::ops::Deref;

use super::field::{Field, Filterable, Sortable};
use super::version::VERSIONS;

/// A static list. Unlike a slice it prints as one would write it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct List<T: 'static>(pub &'static [T]);

impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List(&{:?})", self.0)
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0
    }
}

/// Everything about the service that routing and checking need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    /// In the order of [`crate::operation::Operation::ALL`].
    pub(crate) operations: List<OperationFacts>,
    /// The paths that have a version.
    pub(crate) routes: List<Branch>,
    /// The paths that stand outside every version.
    pub(crate) unversioned_routes: List<Branch>,
    /// The fields by which lists are filtered and sorted, for each resource that has any.
    pub(crate) rows: List<RowFacts>,
}

/// The fields of a resource's records by which any list is filtered or sorted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowFacts {
    pub(crate) resource: &'static str,
    pub(crate) fields: List<Field>,
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OperationFacts {
    /// Its name, which is its operationId in the newest version.
    pub(crate) id: &'static str,
    /// What it is like in each version, in the order of [`VERSIONS`]; `None` where it does not exist.
    pub(crate) in_versions: [Option<InVersion>; VERSIONS.len()],
    /// What it is like outside every version; only for the token calls.
    pub(crate) unversioned: Option<InVersion>,
    /// Query and header parameters.
    pub(crate) parameters: List<Parameter>,
    /// The request body, for an operation that reads one.
    pub(crate) body: Option<BodyFacts>,
}

/// What may differ between the versions of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InVersion {
    /// The operationId in that version's document.
    pub(crate) operation_id: &'static str,
    /// Who may call it; `None` when everybody may.
    pub(crate) access: Option<Access>,
    /// Whether the client must send `X-SailPoint-Experimental: true`.
    pub(crate) is_experimental: bool,
    /// What the list can be filtered and sorted by; `None` when `filters` and `sorters` are ignored.
    pub(crate) listing: Option<Listing>,
}

/// What a list can be filtered and sorted by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listing {
    /// Whose records it lists: their place in [`Service::rows`].
    pub(crate) rows: usize,
    /// The fields that filters may name; empty when `filters` is ignored.
    pub(crate) filters: List<Filterable>,
    /// The fields that sorters may name; empty when `sorters` is ignored.
    pub(crate) sorters: List<Sortable>,
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Scopes, any of which allows a token with a user; empty when no scope is asked for.
    pub user_scopes: List<&'static str>,
    /// Scopes, any of which allows a token without a user; `None` when such a token is never allowed.
    pub application_scopes: Option<List<&'static str>>,
    /// User levels (authorities), any of which a user must have; empty when none is required.
    pub user_levels: List<&'static str>,
}

/// A parameter in the query or in a header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) is_required: bool,
    pub(crate) kind: Kind,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Query,
    Header,
}

/// What a parameter may be, and its value when it is absent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Integer {
        least: i64,
        most: i64,
        default: Option<i64>,
    },
    Boolean {
        default: Option<bool>,
    },
    /// `options` is empty when any text is allowed.
    Text {
        most_chars: Option<usize>,
        options: List<&'static str>,
        default: Option<&'static str>,
    },
}

/// A request body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyFacts {
    pub(crate) media: Media,
    pub(crate) is_required: bool,
    /// The body's schema as JSON, complete in itself, for tenants that ignore the service's prerequisites.
    pub(crate) lenient: &'static str,
    /// The same for tenants that enforce them.
    pub(crate) strict: &'static str,
    /// The schema that a record must keep after a JSON Patch; `None` for every other body.
    pub(crate) result: Option<&'static str>,
}

/// The media types of bodies that the contract reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    JsonPatch,
    Multipart,
}

/// The paths with the same first segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Branch {
    pub(crate) first: &'static str,
    /// The more literal ones first.
    pub(crate) templates: List<Template>,
}

/// What follows the first segment of a path, and what it leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Template {
    pub(crate) segments: List<Segment>,
    /// The names of the parameters, in the order in which they stand.
    pub(crate) parameters: List<&'static str>,
    /// For each of [`METHODS`] the operation's place in [`Service::operations`].
    pub(crate) operations: [Option<usize>; METHODS.len()],
    /// For each of them whether the service does something here that is not simulated.
    pub(crate) not_simulated: [bool; METHODS.len()],
}

/// One segment of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(&'static str),
    Parameter,
}

/// The methods that operations may have, in the order in which `Allow` names them.
pub(crate) const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// More than the longest known path has; a longer path does not exist.
pub(crate) const MOST_PIECES: usize = 8;

/// How many parameters a path may have at most.
pub(crate) const MOST_PATH_PARAMETERS: usize = 3;
