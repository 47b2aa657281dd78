//! A table as one read sees it: as it is, or as it was. The reader does not know which.

use std::collections::{BTreeMap, btree_map};
use std::iter::Peekable;
use std::sync::Arc;

use hyper::body::Bytes;

use super::content::Content;
use super::history::{History, Past};
use super::pages::{Pages, SelectedPages};
use super::record::{Record, render};
use super::rows::{self, Block, Row};
use super::select::Window;
use super::text::escaped;
use crate::query::{Columns, Selection};

/// What a read sees of a table.
#[derive(Debug)]
pub(crate) struct View<'a, R> {
    content: &'a Content<R>,
    /// Pages of the table as it is.
    pages: &'a Pages,
    selected_pages: &'a SelectedPages,
    /// The rows that were different, by their sequence: as they were, or `None` where they did not exist.
    former: BTreeMap<u64, Option<Row<R>>>,
    /// What filters and sorters compare of each of those.
    former_columns: Vec<Columns>,
}

impl<'a, R: Record> View<'a, R> {
    pub(super) fn new(
        content: &'a Content<R>,
        (pages, selected_pages): (&'a Pages, &'a SelectedPages),
        history: &History,
        past: Option<Past<'_>>,
    ) -> Self {
        let former = past.map_or_else(BTreeMap::new, |past| {
            let differences = history.differences(past).into_iter();
            differences
                .map(|(sequence, text)| (sequence, text.map(|text| Row::new(text, sequence))))
                .collect()
        });
        let former_columns = former.iter().map(|_| Columns::default()).collect();
        Self { content, pages, selected_pages, former, former_columns }
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        let mut len = self.content.rows.len();
        for (sequence, row) in &self.former {
            len -= usize::from(self.content.rows.rank(*sequence).1);
            len += usize::from(row.is_some());
        }
        len
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows().next().is_none()
    }

    /// Whether there is a record with this id.
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.row(id).is_some()
    }

    /// A record as it is sent.
    pub(crate) fn rendered(&self, id: &str) -> Option<Bytes> {
        Some(self.row(id)?.rendered().clone())
    }

    /// A record in types.
    pub(crate) fn get(&self, id: &str) -> Option<Arc<R>> {
        Some(Arc::clone(self.row(id)?.typed()))
    }

    /// A record with everything known about it.
    pub(crate) fn row(&self, id: &str) -> Option<&Row<R>> {
        if self.former.is_empty() {
            return self.content.row(id);
        }
        // An id may have been used twice, and the later record is meant.
        let escaped_id = escaped(id);
        let former = self.former.values().rev().flatten().find(|row| row.is_of(&escaped_id));
        former.or_else(|| self.content.row(id).filter(|row| !self.former.contains_key(&row.sequence())))
    }

    /// One page as it is sent: a JSON array.
    pub(crate) fn page(&self, offset: usize, limit: usize) -> Bytes {
        if self.former.is_empty() {
            let rows = || self.content.rows.iter_from(offset).take(limit);
            return self.pages.page(offset, limit, || joined(rows()));
        }
        joined(self.rows_from(offset).take(limit))
    }

    /// One page of what a selection asks for as it is sent, and how many records that is on all pages.
    pub(crate) fn selected_page(&self, selection: &Selection, window: Window) -> (Bytes, usize) {
        let make = || {
            let selected = self.select(Some(selection), None, window);
            (selected.page(), selected.total)
        };
        if self.is_past() { make() } else { self.selected_pages.page(selection, window, make) }
    }

    /// All records in types, in the order of creation.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<R>> {
        self.rows().map(Row::typed)
    }

    /// All records with everything known about them, in the order of creation.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row<R>> + Clone {
        self.rows_from(0)
    }

    /// The same with a further record, which comes after all others.
    pub(crate) fn with(mut self, further: &R) -> Self {
        self.former.insert(u64::MAX, Some(Row::new(render(further), u64::MAX)));
        self.former_columns.push(Columns::default());
        self
    }

    /// Whether rows are seen that the table does not have as it is.
    pub(super) fn is_past(&self) -> bool {
        !self.former.is_empty()
    }

    /// All rows in blocks: those that are as they were in the order of creation, then those that were different.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Block<'_, R>> {
        let unchanged = self.content.rows.blocks().map(|block| match block.sequences() {
            Some(range) if self.former.range(range.clone()).next().is_some() => {
                block.without(|sequence| self.former.contains_key(&sequence))
            }
            _ => block,
        });
        let former = self.former.values().zip(&self.former_columns);
        let former = former.filter(|(row, _)| row.is_some()).map(|(row, columns)| Block {
            taken: 1,
            rows: std::slice::from_ref(row),
            columns,
        });
        unchanged.chain(former)
    }

    /// The records from the `offset`-th on. Between two rows that were different the list is unchanged, so that it
    /// is skipped without looking at each row.
    fn rows_from(&self, offset: usize) -> Rows<'_, R> {
        let now = &self.content.rows;
        let mut former = self.former.iter().peekable();
        // Rows before the next former one: of the list that is seen, and of the list as it is.
        let (mut passed, mut passed_now) = (0, 0);
        while let Some(&(sequence, row)) = former.peek() {
            let (rank, is_there_now) = now.rank(*sequence);
            let before = passed + (rank - passed_now);
            if before >= offset {
                break;
            }
            passed = before + usize::from(row.is_some());
            passed_now = rank + usize::from(is_there_now);
            former.next();
        }
        Rows { now: now.iter_from(passed_now + (offset - passed)).peekable(), former }
    }
}

/// These records as one page.
pub(super) fn joined<'a, R: Record>(rows: impl Iterator<Item = &'a Row<R>> + Clone) -> Bytes {
    let bytes: usize = rows.clone().map(|row| row.rendered().len() + 1).sum();
    let mut page = Vec::with_capacity(2 + bytes.saturating_sub(1));
    page.push(b'[');
    for row in rows {
        if page.len() > 1 {
            page.push(b',');
        }
        page.extend_from_slice(row.rendered());
    }
    page.push(b']');
    page.into()
}

/// The rows as they are, with those that were different in their old state.
#[derive(Clone, Debug)]
struct Rows<'a, R> {
    now: Peekable<rows::Iter<'a, R>>,
    former: Peekable<btree_map::Iter<'a, u64, Option<Row<R>>>>,
}

impl<'a, R: Record> Iterator for Rows<'a, R> {
    type Item = &'a Row<R>;

    fn next(&mut self) -> Option<&'a Row<R>> {
        loop {
            let Some(&(&sequence, _)) = self.former.peek() else { return self.now.next() };
            if let Some(row) = self.now.next_if(|row| row.sequence() < sequence) {
                return Some(row);
            }
            self.now.next_if(|row| row.sequence() == sequence);
            if let Some((_, Some(row))) = self.former.next() {
                return Some(row);
            }
        }
    }
}
