//! The integration tests: one binary, a module per theme.

#![allow(
    clippy::unwrap_used,
    clippy::similar_names,
    reason = "a test that cannot go on says so by panicking"
)]

/// The commands that ask a running server.
mod asking;
/// The binary itself: options, environment, output, exit codes, signals.
mod command_line;
/// Many clients at once, and a stop under their load.
mod concurrency;
/// What clients do to connections: bodies too long or too slow, both HTTP versions, stopping.
mod connections;
/// The control API, and the handle that offers the same controls.
mod control_api;
/// Browsers' pages of other origins.
mod cors;
/// The same seed and the same requests give the same faults.
mod determinism;
/// The repository's own documents are true.
mod documents;
/// Commands that are run once per scenario, and judged.
mod drill;
/// Which sources may be in a group.
mod eligibility;
/// What a test does that has the simulator in its own process.
mod embedding;
/// How the process ends when it is asked to.
mod ending;
/// What a reset, a replaced state and a deletion end, and what outlives them.
mod epochs;
/// Request and reply pairs from `tests/exchanges/`, without a socket and over one.
mod exchanges;
/// Why the service answered as it did, where it does not say so itself.
mod explained;
/// The page about how faithful each answer is.
mod fidelity;
/// Imports only point down.
mod floor_plan;
/// Mutations of a corpus, for everything that reads what others wrote.
mod fuzz;
/// How a simulator is started and asked.
mod harness;
/// HTTP/1 byte by byte: framing, odd requests, and those that are refused.
mod http_conformance;
/// Files to begin from.
mod init;
/// What the journal keeps, and what it leaves out.
mod journal;
/// The folder that keeps journals.
mod journal_dir;
/// What the server allows its clients, seen from a socket: the refusal, and that others are still served.
mod limits;
/// Clients that the soak shares.
#[path = "../../benches/harness/mod.rs"]
mod load;
/// What a full journal costs in resident memory.
mod memory;
/// What people get wrong, and what they are told.
mod mistakes;
/// Random sequences of calls, each answer compared with that of a model that is too simple to be wrong.
mod models;
/// Files that the server makes, beside whatever stands there already.
mod own_files;
mod password_change;
/// Accounts, identities and source apps beyond single exchanges.
mod people;
/// Who publishes the packages stands in one place.
mod publisher;
/// The service's own limit.
mod rate_limit;
/// Requests that are refused below the application.
mod refused;
/// What scenarios do to exchanges.
mod scenarios;
/// Operations that change something, under faults before and after them.
mod stages;
/// What the states of all tenants may take together.
mod states;
/// The dependencies.
mod supply_chain;
/// HTTP over TLS.
mod tls;
/// How long a token is valid, and for which clients.
mod tokens;
/// The journal shows what really happened beside what the client was told.
mod truth;
/// Verdicts on clients: the control calls, the command, and their page.
mod verdicts;
/// Faults as a client's kernel and its HTTP/2 library see them.
mod wire_faults;
