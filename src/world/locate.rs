//! Finds a request's tenant: by path, by host, by credentials, or `default`.

use std::sync::Arc;

use super::host::{host_of, lower_case};
use super::{DEFAULT_TENANT, Prefix, World, WorldError};
use crate::auth::Auth;
use crate::clock::Timestamp;
use crate::tenant::Tenant;
use crate::wire::form::Form;
use crate::wire::query::decode_segment;
use crate::wire::{BaseUrl, Request, path};

/// Where a request goes: its tenant, and the rest of its path.
#[derive(Debug)]
pub struct Located<'a> {
    /// The tenant.
    pub tenant: Arc<Tenant>,
    /// What its clients call the base URL.
    pub base_url: BaseUrl<'a>,
    /// The path below the base URL.
    pub path: &'a str,
}

/// What happens to a request that names a tenant which does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The tenant is created, where that is allowed.
    Made,
    /// The request is refused.
    Refused,
}

impl World {
    /// Finds the tenant of a request; `prefix` is what its path says about it. Fails for a tenant that does not
    /// exist and may not be created, for an invalid name, and for a new tenant beyond the limit.
    pub fn locate<'a>(
        &self,
        request: &'a Request,
        prefix: Prefix,
        absent: Absent,
        wall: Timestamp,
    ) -> Result<Located<'a>, WorldError> {
        let path = request.uri.path();
        let base_url = base_url(request, prefix);
        let tenant = match prefix.name(path) {
            Some(name) => self.tenant(&decode_segment(name), absent, wall)?,
            None => self.unnamed_by_path(request, base_url.authority, absent, wall)?,
        };
        Ok(Located { tenant, base_url, path: prefix.rest(path) })
    }

    /// A request that is about the server, not about the tenant that its host names: `default` stands in for it.
    pub fn about_server<'a>(&self, request: &'a Request, prefix: Prefix) -> Located<'a> {
        let path = prefix.rest(request.uri.path());
        Located { tenant: Arc::clone(&self.default), base_url: base_url(request, prefix), path }
    }

    /// The tenant of a request whose path names none: its host's, its credentials', or `default`.
    fn unnamed_by_path(
        &self,
        request: &Request,
        authority: &str,
        absent: Absent,
        wall: Timestamp,
    ) -> Result<Arc<Tenant>, WorldError> {
        let host = lower_case(host_of(authority));
        match self.named_by_host(&host) {
            Some(name) => self.tenant(name, absent, wall),
            None => Ok(self.owner(request).unwrap_or_else(|| Arc::clone(&self.default))),
        }
    }

    /// The one tenant to which a request's credentials belong: the token's, or a token call's client id.
    ///
    /// Of the world's locks only `others` and `owners` are ever held together, in that order, to create or
    /// delete a tenant; here each is released before the next is taken.
    fn owner(&self, request: &Request) -> Option<Arc<Tenant>> {
        if self.owners.read().is_empty() {
            return None;
        }
        if let Some(token) = request.bearer_token() {
            let name = Auth::organisation_of(token).filter(|name| name != DEFAULT_TENANT)?;
            return self.find(&name).filter(|tenant| tenant.has_own_clients());
        }
        if !is_token_call(request.uri.path()) {
            return None;
        }
        let form = Form::gather(request);
        self.owners.read().get(form.get("client_id")?).map(Arc::clone)
    }
}

/// What a request calls the base URL of its tenant.
pub fn base_url(request: &Request, prefix: Prefix) -> BaseUrl<'_> {
    BaseUrl {
        scheme: request.scheme(),
        authority: request.authority().unwrap_or("localhost"),
        prefix: prefix.text(request.uri.path()),
    }
}

/// Whether a path leads to the token call, however it is spelt.
fn is_token_call(path: &str) -> bool {
    let mut steps = path::steps(path).rev().map(decode_segment);
    steps.next().is_some_and(|last| last == "token") && steps.next().is_some_and(|step| step == "oauth")
}

#[cfg(test)]
mod tests {
    use hyper::Method;
    use hyper::header::HOST;

    use super::*;
    use crate::contract::Contract;
    use crate::fixture::Fixture;
    use crate::tenant::{Template, TenantOptions};
    use crate::wire::Cors;
    use crate::world::{ControlPolicy, UnknownTenants, WorldConfig};
    use crate::{journal, tenant};

