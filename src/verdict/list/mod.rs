//! The verdicts, a file each, in the order in which they are told: one that explains others comes before them.

mod blind_create_retry;
mod broken_answer_accepted;
mod conflict_not_reread;
mod crashed;
mod delete_404_is_failure;
mod duplicate_created;
mod false_success;
mod hangs;
mod leaves_processes;
mod mute_failure;
mod no_keep_alive;
mod no_timeout;
mod orphan_left;
mod over_limit;
mod page_lost;
mod recreated;
mod retry_after_ignored;
mod timeout_restarts;
mod timeout_too_short;

use super::Verdict;

/// All of them.
pub static ALL: &[&Verdict] = &[
    &retry_after_ignored::VERDICT,
    &over_limit::VERDICT,
    &no_keep_alive::VERDICT,
    &duplicate_created::VERDICT,
    &recreated::VERDICT,
    &blind_create_retry::VERDICT,
    &orphan_left::VERDICT,
    &conflict_not_reread::VERDICT,
    &delete_404_is_failure::VERDICT,
    &page_lost::VERDICT,
    &broken_answer_accepted::VERDICT,
    &no_timeout::VERDICT,
    &timeout_restarts::VERDICT,
    &timeout_too_short::VERDICT,
    &crashed::VERDICT,
    &false_success::VERDICT,
    &hangs::VERDICT,
    &mute_failure::VERDICT,
    &leaves_processes::VERDICT,
];
