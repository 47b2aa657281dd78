//! Tenants by name and options: creating them with clients of their own, and deleting them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::Serialize;
use serde_json::{Value, json};

use super::{DEFAULT_TENANT, LONGEST_NAME, World, is_tenant_name};
use crate::chance::Chance;
use crate::clock::{Span, Timestamp, format_duration, is_whole_seconds};
use crate::document::{Definitions, Mistakes, Node, Written, record};
use crate::fixture::{Client, Fixture};
use crate::prerequisites::Prerequisites;
use crate::scenario::{LoadError, Ruleset, Rulesets, Scenario, library};
use crate::tenant::rate_limit::Limit;
use crate::tenant::{SimFault, Template, Tenant, TenantOptions};

record! {
    derive(Default)
    /// A request for a tenant; anything left out is the server's default.
    pub struct TenantRequest as "tenantRequest" {
        /// 1 to 63 of `a-z`, `0-9` and `-`; generated when absent.
        pub name: Option<String> = nullable("name"),
        /// What it starts with.
        pub fixture: Option<NamedOr<Fixture>> = nullable("fixture"),
        /// What goes wrong in it.
        pub scenarios: Option<Vec<NamedOr<Scenario>>> = nullable("scenarios"),
        /// What its draws follow from.
        pub seed: Option<u64> = nullable("seed"),
        /// Whether the service's prerequisites are enforced.
        pub prerequisites: Option<Prerequisites> = nullable("prerequisites"),
        /// The gateway's limit, such as `100/10s`, or `off`.
        pub rate_limit: Option<Limit> = nullable("rateLimit"),
        /// How long its tokens live.
        pub token_lifetime: Option<Span> = nullable("tokenLifetime"),
        /// The key that, with the seed, ids and faults are drawn from; the tenant's name when absent.
        pub draw_key: Option<String> = nullable("drawKey"),
        /// Whether a reply changed by a fault says so in `Sim-Fault`.
        pub sim_fault: Option<SimFault> = nullable("simFault"),
    }
}

/// A built-in thing by name, or a document in its place.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum NamedOr<T> {
    /// By name.
    Named(String),
    /// As a document.
    Inline(Box<T>),
}

impl<T: Written> Written for NamedOr<T> {
    fn expected() -> Cow<'static, str> {
        format!("a name, or {}", T::expected()).into()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "anyOf": [{ "type": "string" }, T::schema(definitions)] })
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        match node.scalar() {
            Some(name) if !node.is_null() => Some(Self::Named(name.to_owned())),
            _ => T::read(node, mistakes).map(|inline| Self::Inline(Box::new(inline))),
        }
    }
}

/// A created tenant.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantReport {
    /// Its name.
    pub name: String,
    /// What its clients call the base URL.
    pub base_url: String,
    /// What its draws follow from.
    pub seed: u64,
    /// Its clients, the administrator's first.
    pub clients: Vec<Client>,
}

/// Why a tenant was not created or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorldError {
    /// The request is invalid.
    Bad(String),
    /// No tenant of that name.
    Unknown(String),
    /// The name is taken.
    Taken(String),
    /// The limit on tenants is reached; the limit.
    Full(usize),
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bad(message) => f.write_str(message),
            Self::Unknown(name) => write!(f, "tenant `{name}` does not exist; expected one that does"),
            Self::Full(max) => {
                write!(
                    f,
                    "{max} tenants exist, which is the limit (--max-tenants); expected one to be deleted first"
                )
            }
            Self::Taken(name) => write!(f, "tenant `{name}` exists already; expected a name that is free"),
        }
    }
}

impl std::error::Error for WorldError {}

