//! Sorters: `name,-created`. Fields in the order in which they count, `-` in front for the greatest first. Records that
//! are equal in all of them keep their order.
//! Invented: that order, and that records without a value come last in both directions.

use std::cmp::Ordering;

use super::column::Column;
use super::field::Selectable;
use super::mistake::{Found, Mistake, choice, shown};
use crate::document::nearest;

/// How many sorters there may be.
pub const MOST_SORTERS: usize = 20;

/// What a list is sorted by.
#[derive(Clone, Debug, PartialEq)]
pub struct Sorters {
    sorters: Box<[Sorter]>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Sorter {
    /// The field's place among those of the resource.
    field: usize,
    direction: Direction,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Direction {
    Ascending,
    Descending,
}

impl Sorters {
    /// Reads the sorters of a list that allows these.
    pub fn read(text: &str, list: &Selectable) -> Result<Self, Mistake> {
        let mut sorters = Vec::new();
        let mut begin = 0;
        for piece in text.split(',') {
            let sorter = read_one(piece, begin, list).and_then(|sorter| {
                let is_one_too_many = sorters.len() == MOST_SORTERS;
                let message = || format!("found too many sorters; expected at most {MOST_SORTERS}");
                if is_one_too_many { Err((begin, message())) } else { Ok(sorter) }
            });
            sorters.push(sorter.map_err(|(byte, message)| Mistake::at(text, byte, message))?);
            begin += piece.len() + 1;
        }
        Ok(Self { sorters: sorters.into() })
    }

    /// How two records compare. `own` and `other` have the values for a field, and the place of the record in them.
    pub(crate) fn compare<'c>(
        &self,
        own: (&dyn Fn(usize) -> &'c Column, usize),
        other: (&dyn Fn(usize) -> &'c Column, usize),
    ) -> Ordering {
        let mut orders = self.sorters.iter().map(|sorter| sorter.compare(own, other));
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl Sorter {
    fn compare<'c>(
        self,
        (own, place): (&dyn Fn(usize) -> &'c Column, usize),
        (other, other_place): (&dyn Fn(usize) -> &'c Column, usize),
    ) -> Ordering {
        let (own, other) = (own(self.field), other(self.field));
        match (own.is_null(place), other.is_null(other_place), self.direction) {
            (false, false, Direction::Ascending) => own.compare(place, other, other_place),
            (false, false, Direction::Descending) => other.compare(other_place, own, place),
            (is_null, is_other_null, _) => is_null.cmp(&is_other_null),
        }
    }
}

/// The sorter in a piece between commas, which begins at a byte.
fn read_one(piece: &str, begin: usize, list: &Selectable) -> Result<Sorter, Found> {
    let trimmed = piece.trim();
    let (direction, name) = match trimmed.strip_prefix('-') {
        Some(name) => (Direction::Descending, name),
        None => (Direction::Ascending, trimmed),
    };
    let known = list.sorters.iter().find(|known| known.name == name);
    known.map(|known| Sorter { field: known.field, direction }).ok_or_else(|| {
        let names = || list.sorters.iter().map(|known| known.name);
        let meant = nearest(name, names()).map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        let found = if name.is_empty() { "nothing".to_owned() } else { format!("the field {}", shown(name)) };
        let at = begin + (piece.len() - piece.trim_start().len()) + (trimmed.len() - name.len());
        (at, format!("found {found}; expected {}{meant}", choice(names())))
    })
}
