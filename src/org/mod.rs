//! The organisation's tables. A table keeps the records of one resource in the order of creation, as the bytes in
//! which they are sent, and knows what they were a moment ago. It knows nothing of what a record means: which tables
//! there are stands in `organisation.rs`, how a record is written in `record.rs`, what one table says of another in
//! `links.rs`, and what operations do with them is decided elsewhere.

mod content;
mod credentials;
mod follow;
mod history;
mod identities;
mod index;
mod links;
mod lookup;
#[cfg(test)]
mod model;
mod organisation;
mod overlay;
mod pages;
mod record;
mod rows;
mod select;
mod table;
mod tally;
mod text;
mod view;

pub(crate) use history::Past;
pub(crate) use links::Links;
pub(crate) use organisation::{Author, Kept, Organisation, SECTIONS, Write, WriteOf};
pub(crate) use overlay::Overlay;
pub(crate) use record::Record;
pub(crate) use select::{Visible, Window};
pub(crate) use table::Table;
pub(crate) use view::View as TableView;
