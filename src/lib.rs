//! A stand-in for the Password Sync Groups API of SailPoint Identity Security Cloud: the same operations,
//! tokens and refusals, in memory, on your own machine. The README says how to use it; this page says how it
//! is built.
//!
//! # The house
//!
//! Imports only point down, and rooms on one floor do not import each other (`operation` holds the words that
//! every floor uses, and `document` says how they are read). A test reads `src/` and fails on an import that points up
//! or sideways.
//!
//! ```text
//! 9  simulator                       what an embedder can do (main, cli and commands use it)
//! 8  handle                          an embedder's handle to one tenant
//! 7  server                          sockets: accept, read, deliver, stop
//! 6  pipeline      control           the life of a request · the control API under /_sim
//! 5  world         drill             what tenants share, the registry · plan, judge and reports of a drill
//! 4  tenant                          everything of one tenant, behind one lock
//! 3  service       verdict           what operations decide, a folder per resource · rules of good client conduct
//! 2  org      journal      auth      the organisation's tables · exchanges, kept and shown · clients and tokens
//! 1  contract  scenario  fixture     the OpenAPI documents, for each version · rules, triggers, faults · what a tenant starts with
//! 0  operation  version  prerequisites  clock  chance  crypt  document  metrics  wire  query
//! ```
//!
//! # The life of a request
//!
//! [`server`] reads it whole, [`world`] finds its tenant, and unless it is for the [`control`] API, [`pipeline`]
//! takes it through three steps:
//!
//! * *prepare* looks at the request alone: the route, the contract. What is wrong is found here and refused
//!   later.
//! * *decide* takes the tenant's one lock, once, and never waits: what is due is done, an exchange is opened, a rule
//!   may fire before the service; then token (401), scope and user (403), rate limit (429), route (404, 405), contract
//!   (413, 415, 400), the handler; then a rule may fire after the service. A handler decides: it looks at a view of
//!   the organisation, which may be the past, and returns a reply and changes, or a refusal. The tenant applies the
//!   changes, in one place, unless the decision was only a rehearsal. The journal keeps the exchange: what happened
//!   beside what the client was told.
//! * *deliver*, in [`server`], holds nothing and does the waiting and writing. Whatever waits is on the tenant's agenda
//!   meanwhile.
//!
//! Floors 0 to 6 do no input or output, never wait, and never read the machine's clock or ambient randomness: time
//! comes in as an argument, draws follow from the seed (`clippy.toml` bans the calls). So
//! [`simulator::Simulator::answer`] runs the whole service without a socket.
//!
//! # Where things go
//!
//! What is written by hand. A place that is forgotten fails the build where it says *build*, and a test everywhere else;
//! schemas and generated pages follow by `BLESS=1 cargo test`.
//!
//! * A *fault*: its file in `scenario/fault/` (settings, effect, words, mistakes, tests); its three lines in
//!   `scenario/fault/mod.rs`; a scenario that shows it, with its topic in `scenario/library.rs` and its paragraph in
//!   `scenarios/README.md`. A new kind of effect: `scenario/fault/effect.rs`, and the *build* names what carries it out.
//! * A *matcher* or a *trigger*: the top lines of `scenario/matcher.rs` and `scenario/trigger.rs` say what.
//! * An *operation*: an entry in a document under `fixtures/openapi/service`, with marks for what its list is filtered and
//!   sorted by ([`query`] understands them, `service/collection.rs` answers); a handler in `service/`; its arms in
//!   `service::decide` and `service::total` (*build*); its exchanges under `tests/exchanges/`.
//! * A *resource*: its operations; its type in `fixture/format/`, a section in `fixture/format/mod.rs`, its place in
//!   `fixture/text.rs` and in `fixture/check.rs` (*build*), its weight in `fixture/weight.rs`; a line of `tables!` in
//!   `org/organisation.rs` and one of `records!` in `org/record.rs`; a folder in `service/`.
//! * Something that happens later: a job (`service/change.rs`).
//! * A *verdict*: its file in `verdict/list/` with its tests, its two lines in `verdict/list/mod.rs`, and a client that
//!   breaks it in `tests/drill/clients/groups_sync.py`, as `tests/drill/run --full --write docs/drill-proof.md` tells.
//! * A *control call*: a line in `control/calls.rs`, its function in `control/answer/`, its place in
//!   `fixtures/openapi/control.yaml` and in the table of `docs/control-api.md`; the method of the tenant or the world that
//!   it calls, and one on the embedder's handle. If its body has a type of its own, a line in `control/description.rs`.
//! * A *command*: a variant in `cli.rs`, its file in `commands/`, its line in `commands::run` (*build*), its row in
//!   `docs/options.md`.
//! * A *limit*: a field of [`server::Limits`] or [`tenant::TenantOptions`], an option in `limit_args.rs`, its row in
//!   `docs/options.md`.
//! * An *API version*: a line in [`version`].
//!
//! `build.rs` generates the operations and the contract's tables from the service's documents, and turns the built-in
//! documents, which people read as YAML, into JSON for the start.

