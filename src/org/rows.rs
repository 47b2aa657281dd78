//! Rows in the order of creation, in chunks that copies of a table share until one of them writes. A row is found by
//! its slot, by its place in the order, and by its sequence, whatever was removed before.

use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};

use hyper::body::Bytes;

use super::record::Record;
use super::tally::Tally;
use super::text::is_text_of;
use crate::query::{Column, Columns, Field};

/// Slots of a chunk; as many as its `taken` has bits.
pub(super) const SLOTS: usize = 64;

/// A record as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Row<R> {
    rendered: Bytes,
    /// Its sequence, and at the top whether it is [`OWN`].
    place: u64,
    typed: OnceLock<Arc<R>>,
}

/// A row that was written to a table after it began, which may share those that it began with.
const OWN: u64 = 1 << 63;

impl<R: Record> Row<R> {
    pub(super) fn new(rendered: Bytes, sequence: u64) -> Self {
        Self { rendered, place: sequence & !OWN, typed: OnceLock::new() }
    }

    /// The same, written to a table after it began.
    pub(super) fn own(rendered: Bytes, sequence: u64) -> Self {
        Self { rendered, place: sequence | OWN, typed: OnceLock::new() }
    }

    /// Whether it was written after its table began.
    pub(super) fn is_own(&self) -> bool {
        self.place & OWN != 0
    }

    /// The record as it is sent.
    pub(crate) fn rendered(&self) -> &Bytes {
        &self.rendered
    }

    /// Its place in the order of creation, which never changes.
    pub(crate) fn sequence(&self) -> u64 {
        self.place & !OWN
    }

    /// The record in types, read from its text at first use and kept.
    pub(crate) fn typed(&self) -> &Arc<R> {
        self.typed.get_or_init(|| Arc::new(self.read()))
    }

    /// A copy of the record in types; nothing is cached.
    pub(crate) fn to_record(&self) -> R {
        self.typed.get().map_or_else(|| self.read(), |typed| R::clone(typed))
    }

    fn read(&self) -> R {
        R::read_back(&self.rendered)
    }

    pub(super) fn is_of(&self, escaped_id: &str) -> bool {
        is_text_of(&self.rendered, escaped_id)
    }

    /// Replaces the text; the sequence stays. Returns the old text.
    pub(super) fn replace(&mut self, rendered: Bytes) -> Bytes {
        self.place |= OWN;
        self.typed = OnceLock::new();
        std::mem::replace(&mut self.rendered, rendered)
    }
}

/// Rows in order. A clone shares all of them. The first write to it copies the list of chunks; each write copies the
/// chunk that it is about, if others still share it.
#[derive(Clone, Debug)]
pub(super) struct Rows<R> {
    list: Arc<ChunkList<R>>,
}

#[derive(Clone, Debug)]
struct ChunkList<R> {
    chunks: Vec<Chunk<R>>,
    /// How many rows each chunk has.
    tally: Tally,
    /// Slots given out so far, including those of removed rows.
    slots: usize,
    len: usize,
}

/// The rows of 64 slots in a row.
#[derive(Clone, Debug)]
struct Chunk<R> {
    /// Which slots have a row: bit n for the n-th.
    taken: u64,
    /// The sequence of the first row that was ever here.
    first: u64,
    /// The rows by their slots, as far as there is room yet. A row is one step away from the list, because in a large
    /// table each step waits for memory.
    rows: Arc<[Option<Row<R>>]>,
    /// What filters and sorters compare, made when one asks and shared by all who share the rows.
    columns: Arc<Columns>,
}

impl<R: Record> Chunk<R> {
    fn put(&mut self, place: usize, row: Row<R>) {
        if place >= self.rows.len() {
            self.grow(place);
        }
        Arc::make_mut(&mut self.rows)[place] = Some(row);
        self.taken |= 1 << place;
        self.forget_columns();
    }

    fn replace(&mut self, place: usize, rendered: Bytes) -> Option<(u64, Bytes)> {
        self.forget_columns();
        let row = Arc::make_mut(&mut self.rows).get_mut(place)?.as_mut()?;
        Some((row.sequence(), row.replace(rendered)))
    }

    fn take(&mut self, place: usize) -> Option<Row<R>> {
        self.taken &= !(1 << place);
        let row = Arc::make_mut(&mut self.rows)[place].take();
        if self.taken == 0 {
            self.rows = Arc::default();
        }
        self.forget_columns();
        row
    }

