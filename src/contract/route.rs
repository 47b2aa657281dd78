//! From a method and a path to an operation, its API version and the parameters in the path. Doubled and trailing
//! slashes do not count: several of the vendor's clients send them. Each step is read decoded, so that `%2D` is `-`,
//! but `%2F` is not a slash.

use std::borrow::Cow;

use hyper::Method;

use super::Contract;
use super::facts::{
    Branch, InVersion, List, METHODS, MOST_PATH_PARAMETERS, MOST_PIECES, OperationFacts, Segment, Service,
    Template,
};
use crate::operation::Operation;
use crate::version::{ApiVersion, PathStyle, VERSIONS};
use crate::wire::query;
use crate::wire::scan::position;

/// Where a request leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route<'a> {
    /// What it asks for.
    pub operation: Operation,
    /// The API version's name; `None` for the token endpoints, which have none.
    pub version: Option<&'static str>,
    /// The first parameter in the path, decoded; empty for a path without one.
    pub id: Cow<'a, str>,
    pub(super) found: Found<'a>,
}

impl<'a> Route<'a> {
    /// A parameter in the path by its name, decoded; empty when the path has none of that name.
    pub fn param(&self, name: &str) -> Cow<'a, str> {
        self.found.param(name)
    }
}

/// What routing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Routed<'a> {
    /// An operation.
    Found(Route<'a>),
    /// A path that exists, with another method.
    WrongMethod {
        /// The API version's name.
        version: Option<&'static str>,
        /// The methods that exist, for the `Allow` header.
        allow: String,
    },
    /// No such path.
    Unknown {
        /// The API version's name, where the path names one.
        version: Option<&'static str>,
    },
}

impl Routed<'_> {
    /// The operation, if there is one.
    pub fn operation(&self) -> Option<Operation> {
        match self {
            Self::Found(route) => Some(route.operation),
            _ => None,
        }
    }

    /// The API version's name, even if the route does not exist.
    pub fn version(&self) -> Option<&'static str> {
        match self {
            Self::Found(route) => route.version,
            Self::WrongMethod { version, .. } | Self::Unknown { version } => *version,
        }
    }
}

/// An operation that a path leads to, in the terms of the tables.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    /// Its place in [`Service::operations`].
    pub(super) index: usize,
    pub(super) facts: &'static OperationFacts,
    pub(super) in_version: &'static InVersion,
    version: Option<&'static str>,
    names: &'static [&'static str],
    /// The parameters as written in the path.
    values: [&'a str; MOST_PATH_PARAMETERS],
}

impl PartialEq for Found<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.index, self.version, self.values) == (other.index, other.version, other.values)
    }
}

impl Eq for Found<'_> {}

impl<'a> Found<'a> {
    fn id(&self) -> Cow<'a, str> {
        if self.names.is_empty() { Cow::Borrowed("") } else { query::decode_segment(self.values[0]) }
    }

    pub(super) fn param(&self, name: &str) -> Cow<'a, str> {
        let known = self.names.iter().zip(self.values).find(|(known, _)| **known == name);
        known.map_or(Cow::Borrowed(""), |(_, value)| query::decode_segment(value))
    }
}

impl Contract {
    /// Where `method` on `path` leads. `HEAD` goes where `GET` goes; the server leaves the body out.
    pub fn route<'a>(&self, method: &Method, path: &'a str) -> Routed<'a> {
        match find(self.service, method, path) {
            Ok(found) => Routed::Found(Route {
                operation: Operation::ALL[found.index],
                version: found.version,
                id: found.id(),
                found,
            }),
            Err(Nowhere { version, allow: None }) => Routed::Unknown { version },
            Err(Nowhere { version, allow: Some(allow) }) => Routed::WrongMethod { version, allow },
        }
    }
}

/// A path that leads to no operation.
#[derive(Debug)]
pub(super) struct Nowhere {
    version: Option<&'static str>,
    /// The methods that the path has, if it has any.
    pub(super) allow: Option<String>,
}

/// The operation of `service` that a method and a path lead to.
pub(super) fn find<'a>(
    service: &'static Service,
    method: &Method,
    path: &'a str,
) -> Result<Found<'a>, Nowhere> {
    let pieces = Pieces::of(path);
    let method = place_of(method);
    let spelling = Spelling::of(path);
    if let Some(branch) = branch(service.unversioned_routes, pieces.found[0], spelling) {
        let found = branch_leads(service, branch, method, pieces.from(1), None, spelling);
        if !matches!(found, Err(Nowhere { allow: None, .. })) {
            return found;
        }
    }
    let Some((version, first, rest)) = split_version(&pieces, spelling) else {
        return Err(Nowhere { version: None, allow: None });
    };
    match branch(service.routes, first, spelling) {
        Some(branch) => branch_leads(service, branch, method, rest, Some(version), spelling),
        None => Err(Nowhere { version: Some(VERSIONS[version].name), allow: None }),
    }
}

