//! Reads the service's documents and makes the static tables of `src/contract/facts.rs` from them. Used by `build.rs`,
//! and by the contract's tests, which read documents of their own.

mod components;
mod listing;
mod openapi;
mod parameters;
pub(crate) mod read;
mod routes;
mod schema;
mod versions;
pub(crate) mod write;
