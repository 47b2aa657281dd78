//! The rows of a view that a selection asks for, and a page of them. Rows are looked at 64 at a time; what a selection
//! means is decided in `query`.

use std::cmp::Ordering;

use hyper::body::Bytes;

use super::record::Record;
use super::rows::{Block, Row};
use super::view::{View, joined};
use crate::query::Selection;

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// How many rows to skip first.
    pub(crate) offset: usize,
    /// How many rows a page has at most.
    pub(crate) limit: usize,
    /// Whether all rows are to be counted; if not, nobody looks at those after the page.
    pub(crate) is_counted: bool,
}

impl Window {
    /// How many rows there are up to the end of the page.
    fn end(self) -> usize {
        self.offset.saturating_add(self.limit)
    }
}

/// Whether a record may be seen; `None` where every record may.
pub(crate) type Visible<'v, R> = Option<&'v dyn Fn(&R) -> bool>;

/// A page of the rows that were asked for.
#[derive(Debug)]
pub(crate) struct Selected<'a, R> {
    /// The page, in order.
    pub(crate) rows: Vec<&'a Row<R>>,
    /// How many rows there are on all pages; maybe fewer when they were not to be counted.
    pub(crate) total: usize,
}

impl<R: Record> Selected<'_, R> {
    /// The page as it is sent: a JSON array.
    pub(crate) fn page(&self) -> Bytes {
        joined(self.rows.iter().copied())
    }

    /// The page with each record in another shape.
    pub(crate) fn page_of(&self, write: impl Fn(&R, &mut Vec<u8>)) -> Bytes {
        let mut page = vec![b'['];
        for row in &self.rows {
            if page.len() > 1 {
                page.push(b',');
            }
            write(row.typed(), &mut page);
        }
        page.push(b']');
        page.into()
    }
}

impl<R: Record> View<'_, R> {
    /// A page of the rows that are visible and that a selection asks for, in its order or else that of creation.
    pub(crate) fn select(
        &self,
        selection: Option<&Selection>,
        is_visible: Visible<'_, R>,
        window: Window,
    ) -> Selected<'_, R> {
        let is_of_these = |selection: &Selection| selection.resource() == R::RESOURCE;
        debug_assert!(selection.is_none_or(is_of_these), "{} and {selection:?}", R::RESOURCE);
        let matching = |block: &Block<'_, R>| matching(block, selection, is_visible);
        if self.is_past() || selection.is_some_and(Selection::is_sorted) {
            self.select_sorted(selection, matching, window)
        } else {
            self.select_in_order(matching, window)
        }
    }

    /// How many rows a selection asks for. Counting ends when there are more than `enough`.
    pub(crate) fn count(&self, selection: &Selection, enough: usize) -> usize {
        let mut total = 0;
        for block in self.blocks() {
            total += matching(&block, Some(selection), None).count_ones() as usize;
            if total > enough {
                break;
            }
        }
        total
    }

    /// The rows in the order of creation.
    fn select_in_order(&self, matching: impl Fn(&Block<'_, R>) -> u64, window: Window) -> Selected<'_, R> {
        let mut selected = Selected { rows: Vec::new(), total: 0 };
        for block in self.blocks() {
            if !window.is_counted && selected.total >= window.end() {
                break;
            }
            let found = matching(&block);
            let rows = places(found).skip(window.offset.saturating_sub(selected.total));
            let wanted = window.limit - selected.rows.len();
            selected.rows.extend(rows.take(wanted).filter_map(|place| block.row(place)));
            selected.total += found.count_ones() as usize;
        }
        selected
    }

    /// The rows in the order of the sorters; those that are equal in it in the order of creation.
    fn select_sorted(
        &self,
        selection: Option<&Selection>,
        matching: impl Fn(&Block<'_, R>) -> u64,
        window: Window,
    ) -> Selected<'_, R> {
        let blocks: Vec<Block<'_, R>> = self.blocks().collect();
        let mut hits: Vec<(usize, usize)> = Vec::new();
        for (nth, block) in blocks.iter().enumerate() {
            hits.extend(places(matching(block)).map(|place| (nth, place)));
        }
        let row = |(nth, place): (usize, usize)| blocks[nth].row(place);
        let sequence = |hit: (usize, usize)| row(hit).map(Row::sequence);
        let order = |own: &(usize, usize), other: &(usize, usize)| {
            let by_sorters = selection.map_or(Ordering::Equal, |selection| {
                let fields = selection.fields();
                let (own_block, other_block) = (&blocks[own.0], &blocks[other.0]);
                selection.compare(
                    (&|field| own_block.column(fields, field), own.1),
                    (&|field| other_block.column(fields, field), other.1),
                )
            });
            by_sorters.then_with(|| sequence(*own).cmp(&sequence(*other)))
        };
        let total = hits.len();
        let end = window.end().min(total);
        // What comes after the page need not be in order.
        if (1..total).contains(&end) {
            hits.select_nth_unstable_by(end - 1, order);
        }
        hits.truncate(end);
        hits.sort_unstable_by(order);
        let rows = hits.into_iter().skip(window.offset).filter_map(row).collect();
        Selected { rows, total }
    }
}

/// Which rows of a block are visible and match.
fn matching<R: Record>(
    block: &Block<'_, R>,
    selection: Option<&Selection>,
    is_visible: Visible<'_, R>,
) -> u64 {
    let matching = selection.map_or(block.taken, |selection| {
        selection.matches(block.taken, &|field| block.column(selection.fields(), field))
    });
    let Some(is_visible) = is_visible else { return matching };
    let is_hidden = |place: &usize| !block.row(*place).is_some_and(|row| is_visible(row.typed()));
    places(matching).filter(is_hidden).fold(matching, |left, place| left & !(1 << place))
}

/// The places of the bits that are set, from the lowest.
fn places(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(place)
    })
}
