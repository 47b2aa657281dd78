//! A drill: a command that is run once per scenario, each run in a tenant of its own, and judged by what it did. Here is
//! what needs neither processes nor files: the plan, the judging, and the reports. The binary runs the command.

mod aim;
mod assemble;
mod attempts;
mod calls;
mod clean;
mod conclude;
mod course;
mod coverage;
mod diff;
mod entry;
mod judge;
mod made;
mod observed;
mod passing;
mod plan;
mod reason;
mod rehearsal;
mod replay;
pub mod report;
mod said;
mod waits;

pub use attempts::{UnderWay, attempts_under_way};
pub use course::{Drill, PROBE_LIMITED, PROBE_UNAVAILABLE, RunNews, Settings};
pub use diff::state_diff;
pub use entry::Order;
pub use observed::{Ending, Observed, Stop, Written};
pub use plan::{Plan, Planned, SelectedScenario, Skipped};
pub use replay::shell_word;
