//! Which records of a list a request asks for, and in what order: the `filters` and `sorters` of the vendor's API, read
//! with the place of every mistake, and tried on records. It knows no resource: what a list can be filtered and sorted
//! by comes from the service's documents ([`Selectable`]), and records come as the texts in which they are sent.
//!
//! A filter is text, then tokens (`lexer.rs`), then a tree (`parser.rs`), then an expression over the fields' places
//! (`filter.rs`, `condition.rs`). Records are looked at 64 at a time, a field after the other (`column.rs`), which is
//! why a result is a number of 64 bits.

mod column;
mod condition;
pub(crate) mod field;
mod filter;
mod lexer;
mod mistake;
mod parser;
mod selection;
mod sorter;
mod value;

pub(crate) use column::{Column, Columns};
pub use field::{Field, FieldKind, Filterable, Operator, Operators, Selectable, Sortable};
pub use filter::Filter;
pub use mistake::Mistake;
pub use parser::{MOST_BYTES, MOST_CONDITIONS, MOST_DEPTH, MOST_VALUES};
pub use selection::Selection;
pub use sorter::{MOST_SORTERS, Sorters};

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