/// Whether a path's pieces are as they are read, or must be decoded for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    Plain,
    Encoded,
}

impl Spelling {
    fn of(path: &str) -> Self {
        if position(path.as_bytes(), |byte| byte == b'%').is_some() { Self::Encoded } else { Self::Plain }
    }

    /// Whether a piece of the path is this text.
    #[inline]
    fn is(self, piece: &str, text: &str) -> bool {
        piece == text || self == Self::Encoded && query::decode_segment(piece) == text
    }
}

fn branch(branches: List<Branch>, first: &str, spelling: Spelling) -> Option<&'static Branch> {
    match spelling {
        // Nearly every path: most names differ in length, which costs next to nothing to see.
        Spelling::Plain => branches.0.iter().find(|branch| branch.first == first),
        Spelling::Encoded => branches.0.iter().find(|branch| spelling.is(first, branch.first)),
    }
}

/// Whether some of a path is encoded.
pub(super) fn is_encoded(path: &str) -> bool {
    Spelling::of(path) == Spelling::Encoded
}

/// Whether a path without encoded bytes begins with one of these names, in front of a version or behind one.
pub(super) fn begins_with(path: &str, names: &[&str]) -> bool {
    let [first, second, ..] = Pieces::of(path).found;
    names.contains(&first) || names.contains(&second)
}

/// Where the rest of a path leads in a version, the `version`-th, or outside all of them.
fn branch_leads<'a>(
    service: &'static Service,
    branch: &'static Branch,
    method: Option<usize>,
    rest: &[&'a str],
    version: Option<usize>,
    spelling: Spelling,
) -> Result<Found<'a>, Nowhere> {
    let operations: &'static [OperationFacts] = service.operations.0;
    let here = |index: usize| match version {
        Some(version) => operations[index].in_versions[version].as_ref(),
        None => operations[index].unversioned.as_ref(),
    };
    let version = version.map(|version| VERSIONS[version].name);
    let templates: &'static [Template] = branch.templates.0;
    for template in templates {
        let Some(values) = fit(template, rest, spelling) else { continue };
        if let Some(index) = method.and_then(|method| template.operations[method])
            && let Some(in_version) = here(index)
        {
            let (facts, names) = (&operations[index], template.parameters.0);
            return Ok(Found { index, facts, in_version, version, names, values });
        }
        let is_here = |operation: &Option<usize>| operation.and_then(here).is_some();
        let allow: Vec<&str> = template
            .operations
            .iter()
            .zip(METHODS)
            .filter_map(|(operation, method)| is_here(operation).then_some(method))
            .collect();
        // What the service does here, and this server does not, is not a wrong method.
        if method.is_some_and(|method| template.not_simulated[method]) {
            break;
        }
        // A path all of whose operations belong to other versions does not exist in this one.
        if !allow.is_empty() {
            return Err(Nowhere { version, allow: Some(allow.join(", ")) });
        }
    }
    Err(Nowhere { version, allow: None })
}

/// The parameters when the pieces fit the template.
fn fit<'a>(
    template: &Template,
    rest: &[&'a str],
    spelling: Spelling,
) -> Option<[&'a str; MOST_PATH_PARAMETERS]> {
    if rest.len() != template.segments.len() {
        return None;
    }
    let mut values = [""; MOST_PATH_PARAMETERS];
    let mut count = 0;
    for (segment, &piece) in template.segments.iter().zip(rest) {
        match segment {
            Segment::Literal(literal) if spelling.is(piece, literal) => {}
            Segment::Literal(_) => return None,
            Segment::Parameter => {
                values[count] = piece;
                count += 1;
            }
        }
    }
    Some(values)
}

/// The place of a method in [`METHODS`]; `HEAD` counts as `GET`.
fn place_of(method: &Method) -> Option<usize> {
    match *method {
        Method::GET | Method::HEAD => Some(0),
        Method::POST => Some(1),
        Method::PUT => Some(2),
        Method::PATCH => Some(3),
        Method::DELETE => Some(4),
        _ => None,
    }
}

/// The pieces of a path, as many of them as any path of ours can have.
struct Pieces<'a> {
    found: [&'a str; MOST_PIECES],
    /// How many there are; more than [`MOST_PIECES`] for a path that is too long to exist.
    count: usize,
}

