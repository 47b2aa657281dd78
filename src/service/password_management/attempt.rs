//! One attempt of the platform to change one account's password on its source, and what follows from its outcome:
//! another attempt, the next account, or the end.

use std::time::Duration;

use super::{PASSWORD, has};
use crate::clock::Timestamp;
use crate::fixture::{Account, AccountChange, Credential, Outcome, PasswordChange};
use crate::org::{Table, WriteOf};
use crate::scenario::fault::Connector;
use crate::service::{Change, Job, View};

/// How long after a failed attempt a source that cannot be reached is tried again.
const RETRIES: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_mins(1),
    Duration::from_mins(3),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_mins(90),
];

/// The jobs that are due for changes that go on: after a state was brought here.
pub(crate) fn pending_jobs(view: &View<'_>) -> Vec<Job> {
    let changes = view.table::<PasswordChange>();
    changes.iter().flat_map(|change| jobs(view, change)).collect()
}

/// The jobs of one change: one for each account that is due.
pub(super) fn jobs(view: &View<'_>, change: &PasswordChange) -> Vec<Job> {
    let accounts = change.accounts.iter().enumerate();
    let due = accounts.filter(|(_, account)| account.outcome == Outcome::Pending);
    due.filter_map(|(place, account)| Some(job(view, change, place, account.due?))).collect()
}

fn job(view: &View<'_>, change: &PasswordChange, place: usize, due: Timestamp) -> Job {
    let account = &change.accounts[place];
    let source = view.any_source(&account.source_id);
    let name = source.map_or_else(|| account.source_id.clone(), |source| source.name.clone());
    Job {
        due,
        what: format!("a password is changed on {name}"),
        source: (account.source_id.clone(), name),
        attempt: account.attempts + 1,
        change: change.id.clone(),
        account: place,
        client: change.client_id.clone(),
        group: change.group_id.clone(),
        is_held: false,
        connector: None,
        perform,
    }
}

/// Has those accounts wait for their attempts that nothing stands in the way of: the first of those that go first, else
/// all others.
pub(super) fn release(change: &mut PasswordChange, due: Timestamp) {
    let accounts = &mut change.accounts;
    if accounts.iter().any(|account| account.goes_first && account.outcome == Outcome::Failed) {
        for account in accounts.iter_mut().filter(|account| account.outcome == Outcome::Pending) {
            (account.outcome, account.due) = (Outcome::NotAttempted, None);
        }
    }
    let is_pending = |account: &&mut AccountChange| account.outcome == Outcome::Pending;
    if let Some(first) = accounts.iter_mut().filter(is_pending).find(|account| account.goes_first) {
        first.due.get_or_insert(due);
    } else {
        for account in accounts.iter_mut().filter(is_pending) {
            account.due.get_or_insert(due);
        }
    }
    change.settle();
}

/// How an attempt ended.
enum Ended {
    Changed(Change),
    Unreachable,
    Refused(String),
}

/// Makes one attempt. Returns a word for its outcome, and the changes.
fn perform(
    view: &View<'_>,
    job: &Job,
    at: Timestamp,
    connector: Option<Connector>,
) -> (&'static str, Vec<Change>) {
    let Some(former) = view.table::<PasswordChange>().get(&job.change) else { return ("gone", Vec::new()) };
    let mut record = (*former).clone();
    let name = &job.source.1;
    let Some(account) = record.accounts.get_mut(job.account) else { return ("gone", Vec::new()) };
    account.attempts += 1;
    account.due = None;
    let ended = match connector {
        Some(Connector::Unreachable) => Ended::Unreachable,
        // Invented: the texts.
        Some(Connector::Refuses) => Ended::Refused(format!("Source \"{name}\" refused the password.")),
        None => changed(view, &former, job, at),
    };
    let mut changes = Vec::new();
    let word = match ended {
        Ended::Changed(change) => {
            account.outcome = Outcome::Success;
            changes.push(change);
            "success"
        }
        Ended::Unreachable => {
            if let Some(&delay) = RETRIES.get(account.attempts as usize - 1) {
                account.due = Some(at.plus(delay));
                "unreachable"
            } else {
                account.outcome = Outcome::Failed;
                account.error = Some(format!("Source \"{name}\" could not be reached."));
                "failed"
            }
        }
        Ended::Refused(text) => {
            (account.outcome, account.error) = (Outcome::Failed, Some(text));
            "failed"
        }
    };
    let waiting: Vec<bool> = record.accounts.iter().map(|account| account.due.is_some()).collect();
    release(&mut record, at);
    let is_new = |place: usize| !waiting[place] || place == job.account;
    let due = record.accounts.iter().enumerate().filter_map(|(place, account)| Some((place, account.due?)));
    let jobs =
        due.filter(|(place, _)| is_new(*place)).map(|(place, due)| self::job(view, &record, place, due));
    let jobs: Vec<Change> = jobs.map(|job| Change::Job(Box::new(job))).collect();
    let rendered = Table::render(&record);
    changes.push(Change::record(WriteOf::Replace { former, record, rendered }));
    changes.extend(jobs);
    (word, changes)
}

/// What a connector that works does.
fn changed(view: &View<'_>, change: &PasswordChange, job: &Job, at: Timestamp) -> Ended {
    let (id, name) = (&job.source.0, &job.source.1);
    let account_id = &change.accounts[job.account].account_id;
    match view.any_source(id) {
        None => return Ended::Refused(format!("Source \"{name}\" does not exist any more.")),
        Some(source) if !has(&source, PASSWORD) => {
            return Ended::Refused(format!("Source \"{name}\" does not have the feature PASSWORD any more."));
        }
        Some(_) => {}
    }
    // A change in a file need not say whose it is.
    let owner = change.identity_id.as_deref().unwrap_or_default();
    let is_owners = || view.accounts_of(owner, id).iter().any(|account| account.id == *account_id);
    if !view.table::<Account>().contains(account_id) && !is_owners() {
        return Ended::Refused(format!("The account on source \"{name}\" does not exist any more."));
    }
    let record = Credential {
        id: account_id.clone(),
        password_digest: change.password_digest.clone(),
        changed: Some(at),
    };
    let rendered = Table::render(&record);
    Ended::Changed(Change::record(match view.table::<Credential>().get(account_id) {
        Some(former) => WriteOf::Replace { former, record, rendered },
        None => WriteOf::Create { record, rendered, made: None },
    }))
}
