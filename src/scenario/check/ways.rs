//! How requests may come: to each operation in each of its versions, and to none.

use crate::operation::Operation;
use crate::version::{ApiVersion, PathStyle, VERSIONS};

/// A way in which a request may come.
pub(super) struct Way {
    /// The API version's name; `None` outside all of them.
    pub(super) version: Option<&'static str>,
    /// `None` where it may be any.
    pub(super) method: Option<&'static str>,
    /// The path as a glob.
    pub(super) path: String,
    /// The path as the documents have it.
    pub(super) shown: String,
}

/// How an operation is called in each version that has it.
pub(super) fn ways_to(operation: Operation) -> Vec<Way> {
    let way = |version: Option<&'static str>, shown: String| {
        let method = Some(operation.method());
        Way { version, method, path: as_glob(&shown), shown }
    };
    if !operation.is_versioned() {
        return vec![way(None, operation.path().to_owned())];
    }
    let versions = operation.versions().iter().filter_map(|name| ApiVersion::named(name));
    versions
        .map(|version| way(Some(version.name), version.server_suffix() + &version.spell(operation.path())))
        .collect()
}

/// How requests come that lead to no operation.
pub(super) fn ways_elsewhere() -> Vec<Way> {
    let way = |version: Option<&'static str>, path: String| Way {
        version,
        method: None,
        shown: path.clone(),
        path,
    };
    let versions = VERSIONS.iter().flat_map(|version| {
        let begins = match version.style {
            PathStyle::Prefixed => format!("/{}", version.name),
            PathStyle::PerService => format!("/?*/{}", version.name),
        };
        [format!("{begins}/**"), begins].map(|path| way(Some(version.name), path))
    });
    versions.chain([way(None, "**".to_owned())]).collect()
}

/// A path whose parameters may be anything but nothing.
fn as_glob(path: &str) -> String {
    let step = |step: &str| if step.starts_with('{') { "?*".to_owned() } else { step.to_owned() };
    path.split('/').map(step).collect::<Vec<_>>().join("/")
}