impl<'a> Pieces<'a> {
    fn of(path: &'a str) -> Self {
        let mut pieces = Self { found: [""; MOST_PIECES], count: 0 };
        let mut rest = path;
        while !rest.is_empty() {
            let end = position(rest.as_bytes(), |byte| byte == b'/').unwrap_or(rest.len());
            let (piece, behind) = rest.split_at(end);
            if !piece.is_empty() {
                if let Some(place) = pieces.found.get_mut(pieces.count) {
                    *place = piece;
                }
                pieces.count += 1;
            }
            rest = behind.get(1..).unwrap_or_default();
        }
        pieces
    }

    /// Those from the `start`-th on. A path that is too long has more than any template.
    fn from(&self, start: usize) -> &[&'a str] {
        self.found.get(start..self.count.min(MOST_PIECES)).unwrap_or_default()
    }
}

/// The place of the version that a path names, and the path's first piece and its rest without it.
fn split_version<'p, 'a>(
    pieces: &'p Pieces<'a>,
    spelling: Spelling,
) -> Option<(usize, &'a str, &'p [&'a str])> {
    let [first, second, ..] = pieces.found;
    VERSIONS.iter().enumerate().find_map(|(place, ApiVersion { name, style })| match style {
        PathStyle::Prefixed if spelling.is(first, name) => Some((place, second, pieces.from(2))),
        PathStyle::PerService if spelling.is(second, name) => Some((place, first, pieces.from(2))),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str) -> String {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        match Contract::built_in().route(&method, path) {
            Routed::Found(Route { operation, version, id, .. }) => {
                format!("{operation} {} {id}", version.unwrap_or("-")).trim_end().to_owned()
            }
            Routed::WrongMethod { allow, .. } => format!("allow {allow}"),
            Routed::Unknown { .. } => "unknown".to_owned(),
        }
    }

    #[test]
    fn every_version_leads_to_every_operation() {
        for version in VERSIONS {
            let collection = version.server_suffix() + &version.spell("/password-sync-groups");
            let name = version.name;
            for (method, path, operation) in [
                ("GET", collection.clone(), format!("getPasswordSyncGroups {name}")),
                ("POST", collection.clone(), format!("createPasswordSyncGroup {name}")),
                ("GET", format!("{collection}/a-b"), format!("getPasswordSyncGroup {name} a-b")),
                ("PUT", format!("{collection}/a-b"), format!("updatePasswordSyncGroup {name} a-b")),
                ("DELETE", format!("{collection}/a-b"), format!("deletePasswordSyncGroup {name} a-b")),
            ] {
                assert_eq!(route(method, &path), operation, "{method} {path}");
            }
        }
        assert_eq!(route("POST", "/oauth/token"), "token -");
        assert_eq!(route("GET", "/oauth/info"), "oauthInfo -");
    }

    #[test]
    fn extra_slashes_are_ignored() {
        assert_eq!(route("POST", "//oauth/token"), "token -");
        assert_eq!(route("GET", "//v3//password-sync-groups/"), "getPasswordSyncGroups v3");
        assert_eq!(route("GET", "/v3/password-sync-groups/a%2Fb"), "getPasswordSyncGroup v3 a/b");
    }

    #[test]
    fn every_step_may_be_encoded() {
        assert_eq!(route("GET", "/v3/password%2Dsync-groups"), "getPasswordSyncGroups v3");
        assert_eq!(route("GET", "/%763/password%2dsync%2Dgroups/a%2Db"), "getPasswordSyncGroup v3 a-b");
        assert_eq!(route("GET", "/password-sync%2Dgroups/%76%31/x"), "getPasswordSyncGroup v1 x");
        assert_eq!(route("POST", "/o%61uth/%74oken"), "token -");
        assert_eq!(route("GET", "/v3%2Fpassword-sync-groups"), "unknown");
        assert_eq!(route("GET", "/v3/password%252Dsync-groups"), "unknown");
    }

    #[test]
    fn head_goes_where_get_goes() {
        assert_eq!(route("HEAD", "/v3/password-sync-groups"), "getPasswordSyncGroups v3");
    }

    #[test]
    fn other_methods_and_other_paths_lead_nowhere() {
        assert_eq!(route("PATCH", "/v3/password-sync-groups/1"), "allow GET, PUT, DELETE");
        assert_eq!(route("QUERY", "/password-sync-groups/v1"), "allow GET, POST");
        assert_eq!(route("GET", "/oauth/token"), "allow POST");
        for path in [
            "/",
            "",
            "/v3",
            "/v4/password-sync-groups",
            "/v3/password-sync-groups/1/2",
            "/v3/password-sync-groups/1/2/3/4/5/6/7/8",
            "/v3/password-sync-groups/v1",
            "/oauth/nothing",
            "/v3/oauth/token",
        ] {
            let expected = if path.ends_with("groups/v1") { "getPasswordSyncGroup v3 v1" } else { "unknown" };
            assert_eq!(route("GET", path), expected, "{path}");
        }
    }
}