impl World {
    /// Creates a tenant with client ids and secrets of its own. `root` is the server's own base URL.
    pub fn create_tenant(
        &self,
        asked: &TenantRequest,
        root: &str,
        wall: Timestamp,
    ) -> Result<TenantReport, WorldError> {
        let name = asked.name.clone().unwrap_or_else(|| self.free_name());
        if !is_tenant_name(&name) {
            let message = format!("tenant name `{name}`; expected 1 to {LONGEST_NAME} of a-z, 0-9 and -");
            return Err(WorldError::Bad(message));
        }
        if let Some(lifetime) = asked.token_lifetime
            && !is_whole_seconds(lifetime.0)
        {
            let message = format!(
                "tokenLifetime `{}`; expected whole seconds, 1s or more",
                format_duration(lifetime.0)
            );
            return Err(WorldError::Bad(message));
        }
        let options = TenantOptions {
            seed: asked.seed.unwrap_or(self.options.seed),
            prerequisites: asked.prerequisites.unwrap_or(self.options.prerequisites),
            rate_limit: asked.rate_limit.map_or(self.options.rate_limit, |limit| limit.0),
            token_lifetime: asked.token_lifetime.map_or(self.options.token_lifetime, |span| span.0),
            draw_key: asked.draw_key.clone(),
            sim_fault: asked.sim_fault.unwrap_or(self.options.sim_fault),
            ..self.options.clone()
        };
        let template = self.template_for(asked, &name, &options, wall)?;
        let clients = template.clients().to_vec();
        let seed = options.seed;
        let tenant = Arc::new(Tenant::new(&name, &template, options, wall));
        let mut others = self.others.write();
        if name == DEFAULT_TENANT || others.contains_key(&name) {
            return Err(WorldError::Taken(name));
        }
        self.has_room(&others)?;
        let mut owners = self.owners.write();
        for client in &clients {
            owners.insert(client.client_id.clone(), Arc::clone(&tenant));
        }
        others.insert(name.clone(), tenant);
        drop((owners, others));
        Ok(TenantReport { base_url: format!("{root}/tenants/{name}"), name, seed, clients })
    }

    /// What a requested tenant starts with.
    fn template_for(
        &self,
        asked: &TenantRequest,
        name: &str,
        options: &TenantOptions,
        wall: Timestamp,
    ) -> Result<Template, WorldError> {
        let bad = |message: String| WorldError::Bad(message);
        let now = options.clock.now(wall);
        let ours = self.template.read().clone();
        let template = match &asked.fixture {
            None => ours.clone(),
            Some(NamedOr::Named(name)) => {
                let fixture = Fixture::built_in(name).ok_or_else(|| {
                    bad(format!("fixture `{name}` is not built in; expected demo, large or empty"))
                })?;
                Template::new(&fixture, now).with_scenarios(ours.scenarios().clone())
            }
            Some(NamedOr::Inline(fixture)) => {
                let fixture = (**fixture).clone().checked(options.prerequisites).map_err(bad)?;
                Template::new(&fixture, now).with_scenarios(ours.scenarios().clone())
            }
        };
        let template = match &asked.scenarios {
            None => template,
            Some(scenarios) => {
                let inline = scenarios.iter().map(|asked| match asked {
                    NamedOr::Inline(scenario) => scenario.rules.len(),
                    NamedOr::Named(_) => 0,
                });
                let cannot_run = |error: LoadError| bad(error.to_string());
                Rulesets::check_count(inline.sum(), options.max_rules).map_err(cannot_run)?;
                let scenarios: Vec<_> =
                    scenarios.iter().map(ruleset_of).collect::<Result<_, _>>().map_err(bad)?;
                template.with_scenarios(Rulesets::new(scenarios, options.max_rules).map_err(cannot_run)?)
            }
        };
        Ok(template.with_own_clients(Chance::new(options.seed, name)))
    }

    /// A name that no tenant has.
    fn free_name(&self) -> String {
        let chance = Chance::new(self.options.seed, DEFAULT_TENANT);
        loop {
            let number = self.named.fetch_add(1, Ordering::Relaxed);
            let name = format!("t-{}", &chance.hex("tenant-name", number)[..12]);
            if !self.others.read().contains_key(&name) {
                return name;
            }
        }
    }

    /// Deletes a tenant with everything in it; `default` cannot be deleted.
    pub fn delete_tenant(&self, name: &str) -> Result<(), WorldError> {
        if name == DEFAULT_TENANT {
            return Err(WorldError::Bad("tenant `default` cannot be deleted; expected another".to_owned()));
        }
        let mut others = self.others.write();
        let removed = others.remove(name).ok_or_else(|| WorldError::Unknown(name.to_owned()))?;
        self.owners.write().retain(|_, owner| !Arc::ptr_eq(owner, &removed));
        // What the tenant held is dropped after the registry's lock is released.
        drop(others);
        removed.end();
        Ok(())
    }

    /// All tenants' names, `default` first.
    pub fn tenant_names(&self) -> Vec<String> {
        self.tenants().iter().map(|tenant| tenant.name().to_string()).collect()
    }
}

fn ruleset_of(asked: &NamedOr<Scenario>) -> Result<Ruleset, String> {
    match asked {
        NamedOr::Inline(scenario) => (**scenario).clone().check().map_err(|mistakes| mistakes.to_string()),
        NamedOr::Named(name) => library::ruleset(name).ok_or_else(|| {
            format!("scenario `{name}` is not built in; expected one of {}", library::names())
        }),
    }
}
