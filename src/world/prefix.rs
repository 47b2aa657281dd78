//! The part of a request's path that names its tenant: `/tenants/{name}`. It is read once and kept as positions in
//! the path, so that it can be kept beside the request that it was read from.

/// Where the part of a path that names a tenant begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prefix {
    name_start: usize,
    /// 0 when the path names no tenant.
    end: usize,
}

impl Prefix {
    /// Reads a whole path.
    pub fn of(path: &str) -> Self {
        let rest = path.trim_start_matches('/');
        let Some(rest) = rest.strip_prefix("tenants/").map(|rest| rest.trim_start_matches('/')) else {
            return Self::default();
        };
        let name_start = path.len() - rest.len();
        Self { name_start, end: name_start + rest.find('/').unwrap_or(rest.len()) }
    }

    /// The name; `None` when the path names no tenant.
    pub fn name(self, path: &str) -> Option<&str> {
        (self.end > 0).then(|| &path[self.name_start..self.end])
    }

    /// Whether the path names a tenant.
    pub fn is_tenant(self) -> bool {
        self.end > 0
    }

    /// The part itself; empty when the path names no tenant.
    pub fn text(self, path: &str) -> &str {
        &path[..self.end]
    }

    /// The path below the tenant's base URL.
    pub fn rest(self, path: &str) -> &str {
        if self.end > 0 && self.end == path.len() { "/" } else { &path[self.end..] }
    }
}
