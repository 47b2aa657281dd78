//! What a table can hold, and how a record is written as it is sent. The resources that have a table are listed
//! here; nothing else in this module names one.

use std::cell::RefCell;

use hyper::body::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::text::BEFORE_ID;
use crate::document::{Written, from_json, read_own};
use crate::fixture::{
    Account, Application, ApplicationAccess, Credential, Group, PasswordChange, PasswordDictionary,
    PasswordOrgConfig, PasswordPolicy, PolicyHolders, Source,
};
use crate::wire::json::{self, Object};

/// One thing of an organisation, with an id of its own. It is written as a JSON object whose first member is `id`.
pub(crate) trait Record: Clone + Serialize + Written + Send + Sync + 'static {
    /// What the API calls the resource in its paths.
    const RESOURCE: &'static str;

    /// The id; no two records of a table have the same.
    fn id(&self) -> &str;

    /// Writes the record as it is sent.
    fn write(&self, into: &mut Vec<u8>) {
        json::value(into, self);
    }

    /// Reads what [`Self::write`] wrote.
    fn read_back(text: &[u8]) -> Self {
        read_own(text)
    }
}

impl Record for Group {
    const RESOURCE: &'static str = "password-sync-groups";

    fn id(&self) -> &str {
        &self.id
    }

    /// Written by hand, because it runs for every create and update.
    fn write(&self, into: &mut Vec<u8>) {
        let Self { id, name, password_policy_id, source_ids, created, modified } = self;
        let mut object = Object::begin(into);
        object.text("id", id);
        if let Some(name) = name {
            object.text("name", name);
        }
        if let Some(id) = password_policy_id {
            object.text("passwordPolicyId", id);
        }
        if let Some(ids) = source_ids {
            json::texts(object.member("sourceIds"), ids.iter().map(String::as_str));
        }
        let created_text = created.map(|at| at.to_string());
        if let Some(text) = &created_text {
            object.text("created", text);
        }
        if let Some(at) = modified {
            let same = created_text.filter(|_| *modified == *created);
            object.text("modified", &same.unwrap_or_else(|| at.to_string()));
        }
        object.end();
    }
}

macro_rules! records {
    ($($record:ty: $resource:literal,)*) => {$(
        impl Record for $record {
            const RESOURCE: &'static str = $resource;

            fn id(&self) -> &str {
                &self.id
            }
        }
    )*};
}

records! {
    Source: "sources",
    PasswordPolicy: "password-policies",
    PolicyHolders: "source-password-policies",
    Application: "source-apps",
    Account: "accounts",
    ApplicationAccess: "source-apps/access-profiles",
    // A change of a password is one of its account.
    Credential: "accounts",
    PasswordChange: "password-change-status",
}

/// Records of which an organisation has at most one. They have no id of their own, so the resource's name is theirs.
macro_rules! only_ones {
    ($($record:ty: $resource:literal,)*) => {$(
        impl Record for $record {
            const RESOURCE: &'static str = $resource;

            fn id(&self) -> &str {
                Self::RESOURCE
            }

            fn write(&self, into: &mut Vec<u8>) {
                let mut object = Object::begin(into);
                json::value(object.text("id", Self::RESOURCE).member("value"), self);
                object.end();
            }

            fn read_back(text: &[u8]) -> Self {
                let written: Value = serde_json::from_slice(text).expect("it was written as JSON");
                from_json(&written["value"]).expect("it was written from such a value")
            }
        }
    )*};
}

only_ones! {
    PasswordOrgConfig: "password-org-config",
    PasswordDictionary: "password-dictionary",
}

/// What a row takes beside its text and the record in types: its place in the list, in the index and in the look-ups.
const ROW_BYTES: usize = 224;

/// What a record with this text takes in memory, in bytes. Its text is always there; the record in types, of which about
/// half the text are the values, is as soon as somebody asks for it.
pub(super) fn bytes_of<R: Record>(text: &[u8]) -> usize {
    text.len() + text.len() / 2 + size_of::<R>() + ROW_BYTES
}

/// The largest buffer that a thread keeps for the next record, in bytes.
const MOST_SCRATCH_BYTES: usize = 64 << 10;

