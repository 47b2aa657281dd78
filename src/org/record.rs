//! What a table can hold, and how a record is written as it is sent. The resources that have a table are listed
//! here; nothing else in this room names one.

use std::cell::RefCell;

use hyper::body::Bytes;
use serde::Serialize;

use super::text::BEFORE_ID;
use crate::document::Written;
use crate::fixture::{Application, Group, Identity, PasswordPolicy, Source};

/// One thing of an organisation, with an id of its own. It is written as a JSON object whose first member is `id`.
pub(crate) trait Record: Clone + Serialize + Written + Send + Sync + 'static {
    /// What the API calls the resource in its paths.
    const RESOURCE: &'static str;

    /// The id; no two records of a table have the same.
    fn id(&self) -> &str;
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
    Group: "password-sync-groups",
    Source: "sources",
    PasswordPolicy: "password-policies",
    Application: "source-apps",
    Identity: "identities",
}

/// The most that a thread keeps for writing the next record, in bytes.
const MOST_SCRATCH_BYTES: usize = 64 << 10;

thread_local! {
    /// Where a record is written before it gets exactly as much memory as it needs.
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

/// Many records as they are sent, in one piece of memory.
pub(super) fn render_together<R: Record>(records: &[R]) -> Vec<Bytes> {
    let mut all = Vec::new();
    let mut ends = Vec::with_capacity(records.len());
    for record in records {
        write(record, &mut all);
        ends.push(all.len());
    }
    let all = Bytes::from(all.into_boxed_slice());
    let begins = std::iter::once(0).chain(ends.iter().copied());
    begins.zip(&ends).map(|(begin, &end)| all.slice(begin..end)).collect()
}

fn write<R: Record>(record: &R, text: &mut Vec<u8>) {
    let begin = text.len();
    serde_json::to_writer(&mut *text, record).expect("a record can be written as JSON");
    debug_assert!(text[begin..].starts_with(BEFORE_ID), "the id of {} comes first", R::RESOURCE);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;
    use crate::org::text::id_in;

    fn check<R: Record + PartialEq + std::fmt::Debug>(records: &[R]) {
        assert!(!records.is_empty(), "{}", R::RESOURCE);
        let together = render_together(records);
        assert_eq!(together.len(), records.len());
        for (record, text) in records.iter().zip(together) {
            assert_eq!(render(record), text);
            assert_eq!(id_in(&text), record.id());
            assert_eq!(&crate::document::read_own::<R>(&text), record);
        }
    }

    #[test]
    fn every_record_is_written_with_its_id_first_and_read_back_as_it_was() {
        let fixture = Fixture::built_in("demo").unwrap();
        check(&fixture.groups);
        check(&fixture.sources);
        check(&fixture.password_policies);
        check(&fixture.applications);
        check(&fixture.identities);
    }

    #[test]
    fn a_long_record_leaves_no_long_scratch_behind() {
        let group = Group { name: Some("x".repeat(1 << 20)), ..Group::default() };
        assert!(render(&group).len() > 1 << 20);
        assert!(render(&Group::default()).len() < 100);
        assert!(SCRATCH.with_borrow(Vec::capacity) <= MOST_SCRATCH_BYTES);
    }
}