#![forbid(unsafe_code)]

pub(crate) mod auth;
mod control;
pub(crate) mod crypt;
pub(crate) mod org;
mod server;
pub(crate) mod service;

// These modules are public for this package's own tests, benchmarks and binary; what an embedder needs is below.
#[doc(hidden)]
pub mod chance;
#[doc(hidden)]
pub mod clock;
#[doc(hidden)]
pub mod contract;
#[doc(hidden)]
pub mod document;
#[doc(hidden)]
pub mod drill;
#[doc(hidden)]
pub mod fixture;
#[doc(hidden)]
pub mod handle;
#[doc(hidden)]
pub mod journal;
#[doc(hidden)]
pub mod metrics;
#[doc(hidden)]
pub mod operation;
#[doc(hidden)]
pub mod pipeline;
#[doc(hidden)]
pub mod prerequisites;
#[doc(hidden)]
pub mod query;
#[doc(hidden)]
pub mod scenario;
#[doc(hidden)]
pub mod simulator;
#[doc(hidden)]
pub mod tenant;
#[doc(hidden)]
pub mod verdict;
#[doc(hidden)]
pub mod version;
#[doc(hidden)]
pub mod wire;
#[doc(hidden)]
pub mod world;

// A simulator: created, called and served.
#[doc(inline)]
pub use crate::simulator::{Config, Running, Simulator};
// What clients did, and whether it was as expected.
#[doc(inline)]
pub use crate::journal::{
    Exchange, Filter as JournalFilter, JournalReport,
    verify::{Expectation, Verification},
};
// What is good conduct in a client, and what its journal says of that.
#[doc(inline)]
pub use crate::verdict::{Finding, OutcomeKind, Severity, VerdictLine, VerdictsReport, VerdictsRequest};
// Requests and replies without a socket.
#[doc(inline)]
pub use crate::wire::{Cors, Outcome, Reply, Request};
// Time, and what a tenant starts with.
#[doc(inline)]
pub use crate::{
    chance::SecretSource,
    clock::{Clock, Timestamp},
    fixture::{Client, Fixture, Group},
    tenant::operator::{ClockChange, ClockMode, ClockReport},
};
// A tenant: the request to create one, and the handle to it.
#[doc(inline)]
pub use crate::{
    handle::TenantHandle,
    prerequisites::Prerequisites,
    tenant::{
        TenantOptions,
        passwords::{PasswordChangeReport, PasswordChangeRequest, PasswordCheck, PasswordsReport},
        rate_limit::RateLimit,
    },
    world::{NamedOr, TenantRequest, WorldError},
};
// What goes wrong, and in which calls.
#[doc(inline)]
pub use crate::{
    operation::Operation,
    scenario::{Rule, RuleReport, Ruleset, Rulesets, Scenario, Stage, fault::Fault},
};
// A server's limits, its TLS identity, and access control.
#[doc(inline)]
pub use crate::{
    server::{JournalDir, Limits, Tls},
    world::{ControlPolicy, UnknownTenants},
};
