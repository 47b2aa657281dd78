//! The table of one resource: found by id, listed in the order of creation. A record is kept as the bytes in which it
//! is sent, so that reading one hands out a pointer and a page joins slices. A clone shares everything, even what is
//! not made yet, until it is written to.

use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hyper::body::Bytes;

use super::content::{Content, own_bytes_of};
use super::history::{Change, History, Past};
use super::pages::{Pages, SelectedPages};
use super::record::{Record, bytes_of, render};
use super::rows::Row;
use super::text::{escaped, is_text_of};
use super::view::View;
use crate::clock::Timestamp;

/// All records of one resource.
pub(crate) struct Table<R: Record> {
    held: Held<R>,
    /// Pages of the table as it is.
    pages: Pages,
    selected_pages: SelectedPages,
    history: History,
}

/// What a table holds.
enum Held<R: Record> {
    /// What it started with, made at the first access.
    Begun(Arc<Beginning<R>>),
    /// What it has become.
    Own(Content<R>),
}

struct Beginning<R> {
    content: LazyLock<Content<R>, Box<dyn FnOnce() -> Content<R> + Send>>,
    is_made: Arc<AtomicBool>,
}

impl<R: Record> Beginning<R> {
    fn made_by(make: impl FnOnce() -> Content<R> + Send + 'static) -> Arc<Self> {
        let is_made = Arc::new(AtomicBool::new(false));
        let when_made = Arc::clone(&is_made);
        let make: Box<dyn FnOnce() -> Content<R> + Send> = Box::new(move || {
            let content = make();
            when_made.store(true, Ordering::Relaxed);
            content
        });
        Arc::new(Self { content: LazyLock::new(make), is_made })
    }
}

impl<R: Record> Table<R> {
    /// A table of these records, in this order.
    #[cfg(test)]
    pub(crate) fn of(records: &[R]) -> Self {
        Self::holding(Held::Own(Content::of(records)))
    }

    /// A table of what `make` returns when the table, or a clone of it, is first read.
    #[cfg(test)]
    pub(crate) fn made_by(make: impl FnOnce() -> Vec<R> + Send + 'static) -> Self {
        Self::beginning_with(move || Content::of(&make()))
    }

    /// The same of what is made of records that somebody else keeps.
    pub(super) fn beginning_with(make: impl FnOnce() -> Content<R> + Send + 'static) -> Self {
        Self::holding(Held::Begun(Beginning::made_by(make)))
    }

    /// Has the table begin with what `make` returns, if nobody has looked at it yet, here or where it is shared.
    /// Returns whether that is so.
    pub(super) fn begin_anew(&mut self, make: impl FnOnce() -> Vec<R> + Send + 'static) -> bool {
        match &mut self.held {
            Held::Begun(beginning) if !beginning.is_made.load(Ordering::Relaxed) => {
                *beginning = Beginning::made_by(move || Content::of(&make()));
                true
            }
            _ => false,
        }
    }

    fn holding(held: Held<R>) -> Self {
        Self {
            held,
            pages: Pages::default(),
            selected_pages: SelectedPages::default(),
            history: History::default(),
        }
    }

    /// The table as it is, or as it was.
    pub(crate) fn view(&self, past: Option<Past<'_>>) -> View<'_, R> {
        View::new(self.content(), (&self.pages, &self.selected_pages), &self.history, past)
    }

    /// How many records there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.content().rows.len()
    }