    /// Forgets what filters and sorters compare, because a row changed. Others who had the same rows keep it.
    fn forget_columns(&mut self) {
        match Arc::get_mut(&mut self.columns) {
            Some(columns) => columns.forget(),
            None => self.columns = Arc::default(),
        }
    }

    /// Makes room for a row at that place; a small table needs little.
    fn grow(&mut self, place: usize) {
        let room = match place {
            0..4 => 4,
            4..16 => 16,
            _ => SLOTS,
        };
        let mut former = std::mem::take(&mut self.rows);
        let rows = Arc::make_mut(&mut former);
        self.rows = (0..room).map(|place| rows.get_mut(place).and_then(Option::take)).collect();
    }

    fn iter(&self) -> impl Iterator<Item = &Row<R>> {
        self.rows.iter().flatten()
    }
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        let list = ChunkList { chunks: Vec::new(), tally: Tally::default(), slots: 0, len: 0 };
        Self { list: Arc::new(list) }
    }
}

impl<R: Record> Rows<R> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len
    }

    /// Appends a row and returns its slot, which stays the same until [`Self::compact`].
    pub(super) fn push(&mut self, row: Row<R>) -> u32 {
        let list = Arc::make_mut(&mut self.list);
        let slot = list.slots;
        if slot.is_multiple_of(SLOTS) {
            let first = row.sequence();
            list.chunks.push(Chunk { taken: 0, first, rows: Arc::default(), columns: Arc::default() });
            list.tally.push();
        }
        list.chunks[slot / SLOTS].put(slot % SLOTS, row);
        list.tally.increment(slot / SLOTS);
        list.slots += 1;
        list.len += 1;
        u32::try_from(slot).expect("four billion rows do not fit in memory")
    }

    /// The row in a slot.
    pub(super) fn get(&self, slot: u32) -> Option<&Row<R>> {
        let (chunk, place) = place_of(slot);
        self.list.chunks.get(chunk)?.rows.get(place)?.as_ref()
    }

    /// Replaces the text of the row in a slot, and returns its sequence and the text that was there.
    pub(super) fn replace(&mut self, slot: u32, rendered: Bytes) -> Option<(u64, Bytes)> {
        self.get(slot)?;
        let (chunk, place) = place_of(slot);
        Arc::make_mut(&mut self.list).chunks[chunk].replace(place, rendered)
    }

    /// Removes the row from a slot.
    pub(super) fn remove(&mut self, slot: u32) -> Option<Row<R>> {
        self.get(slot)?;
        let (chunk, place) = place_of(slot);
        let list = Arc::make_mut(&mut self.list);
        list.tally.decrement(chunk);
        list.len -= 1;
        list.chunks[chunk].take(place)
    }

    /// The rows from the `offset`-th on, in order. A long gap costs no more than a short one.
    pub(super) fn iter_from(&self, offset: usize) -> Iter<'_, R> {
        let list = &*self.list;
        if offset >= list.len {
            return Iter { list, rows: &[], left: 0, next_chunk: list.chunks.len() };
        }
        let (nth, passed) = list.tally.find(offset);
        let chunk = &list.chunks[nth];
        let left = (0..passed).fold(chunk.taken, |left, _| without_lowest(left));
        Iter { list, rows: &chunk.rows, left, next_chunk: nth + 1 }
    }

    /// The chunks that have rows, in order.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Block<'_, R>> {
        let filled = self.list.chunks.iter().filter(|chunk| chunk.taken != 0);
        filled.map(|chunk| Block { taken: chunk.taken, rows: &chunk.rows, columns: &chunk.columns })
    }

    /// How many rows come before the one with this sequence, and whether that is there.
    pub(super) fn rank(&self, sequence: u64) -> (usize, bool) {
        let list = &*self.list;
        let after = list.chunks.partition_point(|chunk| chunk.first <= sequence);
        let Some(nth) = after.checked_sub(1) else { return (0, false) };
        let mut rest = list.chunks[nth].iter().map(Row::sequence).peekable();
        let mut before = list.tally.before(nth);
        while rest.next_if(|&other| other < sequence).is_some() {
            before += 1;
        }
        (before, rest.peek() == Some(&sequence))
    }

    /// Whether enough slots are empty for [`Self::compact`] to pay off.
    pub(super) fn is_sparse(&self) -> bool {
        self.list.slots > SLOTS && self.list.len * 2 < self.list.slots
    }

    /// Closes the gaps and calls `moved` with every row's new slot.
    pub(super) fn compact(&mut self, mut moved: impl FnMut(&Row<R>, u32)) {
        let mut compacted = Self::default();
        for row in self.iter_from(0) {
            let slot = compacted.push(row.clone());
            moved(row, slot);
        }
        *self = compacted;
    }
}

