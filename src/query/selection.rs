//! What one request asks of a list: a filter, sorters, or both.

use std::cmp::Ordering;

use super::column::Column;
use super::field::Field;
use super::{Filter, Selectable, Sorters};

/// A filter, sorters, or both, for the records of one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    resource: &'static str,
    fields: &'static [Field],
    filter: Option<Filter>,
    sorters: Option<Sorters>,
}

impl Selection {
    /// What is asked of a list; `None` when it is asked for as it is.
    pub(crate) fn of(list: &Selectable, filter: Option<Filter>, sorters: Option<Sorters>) -> Option<Self> {
        let is_any = filter.is_some() || sorters.is_some();
        is_any.then_some(Self { resource: list.resource, fields: list.fields, filter, sorters })
    }

    /// Whose records it is about.
    pub(crate) fn resource(&self) -> &'static str {
        self.resource
    }

    /// The fields that it may be about.
    pub(crate) fn fields(&self) -> &'static [Field] {
        self.fields
    }

    /// Whether the order is another than that of creation.
    pub(crate) fn is_sorted(&self) -> bool {
        self.sorters.is_some()
    }

    /// Which of the records match, of those in `among`: bit n for the n-th. `column` has the values for a field.
    pub(crate) fn matches<'c>(&self, among: u64, column: &dyn Fn(usize) -> &'c Column) -> u64 {
        self.filter.as_ref().map_or(among, |filter| filter.matches(among, column))
    }

    /// How two records compare by the sorters; equal without any.
    pub(crate) fn compare<'c>(
        &self,
        own: (&dyn Fn(usize) -> &'c Column, usize),
        other: (&dyn Fn(usize) -> &'c Column, usize),
    ) -> Ordering {
        self.sorters.as_ref().map_or(Ordering::Equal, |sorters| sorters.compare(own, other))
    }
}
