//! A stand-in for the Password Sync Groups API of SailPoint Identity Security Cloud: the same operations,
//! tokens and refusals, in memory, on your own machine. The README says how to use it; this page says how it
//! is built.
//!
//! # The house
//!
//! Imports only point down, and rooms on one floor do not import each other (`operation` holds the words that
//! every floor uses). A test reads `src/` and fails on an import that points up or sideways.
//!
//! ```text
//! 7  simulator                       what an embedder can do (main, cli and commands use it)
//! 6  handle                          one tenant in an embedder's hand
//! 5  server                          sockets: accept, read, deliver, stop
//! 4  pipeline      control           the life of a request · the control API under /_sim
//! 3  world         handlers          what tenants share, the registry · what operations do
//! 2  tenant                          everything of one tenant, behind one lock
//! 1  contract  scenario  fixture     the OpenAPI document, compiled · rules, triggers, faults · what a tenant begins with
//! 0  operation  version  prerequisites  clock  chance  document  metrics  wire
//! ```
//!
//! # The life of a request
//!
//! [`server`] reads it whole, [`world`] finds its tenant, and unless it is the [`control`] API's, [`pipeline`]
//! takes it through three steps:
//!
//! * *prepare* looks at the request alone: the route, the contract. What is wrong is found here and refused
//!   later.
//! * *decide* takes the tenant's one lock, once, and never waits: the scenario strikes before, then token (401),
//!   scope and user (403), rate limit (429), route (404, 405), contract (413, 415, 400), the handler, and the
//!   scenario strikes after. The journal keeps it all.
//! * *deliver*, in [`server`], holds nothing and does the waiting and writing.
//!
//! Floors 0 to 4 do no input or output, never wait, and never read the machine's clock or ambient luck: time
//! comes in as an argument, luck follows from the seed (`clippy.toml` bans the calls). So
//! [`simulator::Simulator::answer`] runs the whole service without a socket.
//!
//! # Where things go
//!
//! A fault, a matcher or a trigger: [`scenario`] says where; the guide to a new fault stands at the top of
//! `scenario/fault/mod.rs`. An endpoint is a variant of [`operation::Operation`], its place in `fixtures/openapi/`, and a handler. A
//! resource is `handlers/<resource>.rs` and `tenant/<resource>.rs`. An API version is a line in
//! [`version`]. A control call is a line in `control/mod.rs` and a method on the embedder's handle. A limit is a
//! field of [`server::Limits`] or [`tenant::TenantOptions`] and an option in `limit_args.rs`. `build.rs` writes the
//! built-in documents, which people read as YAML, as the JSON that a start reads.

pub mod chance;
pub mod clock;
pub mod contract;
pub mod control;
pub mod document;
pub mod fixture;
pub mod handle;
pub mod handlers;
pub mod metrics;
pub mod operation;
pub mod pipeline;
pub mod prerequisites;
pub mod scenario;
pub mod server;
pub mod simulator;
pub mod tenant;
pub mod version;
pub mod wire;
pub mod world;
