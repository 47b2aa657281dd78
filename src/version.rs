//! The table of API versions. One line per version: its name and how it spells a path. How else versions
//! differ is written in the service's documents, operation by operation.

/// How a version spells its paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathStyle {
    /// The version first: `/v2024/password-sync-groups/{id}`.
    Prefixed,
    /// The service first: `/password-sync-groups/v1/{id}`.
    PerService,
}

/// A version of the API.
#[derive(Debug, PartialEq, Eq)]
pub struct ApiVersion {
    /// The name, as used in paths, logs and scenario files.
    pub name: &'static str,
    /// How it spells its paths.
    pub style: PathStyle,
}

/// Every version, oldest first.
pub const VERSIONS: [ApiVersion; 7] = [
    ApiVersion { name: "beta", style: PathStyle::Prefixed },
    ApiVersion { name: "v3", style: PathStyle::Prefixed },
    ApiVersion { name: "v2024", style: PathStyle::Prefixed },
    ApiVersion { name: "v2025", style: PathStyle::Prefixed },
    ApiVersion { name: "v2026", style: PathStyle::Prefixed },
    ApiVersion { name: "latest", style: PathStyle::Prefixed },
    ApiVersion { name: "v1", style: PathStyle::PerService },
];

/// The version of served documents when none is named.
pub const DEFAULT_VERSION: &str = "v2024";

/// The newest version: `latest` is another name for it, and operations have its names.
pub const NEWEST_VERSION: &str = "v2026";

/// The name under which the service's documents know a version.
pub fn documented_as(version: &str) -> &str {
    if version == "latest" { NEWEST_VERSION } else { version }
}

/// The names of all versions, for messages.
pub fn version_names() -> String {
    VERSIONS.map(|version| version.name).join(", ")
}

impl ApiVersion {
    /// The version of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        VERSIONS.iter().find(|version| version.name == name)
    }

    /// What the vendor's document for this version appends to every operationId.
    pub fn operation_suffix(&self) -> &'static str {
        match self.style {
            PathStyle::Prefixed => "",
            PathStyle::PerService => "V1",
        }
    }

    /// What follows the base URL in this version's `servers`.
    pub fn server_suffix(&self) -> String {
        match self.style {
            PathStyle::Prefixed => format!("/{}", self.name),
            PathStyle::PerService => String::new(),
        }
    }

    /// The document's path (`/service/…`) as this version spells it after [`Self::server_suffix`].
    pub fn spell(&self, path: &str) -> String {
        match self.style {
            PathStyle::Prefixed => path.to_owned(),
            PathStyle::PerService => {
                let end_of_service = path[1..].find('/').map_or(path.len(), |slash| slash + 1);
                format!("{}/{}{}", &path[..end_of_service], self.name, &path[end_of_service..])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_style_spells_its_paths() {
        let spell = |name: &str, path: &str| {
            let version = ApiVersion::named(name).unwrap();
            version.server_suffix() + &version.spell(path)
        };
        assert_eq!(spell("v2024", "/password-sync-groups/{id}"), "/v2024/password-sync-groups/{id}");
        assert_eq!(spell("v1", "/password-sync-groups/{id}"), "/password-sync-groups/v1/{id}");
        assert_eq!(spell("v1", "/password-sync-groups"), "/password-sync-groups/v1");
    }
}
