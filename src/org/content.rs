//! What a table holds now: its rows, and where each of them is. A clone shares all of it.

use hyper::body::Bytes;

use super::index::Index;
use super::record::{Record, bytes_of, render_together};
use super::rows::{Row, Rows, SLOTS};
use super::text::{escaped, escaped_id_in};

/// The rows of a table, found by id and by their place in the order of creation.
#[derive(Clone, Debug)]
pub(super) struct Content<R> {
    pub(super) rows: Rows<R>,
    pub(super) index: Index,
    /// How many rows there have ever been.
    inserted: u64,
    /// What the rows take that were written after it began, in bytes.
    own_bytes: usize,
}

impl<R> Default for Content<R> {
    fn default() -> Self {
        Self { rows: Rows::default(), index: Index::default(), inserted: 0, own_bytes: 0 }
    }
}

impl<R: Record> Content<R> {
    /// These records, in this order. The texts of a chunk share one allocation.
    pub(super) fn of(records: &[R]) -> Self {
        let mut content = Self::default();
        content.index.reserve(records.len());
        for part in records.chunks(SLOTS) {
            for rendered in render_together(part) {
                content.add(rendered, Row::new);
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

    /// What all rows take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.rows.iter_from(0).map(|row| bytes_of::<R>(row.rendered())).sum()
    }

    /// What those take that were written after it began; the others may be shared.
    pub(super) fn own_bytes(&self) -> usize {
        self.own_bytes
    }

    /// Appends a record by its text, and returns its sequence.
    pub(super) fn push(&mut self, rendered: Bytes) -> u64 {
        self.own_bytes += bytes_of::<R>(&rendered);
        self.add(rendered, Row::own)
    }

    fn add(&mut self, rendered: Bytes, row: fn(Bytes, u64) -> Row<R>) -> u64 {
        let sequence = self.inserted;
        self.inserted += 1;
        let hash = self.index.hash(escaped_id_in(&rendered));
        let slot = self.rows.push(row(rendered, sequence));
        self.index.insert(hash, slot);
        sequence
    }

    /// Replaces a record by its text, and returns its sequence and the text that was there.
    pub(super) fn replace(&mut self, id: &str, rendered: Bytes) -> Option<(u64, Bytes)> {
        let id = escaped(id);
        let slot = self.slot(self.index.hash(id.as_bytes()), &id)?;
        let former = self.rows.get(slot).map_or(0, own_bytes_of);
        self.own_bytes = self.own_bytes + bytes_of::<R>(&rendered) - former;
        self.rows.replace(slot, rendered)
    }

    /// Removes a record.
    pub(super) fn remove(&mut self, id: &str) -> Option<Row<R>> {
        let id = escaped(id);
        let hash = self.index.hash(id.as_bytes());
        let slot = self.slot(hash, &id)?;
        let row = self.rows.remove(slot)?;
        self.own_bytes -= own_bytes_of(&row);
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

/// What a row takes that was written after its table began, in bytes.
pub(super) fn own_bytes_of<R: Record>(row: &Row<R>) -> usize {
    if row.is_own() { bytes_of::<R>(row.rendered()) } else { 0 }
}
