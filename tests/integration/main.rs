//! The integration tests: one binary, a module per theme.

#![allow(
    clippy::unwrap_used,
    clippy::similar_names,
    reason = "a test that cannot go on says so by panicking"
)]

/// A plain HTTP/1.1 client over a socket, and a server that stops with the test.
mod client;
/// The binary itself: options, environment, output, exit codes, signals.
mod command_line;
/// Many clients at once, and a stop under their load.
mod concurrency;
/// What clients do to connections: bodies too long or too slow, both HTTP versions, stopping.
mod connections;
/// The control API, and the handle that turns the same knobs.
mod control_api;
/// The same seed and the same requests give the same faults.
mod determinism;
/// What stands in the repository's own documents is true.
mod documents;
/// Request and reply pairs from `tests/exchanges/`, without a socket and over one.
mod exchanges;
/// Imports only point down.
mod floor_plan;
/// Mutations of a corpus, thrown at whatever reads what others wrote.
mod fuzz;
/// Clients that the soak test shares.
#[path = "../../benches/harness/mod.rs"]
mod harness;
/// HTTP/1 byte by byte: framing, odd requests, and those that are refused.
mod http_conformance;
/// What the server allows its clients, seen from a socket: the refusal, and that others are served on.
mod limits;
/// Random sequences of calls, each answer compared with that of a model that is too simple to be wrong.
mod models;
/// The README's example of a test in Rust.
mod readme_example;
/// What scenarios do to exchanges.
mod scenarios;
/// What comes in with the dependencies.
mod supply_chain;
/// HTTP over TLS.
mod tls;
/// What really happened stands in the journal beside what the client was told.
mod truth;
/// Faults as a client's kernel and its HTTP/2 library see them.
mod wire_faults;
