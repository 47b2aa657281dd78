//! Calls that list, make and delete tenants.

use serde_json::json;

use crate::control::read::document;
use crate::control::{Answer, ControlError, ControlRequest, created, done, ok};
use crate::world::{DEFAULT_TENANT, TenantRequest};

pub(in crate::control) fn list(asked: &ControlRequest<'_>) -> Answer {
    ok(&json!({ "tenants": asked.world.tenant_names() }))
}

pub(in crate::control) fn make(asked: &ControlRequest<'_>) -> Answer {
    create(asked, &document(asked.request)?.or_empty()?)
}

pub(in crate::control) fn make_named(asked: &ControlRequest<'_>) -> Answer {
    let mut wanted: TenantRequest = document(asked.request)?.or_empty()?;
    let name = wanted.name.get_or_insert_with(|| asked.name.to_string());
    if *name != asked.name {
        let message = format!("name `{name}`; expected `{}`, as the path has it, or none", asked.name);
        return Err(ControlError::bad(message));
    }
    create(asked, &wanted)
}

fn create(asked: &ControlRequest<'_>, wanted: &TenantRequest) -> Answer {
    created(&asked.world.create_tenant(wanted, &root(asked), asked.wall)?)
}

pub(in crate::control) fn delete(asked: &ControlRequest<'_>) -> Answer {
    asked.world.delete_tenant(&asked.name)?;
    done()
}

/// The base URL of the server itself, from which tenants' base URLs begin.
fn root(asked: &ControlRequest<'_>) -> String {
    let ControlRequest { located, request, .. } = asked;
    let authority = request.authority().unwrap_or("localhost");
    if !located.base_url.prefix.is_empty() || **located.tenant.name() == *DEFAULT_TENANT {
        return format!("{}://{authority}", request.scheme());
    }
    // A tenant named by its host: its first label is not the server's.
    let server = authority.split_once('.').map_or(authority, |(_, server)| server);
    format!("{}://{server}", request.scheme())
}