    fn world(unknown_tenants: UnknownTenants) -> World {
        let started = Timestamp::from_millis(0);
        World::new(WorldConfig {
            contract: Contract::built_in(),
            template: Template::new(&Fixture::built_in("empty").unwrap(), started),
            options: TenantOptions::default(),
            max_tenants: 3,
            unknown_tenants,
            // The shorter ones, and built-in ones, come first as well as last.
            tenant_domains: [
                "Sim.Example",
                "eu.Sim.Example",
                "example",
                "eu.localhost",
                "us.api.identitynow.com",
            ]
            .map(str::to_owned)
            .to_vec(),
            control: ControlPolicy::default(),
            cors: Cors::default(),
            journal_total_bytes: journal::DEFAULT_TOTAL_BYTES,
            state_total_bytes: tenant::DEFAULT_TOTAL_BYTES,
            started,
        })
    }

    #[test]
    fn a_token_call_is_recognised_in_every_spelling() {
        for path in ["/oauth/token", "//oauth//token/", "/tenants/a/oauth/token", "/%6fauth/t%6Fken"] {
            assert!(is_token_call(path), "{path}");
        }
        for path in ["/oauth%2Ftoken", "/oauth/token/x", "/token", "/xoauth/token", "/"] {
            assert!(!is_token_call(path), "{path}");
        }
    }

    fn located(world: &World, host: &str, target: &str) -> String {
        let request = Request::new(Method::GET, target).unwrap().header(HOST, host);
        let prefix = Prefix::of(request.uri.path());
        world.locate(&request, prefix, Absent::Made, Timestamp::from_millis(0)).map_or_else(
            |_| "none".to_owned(),
            |located| format!("{} {} {}", located.tenant.name(), located.base_url, located.path),
        )
    }

    #[test]
    fn a_tenant_is_named_by_path_or_host() {
        let world = world(UnknownTenants::Made);
        for (host, target, expected) in [
            ("127.0.0.1:4580", "/v3/x", "default http://127.0.0.1:4580 /v3/x"),
            ("127.0.0.1:4580", "/tenants/a-1/v3/x", "a-1 http://127.0.0.1:4580/tenants/a-1 /v3/x"),
            ("127.0.0.1:4580", "//tenants/a-1//v3/x", "a-1 http://127.0.0.1:4580//tenants/a-1 //v3/x"),
            ("127.0.0.1:4580", "/tenants/a-1", "a-1 http://127.0.0.1:4580/tenants/a-1 /"),
            ("acme.localhost:4580", "/v3/x", "acme http://acme.localhost:4580 /v3/x"),
            ("Acme.api.identitynow.com", "/v3/x", "acme http://Acme.api.identitynow.com /v3/x"),
            ("acme.sim.example", "/v3/x", "acme http://acme.sim.example /v3/x"),
            ("other.example", "http://acme.localhost/v3/x", "acme http://acme.localhost /v3/x"),
            ("localhost", "/tenants/a%2D1/v3/x", "a-1 http://localhost/tenants/a%2D1 /v3/x"),
            ("localhost", "/tenants/default/v3", "default http://localhost/tenants/default /v3"),
            ("[::1]:4580", "/v3/x", "default http://[::1]:4580 /v3/x"),
            ("acme.localhost.:4580", "/v3/x", "acme http://acme.localhost.:4580 /v3/x"),
            ("acme.eu.sim.example", "/v3/x", "acme http://acme.eu.sim.example /v3/x"),
            ("acme.eu.localhost", "/v3/x", "acme http://acme.eu.localhost /v3/x"),
            ("acme.us.api.identitynow.com", "/v3/x", "acme http://acme.us.api.identitynow.com /v3/x"),
            ("localhost", "/tenants/No_Name/v3", "none"),
            ("localhost", "/tenants//", "none"),
            ("a.b.localhost", "/v3", "none"),
        ] {
            assert_eq!(located(&world, host, target), expected, "{host} {target}");
        }
        assert_eq!(world.tenant_count(), 3);
    }

    #[test]
    fn strict_tenants_are_not_created_by_a_request() {
        let world = world(UnknownTenants::Refused);
        assert_eq!(located(&world, "localhost", "/tenants/a/v3"), "none");
        assert_eq!(world.tenant_count(), 1);
    }

    #[test]
    fn a_caller_that_may_not_create_tenants_finds_those_that_exist() {
        let world = world(UnknownTenants::Made);
        let request = Request::new(Method::GET, "/tenants/a/_sim").unwrap().header(HOST, "localhost");
        let prefix = Prefix::of(request.uri.path());
        let find = || world.locate(&request, prefix, Absent::Refused, Timestamp::from_millis(0)).is_ok();
        assert!(!find());
        assert_eq!(located(&world, "localhost", "/tenants/a/v3"), "a http://localhost/tenants/a /v3");
        assert!(find());
    }
}
