//! How an identity is sent: as the fixture has it, but for the name to sign in with, which the API calls `alias`.

use serde_json::{Map, Value};

use super::Record;
use crate::document::from_json;
use crate::fixture::Identity;
use crate::wire::json::{self, Object};

/// What the API calls the name to sign in with.
const ALIAS: &str = "alias";
/// What the fixture calls it.
const USER_NAME: &str = "userName";

impl Record for Identity {
    const RESOURCE: &'static str = "identities";

    fn id(&self) -> &str {
        &self.id
    }

    fn write(&self, into: &mut Vec<u8>) {
        let Self { id, name, created, modified, user_name, email_address, .. } = self;
        let mut object = Object::begin(into);
        object.text("id", id).text("name", name);
        for (key, at) in [("created", created), ("modified", modified)] {
            object.text_if(key, at.map(|at| at.to_string()).as_deref());
        }
        object.text(ALIAS, user_name);
        json::value(object.member("emailAddress"), email_address);
        json::value(object.member("processingState"), &self.processing_state);
        json::value(object.member("identityStatus"), &self.identity_status);
        json::value(object.member("managerRef"), &self.manager_ref);
        object.flag("isManager", self.is_manager);
        object.text_if("lastRefresh", self.last_refresh.map(|at| at.to_string()).as_deref());
        json::value(object.member("attributes"), &self.attributes);
        json::value(object.member("lifecycleState"), &self.lifecycle_state);
        object.end();
    }

    fn read_back(text: &[u8]) -> Self {
        let mut sent: Map<String, Value> = serde_json::from_slice(text).expect("it was written as JSON");
        if let Some(alias) = sent.shift_remove(ALIAS) {
            sent.insert(USER_NAME.to_owned(), alias);
        }
        from_json(&sent.into()).expect("it was written from an identity")
    }
}