    /// Whether there are none.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is a record with this id.
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.content().row(id).is_some()
    }

    /// A record's place in the order of creation.
    pub(crate) fn sequence(&self, id: &str) -> Option<u64> {
        Some(self.content().row(id)?.sequence())
    }

    /// Copies of all records, in the order of creation, not cached: for rare uses.
    pub(crate) fn to_records(&self) -> impl Iterator<Item = R> {
        self.content().rows.iter_from(0).map(Row::to_record)
    }

    /// A record as it is sent.
    pub(crate) fn render(record: &R) -> Bytes {
        render(record)
    }

    /// Appends a record whose id is new.
    #[cfg(test)]
    pub(crate) fn insert(&mut self, record: &R) -> Change {
        self.insert_rendered(record.id(), render(record))
    }

    /// Replaces a record that is there, in its place in the order.
    #[cfg(test)]
    pub(crate) fn replace(&mut self, record: &R) -> Option<Change> {
        self.replace_rendered(record.id(), render(record))
    }

    /// Appends a record whose id is new, by the bytes that [`Self::render`] made.
    pub(crate) fn insert_rendered(&mut self, id: &str, rendered: Bytes) -> Change {
        debug_assert!(is_text_of(&rendered, &escaped(id)), "`{id}` is not the id of the record");
        debug_assert!(!self.contains(id), "`{id}` is there already");
        let after = Some(rendered.clone());
        Change { sequence: self.write().push(rendered), before: None, after }
    }

    /// Replaces a record that is there, by the bytes that [`Self::render`] made.
    pub(crate) fn replace_rendered(&mut self, id: &str, rendered: Bytes) -> Option<Change> {
        debug_assert!(is_text_of(&rendered, &escaped(id)), "`{id}` is not the id of the record");
        let after = Some(rendered.clone());
        let (sequence, before) = self.write().replace(id, rendered)?;
        Some(Change { sequence, before: Some(before), after })
    }

    /// Removes a record.
    pub(crate) fn remove(&mut self, id: &str) -> Option<Change> {
        let row = self.write().remove(id)?;
        Some(Change { sequence: row.sequence(), before: Some(row.rendered().clone()), after: None })
    }

    /// What all its records take, in bytes; those that are not made yet are made.
    pub(super) fn bytes(&self) -> usize {
        self.content().bytes()
    }

    /// What it takes beside what it began with, in bytes, with what it remembers.
    pub(super) fn own_bytes(&self) -> usize {
        let own = match &self.held {
            Held::Begun(_) => 0,
            Held::Own(content) => content.own_bytes(),
        };
        own + self.history.bytes()
    }

    /// How much more it takes with this text for the record with this id, in bytes.
    pub(super) fn growth(&self, id: &str, rendered: &[u8]) -> usize {
        let former = self.content().row(id).map_or(0, own_bytes_of);
        bytes_of::<R>(rendered).saturating_sub(former)
    }

    /// Forgets what it was a moment ago.
    pub(super) fn forget_history(&mut self) {
        self.history.forget();
    }

    /// Remembers a change that a client made, so that a view can go back before it; and forgets those that are older
    /// than `horizon`.
    pub(crate) fn record(
        &mut self,
        at: Timestamp,
        client: &Arc<str>,
        change: Change,
        horizon: Option<Duration>,
    ) {
        self.history.record(at, Arc::clone(client), change, horizon);
    }

    /// Whether the records are there, and are not only made when somebody looks at them.
    #[cfg(test)]
    pub(super) fn is_made(&self) -> bool {
        match &self.held {
            Held::Begun(beginning) => beginning.is_made.load(Ordering::Relaxed),
            Held::Own(_) => true,
        }
    }

    fn content(&self) -> &Content<R> {
        match &self.held {
            Held::Begun(beginning) => &beginning.content,
            Held::Own(content) => content,
        }
    }

    /// The content, to be changed: from now on it is the table's own.
    fn write(&mut self) -> &mut Content<R> {
        self.pages.forget();
        self.selected_pages.forget();
        if let Held::Begun(beginning) = &self.held {
            self.held = Held::Own(Content::clone(&beginning.content));
        }
        match &mut self.held {
            Held::Own(content) => content,
            Held::Begun(_) => unreachable!("it was made the table's own just now"),
        }
    }
}

impl<R: Record> Default for Table<R> {
    fn default() -> Self {
        Self::holding(Held::Own(Content::default()))
    }
}

/// The same records, shared. A clone starts a history of its own.
impl<R: Record> Clone for Table<R> {
    fn clone(&self) -> Self {
        Self::holding(match &self.held {
            Held::Begun(beginning) => Held::Begun(Arc::clone(beginning)),
            Held::Own(content) => Held::Own(content.clone()),
        })
    }
}

/// The name of the table. The records are not shown: they may not be made yet, or there may be a million.
impl<R: Record> Debug for Table<R> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("resource", &R::RESOURCE).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