/// Up to 64 rows in order, with what filters and sorters compare.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a, R> {
    /// Which places have a row: bit n for the n-th.
    pub(super) taken: u64,
    pub(super) rows: &'a [Option<Row<R>>],
    pub(super) columns: &'a Columns,
}

impl<'a, R: Record> Block<'a, R> {
    /// The row at a place.
    pub(super) fn row(&self, place: usize) -> Option<&'a Row<R>> {
        self.rows.get(place)?.as_ref()
    }

    /// The same without the rows whose sequence is gone.
    pub(super) fn without(self, is_gone: impl Fn(u64) -> bool) -> Self {
        let rows = self.rows.iter().enumerate();
        let gone = rows.filter(|(_, row)| row.as_ref().is_some_and(|row| is_gone(row.sequence())));
        let taken = gone.fold(self.taken, |left, (place, _)| left & !(1 << place));
        Self { taken, ..self }
    }

    /// The sequences of the first and the last row.
    pub(super) fn sequences(&self) -> Option<RangeInclusive<u64>> {
        let at = |place: u32| self.row(place as usize).map(Row::sequence);
        Some(at(self.taken.trailing_zeros())?..=at(self.taken.checked_ilog2()?)?)
    }

    /// The rows' values for one of their resource's fields.
    pub(super) fn column(&self, fields: &'static [Field], place: usize) -> &'a Column {
        let texts = self.rows.iter().map(|row| row.as_ref().map(|row| &row.rendered[..]));
        self.columns.column(fields, place, texts)
    }
}

/// The chunk of a slot, and the place in it.
fn place_of(slot: u32) -> (usize, usize) {
    (slot as usize / SLOTS, slot as usize % SLOTS)
}

fn without_lowest(bits: u64) -> u64 {
    bits & bits.wrapping_sub(1)
}

/// Rows in order.
#[derive(Clone, Debug)]
pub(super) struct Iter<'a, R> {
    list: &'a ChunkList<R>,
    /// The chunk before `next_chunk`, and which of its rows are left.
    rows: &'a [Option<Row<R>>],
    left: u64,
    next_chunk: usize,
}

impl<'a, R> Iterator for Iter<'a, R> {
    type Item = &'a Row<R>;

    fn next(&mut self) -> Option<&'a Row<R>> {
        if self.left == 0 {
            self.turn_to_next_chunk()?;
        }
        let place = self.left.trailing_zeros() as usize;
        self.left = without_lowest(self.left);
        self.rows.get(place)?.as_ref()
    }
}

impl<R> Iter<'_, R> {
    /// The next chunk that has rows, if there is one. The tally skips any number of empty ones.
    fn turn_to_next_chunk(&mut self) -> Option<()> {
        let list = self.list;
        if list.chunks.get(self.next_chunk)?.taken == 0 {
            let passed = list.tally.before(self.next_chunk);
            self.next_chunk = if passed < list.len { list.tally.find(passed).0 } else { list.chunks.len() };
        }
        let chunk = list.chunks.get(self.next_chunk)?;
        (self.rows, self.left) = (&chunk.rows, chunk.taken);
        self.next_chunk += 1;
        Some(())
    }
}

#[cfg(test)]
impl<R> Rows<R> {
    /// Which chunks two of them share.
    pub(super) fn shared_chunks(&self, other: &Self) -> Vec<bool> {
        let pairs = self.list.chunks.iter().zip(&other.list.chunks);
        pairs.map(|(mine, theirs)| Arc::ptr_eq(&mine.rows, &theirs.rows)).collect()
    }

    /// Slots given out so far.
    pub(super) fn slots(&self) -> usize {
        self.list.slots
    }

