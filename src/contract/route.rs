//! From a method and a path to an operation, its API version and the id in the path. Doubled and trailing
//! slashes do not count: several of the vendor's clients send them.

use std::borrow::Cow;

use hyper::Method;

use super::Contract;
use crate::operation::Operation;
use crate::version::{ApiVersion, PathStyle, VERSIONS};
use crate::wire::query;

/// A path of the document, in pieces, with its operations.
pub(super) struct PathTemplate {
    segments: Vec<Segment>,
    pub(super) operations: Vec<(Method, Operation)>,
}

enum Segment {
    Literal(String),
    Parameter,
}

impl PathTemplate {
    pub(super) fn new(path: &str) -> Self {
        let segments: Vec<_> =
            pieces(path)
                .map(|piece| {
                    if piece.starts_with('{') {
                        Segment::Parameter
                    } else {
                        Segment::Literal(piece.to_owned())
                    }
                })
                .collect();
        assert!(segments.len() < MOST_PIECES, "`{path}` is longer than any path may be");
        Self { segments, operations: Vec::new() }
    }

    /// The decoded parameter when the pieces fit; an empty one for a path without parameter.
    fn fits<'a>(&self, pieces: &Pieces<'a>) -> Option<Cow<'a, str>> {
        if pieces.count != self.segments.len() {
            return None;
        }
        let mut id = Cow::Borrowed("");
        for (segment, piece) in self.segments.iter().zip(pieces.first) {
            match segment {
                Segment::Literal(literal) if literal == piece => {}
                Segment::Literal(_) => return None,
                Segment::Parameter => id = query::decode_segment(piece),
            }
        }
        Some(id)
    }
}

/// The pieces of a path, as many of them as any path of ours can have.
#[derive(Clone, Copy)]
struct Pieces<'a> {
    first: [&'a str; MOST_PIECES],
    /// How many there are, those beyond the first included.
    count: usize,
}

/// More than the longest path that leads anywhere has; a longer one leads nowhere.
const MOST_PIECES: usize = 8;

impl<'a> Pieces<'a> {
    fn of(path: &'a str) -> Self {
        let mut found = Self { first: [""; MOST_PIECES], count: 0 };
        for piece in pieces(path) {
            if let Some(place) = found.first.get_mut(found.count) {
                *place = piece;
            }
            found.count += 1;
        }
        found
    }

    /// The same without the piece at `index`, which is one of the first.
    fn without(mut self, index: usize) -> Self {
        self.first.copy_within(index + 1.., index);
        self.count -= 1;
        self
    }
}

/// Where a request leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route<'a> {
    /// What it asks for.
    pub operation: Operation,
    /// The API version's name; `None` for the token endpoints, which have none.
    pub version: Option<&'static str>,
    /// The id in the path; empty for a path without one.
    pub id: Cow<'a, str>,
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

/// The endpoints outside every API version.
const UNVERSIONED: [(&str, Method, Operation); 2] =
    [("token", Method::POST, Operation::Token), ("info", Method::GET, Operation::OauthInfo)];

impl Contract {
    /// Where `method` on `path` leads. `HEAD` goes where `GET` goes; the server leaves the body out.
    pub fn route<'a>(&self, method: &Method, path: &'a str) -> Routed<'a> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let pieces = Pieces::of(path);
        if let (2, ["oauth", endpoint, ..]) = (pieces.count, pieces.first) {
            return route_unversioned(method, endpoint);
        }
        let Some((version, pieces)) = split_version(pieces) else {
            return Routed::Unknown { version: None };
        };
        for template in &self.templates {
            let Some(id) = template.fits(&pieces) else {
                continue;
            };
            let found = template.operations.iter().find(|(allowed, _)| allowed == method);
            if let Some(&(_, operation)) = found {
                return Routed::Found(Route { operation, version: Some(version), id });
            }
            let allow: Vec<_> = template.operations.iter().map(|(method, _)| method.as_str()).collect();
            return Routed::WrongMethod { version: Some(version), allow: allow.join(", ") };
        }
        Routed::Unknown { version: Some(version) }
    }
}

/// The version that the pieces name, and the pieces as the document has them.
fn split_version(pieces: Pieces<'_>) -> Option<(&'static str, Pieces<'_>)> {
    let [first, second, ..] = pieces.first;
    VERSIONS.iter().find_map(|ApiVersion { name, style }| match style {
        PathStyle::Prefixed if first == *name => Some((*name, pieces.without(0))),
        PathStyle::PerService if second == *name => Some((*name, pieces.without(1))),
        _ => None,
    })
}

fn route_unversioned(method: &Method, endpoint: &str) -> Routed<'static> {
    let Some((_, allowed, operation)) = UNVERSIONED.iter().find(|(name, ..)| *name == endpoint) else {
        return Routed::Unknown { version: None };
    };
    if method == allowed {
        Routed::Found(Route { operation: *operation, version: None, id: Cow::Borrowed("") })
    } else {
        Routed::WrongMethod { version: None, allow: allowed.to_string() }
    }
}

fn pieces(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|piece| !piece.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str) -> String {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        match Contract::built_in().unwrap().route(&method, path) {
            Routed::Found(Route { operation, version, id }) => {
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
    fn slashes_too_many_do_not_count() {
        assert_eq!(route("POST", "//oauth/token"), "token -");
        assert_eq!(route("GET", "//v3//password-sync-groups/"), "getPasswordSyncGroups v3");
        assert_eq!(route("GET", "/v3/password-sync-groups/a%2Fb"), "getPasswordSyncGroup v3 a/b");
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
        for path in ["/", "/v3", "/v4/password-sync-groups", "/v3/password-sync-groups/1/2", "/oauth/nothing"]
        {
            assert_eq!(route("GET", path), "unknown", "{path}");
        }
    }
}
