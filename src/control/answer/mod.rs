//! What each call does, a file per theme: a function reads what it is given, calls the method of the tenant or the
//! world that has the work, and turns the result into an answer.

pub(super) mod clock;
pub(super) mod journal;
pub(super) mod passwords;
pub(super) mod scenario;
pub(super) mod server;
pub(super) mod state;
pub(super) mod tenants;
pub(super) mod verdicts;