thread_local! {
    /// The buffer in which a record is written before it is copied into memory of exactly its size.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A record as it is sent.
pub(super) fn render<R: Record>(record: &R) -> Bytes {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.clear();
        write(record, scratch);
        let rendered = Bytes::copy_from_slice(scratch);
        scratch.shrink_to(MOST_SCRATCH_BYTES);
        rendered
    })
}

/// A piece of memory that records share takes no more of them when it is this long, in bytes: it is copied as it grows.
const ENOUGH_TOGETHER: usize = 64 << 10;

/// Many records as they are sent, in few pieces of memory.
pub(super) fn render_together<R: Record>(records: &[R]) -> Vec<Bytes> {
    let mut rendered = Vec::with_capacity(records.len());
    let (mut together, mut ends) = (Vec::new(), Vec::new());
    for record in records {
        write(record, &mut together);
        ends.push(together.len());
        if together.len() >= ENOUGH_TOGETHER {
            rendered.extend(apart(std::mem::take(&mut together), &mut ends));
        }
    }
    rendered.extend(apart(together, &mut ends));
    rendered
}

/// The parts of a piece of memory, of which these are the ends.
fn apart(together: Vec<u8>, ends: &mut Vec<usize>) -> impl Iterator<Item = Bytes> {
    let together = Bytes::from(together.into_boxed_slice());
    let mut begin = 0;
    ends.drain(..).map(move |end| together.slice(std::mem::replace(&mut begin, end)..end))
}

fn write<R: Record>(record: &R, text: &mut Vec<u8>) {
    let begin = text.len();
    record.write(text);
    debug_assert!(text[begin..].starts_with(BEFORE_ID), "the id of {} comes first", R::RESOURCE);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::fixture::Fixture;
    use crate::org::text::id_in;

    fn check<R: Record + PartialEq + std::fmt::Debug>(records: &[R]) {
        assert!(!records.is_empty(), "{}", R::RESOURCE);
        let together = render_together(records);
        assert_eq!(together.len(), records.len());
        for (record, text) in records.iter().zip(together) {
            assert_eq!(render(record), text);
            assert_eq!(id_in(&text), record.id());
            assert_eq!(&R::read_back(&text), record);
        }
    }

    #[test]
    fn every_record_is_written_with_its_id_first_and_read_back_as_it_was() {
        let fixture = Fixture::built_in("demo").unwrap().dated(Timestamp::from_millis(0));
        check(&fixture.groups);
        check(&fixture.sources);
        check(&fixture.password_policies);
        check(&fixture.applications);
        check(&fixture.identities);
        check(&fixture.accounts);
    }

    #[test]
    fn long_records_are_parts_of_several_pieces_and_read_back_as_they_were() {
        let mut policies =
            Fixture::built_in("demo").unwrap().dated(Timestamp::from_millis(0)).password_policies;
        for nth in 0..7 {
            let length = [0, 1, ENOUGH_TOGETHER / 2, ENOUGH_TOGETHER, 3 * ENOUGH_TOGETHER][nth % 5];
            let mut longer = policies[0].clone();
            (longer.id, longer.name) = (format!("long-{nth}"), "n".repeat(length));
            policies.push(longer);
        }
        check(&policies);
    }

    #[test]
    fn what_there_is_only_one_of_is_read_back_as_it_was() {
        check(&[PasswordOrgConfig { digit_token_length: 9, ..PasswordOrgConfig::default() }]);
        check(&[PasswordDictionary::parse("# a \"quoted\" word\nwinter\n".to_owned()).unwrap()]);
        let holders = r#"{"id":"s","holders":[{"policyId":"p","policyName":null,"selectors":{"identityAttr":[{"name":"a","value":"b"}]}}]}"#;
        check(&[PolicyHolders::read_back(holders.as_bytes())]);
    }

    #[test]
    fn a_long_record_leaves_no_long_scratch_behind() {
        let group = Group { name: Some("x".repeat(1 << 20)), ..Group::default() };
        assert!(render(&group).len() > 1 << 20);
        assert!(render(&Group::default()).len() < 100);
        assert!(SCRATCH.with_borrow(Vec::capacity) <= MOST_SCRATCH_BYTES);
    }
}
