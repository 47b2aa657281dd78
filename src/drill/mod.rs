//! A drill: a command that is run once per scenario, each run in a tenant of its own, and judged by what it did. Here is
//! what needs neither processes nor files: the plan, the judging, and the reports. The binary runs the command.

pub mod report;
