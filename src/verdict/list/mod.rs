//! The verdicts, a file each, in the order in which they are told: one that explains others comes before them.

mod backoff_does_not_grow;
mod blind_create_retry;
mod broken_answer_accepted;
mod conflict_not_reread;
mod crashed;
mod dead_token_reused;
mod delete_404_is_failure;
mod duplicate_created;
mod false_success;
mod gives_up_too_soon;
mod hangs;
mod layered_retries;
mod leaves_processes;
mod limit_not_shared;
mod mute_failure;
mod no_backoff;
mod no_jitter;
mod no_keep_alive;
mod no_timeout;
mod orphan_left;
mod over_limit;
mod page_lost;
mod recreated;
mod renewal_loop;
mod renewal_stampede;
mod renews_on_403;
mod retries_refusal;
mod retry_after_crashes;
mod retry_after_date_ignored;
mod retry_after_ignored;
mod retry_after_overflowed;
mod retry_after_uncapped;
mod secret_in_url;
mod timeout_restarts;
mod timeout_too_short;
mod token_failure_ignored;
mod token_not_renewed;
mod token_per_call;
mod unbounded_retries;

use super::Verdict;

/// All of them.
pub static ALL: &[&Verdict] = &[
    &token_failure_ignored::VERDICT,
    &retry_after_date_ignored::VERDICT,
    &retry_after_overflowed::VERDICT,
    &retry_after_ignored::VERDICT,
    &retry_after_uncapped::VERDICT,
    &retry_after_crashes::VERDICT,
    &limit_not_shared::VERDICT,
    &no_backoff::VERDICT,
    &backoff_does_not_grow::VERDICT,
    &no_jitter::VERDICT,
    &unbounded_retries::VERDICT,
    &gives_up_too_soon::VERDICT,
    &renews_on_403::VERDICT,
    &retries_refusal::VERDICT,
    &layered_retries::VERDICT,
    &token_not_renewed::VERDICT,
    &dead_token_reused::VERDICT,
    &renewal_loop::VERDICT,
    &renewal_stampede::VERDICT,
    &token_per_call::VERDICT,
    &secret_in_url::VERDICT,
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
