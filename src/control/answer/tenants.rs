//! Calls that list, make and delete tenants.

use serde_json::json;

use crate::control::read::{document, told};
use crate::control::{Answer, ControlError, ControlRequest, Said, created, of_world, ok};
use crate::document::Node;
use crate::world::{NamedOr, TenantRequest, World, bad_name, is_tenant_name};

pub(in crate::control) fn list(asked: &ControlRequest<'_>) -> Answer {
    ok(&json!({ "tenants": asked.world.tenant_names() }))
}

pub(in crate::control) fn make(asked: &ControlRequest<'_>) -> Answer {
    create(asked, None)
}

pub(in crate::control) fn make_named(asked: &ControlRequest<'_>) -> Answer {
    if is_tenant_name(&asked.name) {
        create(asked, Some(&asked.name))
    } else {
        Err(ControlError::bad(bad_name(&asked.name)))
    }
}

/// Creates the requested tenant, under the name in the path if there is one.
fn create(asked: &ControlRequest<'_>, in_path: Option<&str>) -> Answer {
    let admit = |wanted: &Node<'_>| asked.world.admit_fixture(wanted);
    let text = document(asked.request)?;
    let _room = asked.world.preparing(text.len());
    let mut misread = None;
    let checked = text.or_empty_where(admit, |mut wanted: TenantRequest, place| {
        if let Some(in_path) = in_path {
            let name = wanted.name.get_or_insert_with(|| in_path.to_owned());
            if name != in_path {
                let message = format!("name `{name}`; expected `{in_path}`, as the path has it, or none");
                place.mistake("/name", message);
            }
        }
        if let Err(error) = read_fixture(asked.world, &mut wanted) {
            // Its own places say more than that of the whole.
            place.mistake("/fixture", "a fixture that cannot be read");
            misread = Some(error);
            return None;
        }
        asked.world.check_request(wanted, &mut |pointer, message| place.mistake(pointer, message))
    });
    let checked = match misread {
        Some(misread) => return Err(misread),
        None => checked?,
    };
    created(&asked.world.make_tenant(checked, &asked.world.root(asked.request), asked.wall)?)
}

/// Reads a fixture that is given as the text of a file.
fn read_fixture(world: &World, wanted: &mut TenantRequest) -> Result<(), ControlError> {
    world.read_text(wanted).map_err(|error| match &wanted.fixture {
        Some(NamedOr::Named(text)) => told(text, &error),
        _ => ControlError::bad(error.to_string()),
    })??;
    Ok(())
}

pub(in crate::control) fn delete(asked: &ControlRequest<'_>) -> Answer {
    let deleted = asked.world.delete_tenant(&asked.name);
    Ok(Said::Ended(deleted.map_err(|error| of_world(asked.world, &error))?))
}
