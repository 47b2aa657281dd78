//! What a table holds now: its rows, and where each of them is. A clone shares all of it.

use hyper::body::Bytes;

use super::index::Index;
use super::record::{Record, render_together};
use super::rows::{Row, Rows, SLOTS};
use super::text::{escaped, escaped_id_in};

/// The rows of a table, found by id and by their place in the order of creation.
#[derive(Clone, Debug)]
pub(super) struct Content<R> {
    pub(super) rows: Rows<R>,
    pub(super) index: Index,
    /// How many rows there have ever been.
    inserted: u64,
}

impl<R> Default for Content<R> {
    fn default() -> Self {
        Self { rows: Rows::default(), index: Index::default(), inserted: 0 }
    }
}

impl<R: Record> Content<R> {
    /// These records, in this order. The texts of a chunk share one allocation.
    pub(super) fn of(records: &[R]) -> Self {
        let mut content = Self::default();
        content.index.reserve(records.len());
        for part in records.chunks(SLOTS) {
            for rendered in render_together(part) {
                content.push(rendered);
            }
        }
        content
    }

    /// The row of the record with this id.
    pub(super) fn row(&self, id: &str) -> Option<&Row<R>> {
        let id = escaped(id);
        let hash = self.index.hash(id.as_bytes());
        self.rows.get(self.slot(hash, &id)?)
    }

    /// Appends a record by its text, and returns its sequence.
    pub(super) fn push(&mut self, rendered: Bytes) -> u64 {
        let sequence = self.inserted;
        self.inserted += 1;
        let hash = self.index.hash(escaped_id_in(&rendered));
        let slot = self.rows.push(Row::new(rendered, sequence));
        self.index.insert(hash, slot);
        sequence
    }

    /// Replaces a record by its text, and returns its sequence and the text that was there.
    pub(super) fn replace(&mut self, id: &str, rendered: Bytes) -> Option<(u64, Bytes)> {
        let id = escaped(id);
        let slot = self.slot(self.index.hash(id.as_bytes()), &id)?;
        self.rows.replace(slot, rendered)
    }

    /// Removes a record.
    pub(super) fn remove(&mut self, id: &str) -> Option<Row<R>> {
        let id = escaped(id);
        let hash = self.index.hash(id.as_bytes());
        let slot = self.slot(hash, &id)?;
        let row = self.rows.remove(slot)?;
        self.index.remove(hash, slot);
        if self.rows.is_sparse() {
            self.compact();
        }
        Some(row)
    }

    /// Closes the gaps that removals left. Every row moves, so a shared index becomes useless.
    fn compact(&mut self) {
        let mut index = self.index.emptied();
        index.reserve(self.rows.len());
        self.rows.compact(|row, slot| index.insert(index.hash(escaped_id_in(row.rendered())), slot));
        self.index = index;
    }

    fn slot(&self, hash: u32, escaped_id: &str) -> Option<u32> {
        self.index.find(hash, |slot| self.rows.get(slot).is_some_and(|row| row.is_of(escaped_id)))
    }
}
