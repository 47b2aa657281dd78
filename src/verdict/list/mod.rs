//! The verdicts, a file each, in the order in which they are told: one that explains others comes before them.

mod duplicate_created;
mod retry_after_ignored;

use super::Verdict;

/// All of them.
pub static ALL: &[&Verdict] = &[&retry_after_ignored::VERDICT, &duplicate_created::VERDICT];