    /// Allocated room for rows, used or not.
    pub(super) fn capacity(&self) -> usize {
        self.list.chunks.iter().map(|chunk| chunk.rows.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Group;

    fn row(sequence: u64) -> Row<Group> {
        Row::new(Bytes::from(format!(r#"{{"id":"{sequence}"}}"#)), sequence)
    }

    fn sequences(rows: &Rows<Group>, offset: usize) -> impl Iterator<Item = u64> {
        rows.iter_from(offset).map(Row::sequence)
    }

    /// Runs pushes and removals on `Rows` and on a plain list, and compares every page and rank after each.
    #[test]
    fn every_offset_agrees_with_a_plain_list() {
        let mut rows = Rows::default();
        let mut plain: Vec<(u32, u64)> = Vec::new();
        let mut draw = 12_345_u32;
        for step in 0..600 {
            draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if draw >> 30 == 0 && !plain.is_empty() {
                let (slot, sequence) = plain.remove((draw >> 8) as usize % plain.len());
                assert_eq!(rows.remove(slot).unwrap().sequence(), sequence);
                assert!(rows.get(slot).is_none());
            } else {
                plain.push((rows.push(row(step)), step));
            }
            if rows.is_sparse() {
                rows.compact(|row, slot| {
                    plain.iter_mut().find(|(_, sequence)| *sequence == row.sequence()).unwrap().0 = slot;
                });
            }
            assert_eq!(rows.len(), plain.len());
            for offset in [0, 1, plain.len() / 2, plain.len().saturating_sub(1), plain.len(), plain.len() + 1]
            {
                let page: Vec<_> = sequences(&rows, offset).take(3).collect();
                let expected: Vec<_> = plain.iter().skip(offset).take(3).map(|(_, item)| *item).collect();
                assert_eq!(page, expected, "offset {offset} after step {step}");
            }
            for sequence in [0, step / 2, step, step + 1] {
                let before = plain.iter().filter(|(_, other)| *other < sequence).count();
                let is_there = plain.iter().any(|(_, other)| *other == sequence);
                assert_eq!(rows.rank(sequence), (before, is_there), "{sequence} after step {step}");
            }
        }
    }

    #[test]
    fn long_gaps_are_skipped() {
        let mut rows = Rows::default();
        let slots: Vec<_> = (0..1_000).map(|sequence| rows.push(row(sequence))).collect();
        let is_left = |item: u64| !(20..420).contains(&item) && item % 97 != 3 && item < 800;
        for (sequence, slot) in (0..).zip(slots).filter(|(sequence, _)| !is_left(*sequence)) {
            assert_eq!(rows.remove(slot).unwrap().sequence(), sequence);
        }
        let left: Vec<_> = (0..1_000).filter(|item| is_left(*item)).collect();
        for offset in [0, 15, 18, 19, 20, 100, left.len() - 1, left.len(), left.len() + 1] {
            let found: Vec<_> = sequences(&rows, offset).collect();
            assert_eq!(found, left[offset.min(left.len())..], "{offset}");
        }
    }

    #[test]
    fn emptying_a_list_closes_its_gaps() {
        let mut rows = Rows::default();
        let mut slots: Vec<_> = (0..1_000).map(|sequence| rows.push(row(sequence))).collect();
        while let Some(slot) = slots.pop() {
            assert!(rows.remove(slot).is_some());
            if rows.is_sparse() {
                slots.clear();
                rows.compact(|_, slot| slots.push(slot));
            }
        }
        assert_eq!((rows.len(), rows.iter_from(0).count(), rows.capacity()), (0, 0, 0));
        assert!(rows.slots() <= SLOTS);
    }

    #[test]
    fn a_write_copies_one_chunk_and_leaves_the_others_shared() {
        let mut rows = Rows::default();
        (0..200).for_each(|sequence| {
            rows.push(row(sequence));
        });
        let mut other = rows.clone();
        assert!(Arc::ptr_eq(&rows.list, &other.list));
        other.replace(70, Bytes::from_static(br#"{"id":"new"}"#)).unwrap();
        assert_eq!(rows.shared_chunks(&other), [true, false, true, true]);
        other.remove(3);
        assert_eq!(rows.shared_chunks(&other), [false, false, true, true]);
        other.push(row(200));
        assert_eq!(rows.shared_chunks(&other), [false, false, true, false]);
        assert!(rows.get(70).unwrap().is_of("70") && other.get(70).unwrap().is_of("new"));
        assert_eq!((rows.len(), other.len()), (200, 200));
    }

    #[test]
    fn a_row_takes_no_more_memory_than_its_text_and_56_bytes() {
        assert_eq!(size_of::<Option<Row<Group>>>(), 56);
    }
}
