//! From a method and a path to an operation, its API version and the id in the path. Doubled and trailing
//! slashes do not count: several of the vendor's clients send them.

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
        let segments =
            pieces(path)
                .map(|piece| {
                    if piece.starts_with('{') {
                        Segment::Parameter
                    } else {
                        Segment::Literal(piece.to_owned())
                    }
                })
                .collect();
        Self { segments, operations: Vec::new() }
    }

    /// The decoded parameter when the pieces fit; an empty one for a path without parameter.
    fn fits(&self, pieces: &[&str]) -> Option<String> {
        if pieces.len() != self.segments.len() {
            return None;
        }
        let mut id = String::new();
        for (segment, piece) in self.segments.iter().zip(pieces) {
            match segment {
                Segment::Literal(literal) if literal == piece => {}
                Segment::Literal(_) => return None,
                Segment::Parameter => id = query::decode_segment(piece).into_owned(),
            }
        }
        Some(id)
    }
}

/// Where a request leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// What it asks for.
    pub operation: Operation,
    /// The API version's name; `None` for the token endpoints, which have none.
    pub version: Option<&'static str>,
    /// The id in the path; empty for a path without one.
    pub id: String,
}

/// What routing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Routed {
    /// An operation.
    Found(Route),
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
    pub fn route(&self, method: &Method, path: &str) -> Routed {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let pieces: Vec<&str> = pieces(path).collect();
        if let ["oauth", endpoint] = pieces[..] {
            return route_unversioned(method, endpoint);
        }
        let Some((version, pieces)) = split_version(&pieces) else {
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
fn split_version<'a>(pieces: &[&'a str]) -> Option<(&'static str, Vec<&'a str>)> {
    VERSIONS.iter().find_map(|ApiVersion { name, style }| match (style, pieces) {
        (PathStyle::Prefixed, [first, rest @ ..]) if first == name => Some((*name, rest.to_vec())),
        (PathStyle::PerService, [service, second, rest @ ..]) if second == name => {
            Some((*name, std::iter::once(*service).chain(rest.iter().copied()).collect()))
        }
        _ => None,
    })
}

fn route_unversioned(method: &Method, endpoint: &str) -> Routed {
    let Some((_, allowed, operation)) = UNVERSIONED.iter().find(|(name, ..)| *name == endpoint) else {
        return Routed::Unknown { version: None };
    };
    if method == allowed {
        Routed::Found(Route { operation: *operation, version: None, id: String::new() })
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
