//! How a password change begins: which accounts it changes, in which order, and whether the policy lets it.

use std::sync::Arc;
use std::time::Duration;

use super::rules::{self, Owner};
use super::{AUTHENTICATE, PASSWORD, attempt, has, policy};
use crate::clock::Timestamp;
use crate::crypt::PasswordDigest;
use crate::fixture::{
    Account, AccountChange, ChangeState, Group, Identity, Outcome, PasswordChange, PasswordDictionary, Source,
};
use crate::org::{Table, WriteOf};
use crate::service::{Change, View};
use crate::wire::Caller;

/// The label under which ids of changes are drawn.
const LABEL: &str = "password-change";

/// What is asked for.
pub(crate) struct ChangeRequest<'a> {
    /// Whose password.
    pub(crate) identity_id: &'a str,
    /// The source whose account is meant; empty when none is.
    pub(crate) source_id: &'a str,
    /// The group that the source is in, whose other members follow.
    pub(crate) group: Option<&'a Group>,
    /// Who asks; `None` for a person in the service's own pages.
    pub(crate) client: Option<&'a Caller>,
    /// The tenant's time.
    pub(crate) now: Timestamp,
    /// How long a change takes.
    pub(crate) duration: Duration,
}

/// A change that begins, or fails at once.
pub(crate) struct Begun {
    /// What its status is asked for by.
    pub(crate) id: String,
    /// How it stands.
    pub(crate) record: PasswordChange,
    /// What it changes.
    pub(crate) changes: Vec<Change>,
    /// What only the journal says.
    pub(crate) remarks: Vec<String>,
}

/// Why a change fails at once.
pub(super) struct Refused {
    /// What its status says.
    pub(super) text: String,
    /// What only the journal says.
    pub(super) aside: String,
}

/// Begins the change of these accounts, all on the source that is asked for, and of the identity's accounts on the
/// other members of its group.
pub(crate) fn begin(view: &View<'_>, asked: &ChangeRequest<'_>, named: &[&Account], password: &str) -> Begun {
    let changing = changing(view, asked, named);
    if let Err(refused) = check(view, asked, &changing, password) {
        return self::refused(view, asked, refused);
    }
    let due = asked.now.plus(asked.duration);
    let account_change = |(source, account): &(Arc<Source>, Arc<Account>)| AccountChange {
        account_id: account.id.clone(),
        source_id: source.id.clone(),
        goes_first: has(source, AUTHENTICATE),
        outcome: Outcome::Pending,
        error: None,
        attempts: 0,
        due: None,
    };
    let mut accounts: Vec<AccountChange> = changing.iter().map(account_change).collect();
    // Stable: among those that go first, and among the others, the order of the group's sources stays.
    accounts.sort_by_key(|account| !account.goes_first);
    let (named, nth) = named_record(view, asked);
    let mut record = PasswordChange {
        accounts,
        password_digest: Some(PasswordDigest::of(asked.identity_id, password).into_text()),
        ..named
    };
    attempt::release(&mut record, due);
    recorded(view, record, nth, Vec::new())
}

/// A change that fails at once.
pub(super) fn refused(view: &View<'_>, asked: &ChangeRequest<'_>, refused: Refused) -> Begun {
    let (named, nth) = named_record(view, asked);
    let record = PasswordChange { state: ChangeState::Failed, errors: vec![refused.text], ..named };
    recorded(view, record, nth, vec![refused.aside])
}

/// A change with an id of its own, and which draw of an id that was.
fn named_record(view: &View<'_>, asked: &ChangeRequest<'_>) -> (PasswordChange, u64) {
    // A state that was brought here may have changes whose ids were drawn alike.
    let (id, nth) = view.next_hex_id(LABEL, |id| view.table::<PasswordChange>().contains(id));
    let record = PasswordChange {
        id,
        state: ChangeState::InProgress,
        errors: Vec::new(),
        source_ids: asked.sources(),
        identity_id: Some(asked.identity_id.to_owned()),
        group_id: asked.group.map(|group| group.id.clone()),
        client_id: asked.client.map(|client| client.id.to_string()),
        password_digest: None,
        accounts: Vec::new(),
        forgotten: false,
    };
    (record, nth)
}

fn recorded(view: &View<'_>, record: PasswordChange, nth: u64, remarks: Vec<String>) -> Begun {
    let rendered = Table::render(&record);
    let made = Some((LABEL, nth));
    let jobs = attempt::jobs(view, &record).into_iter().map(|job| Change::Job(Box::new(job)));
    let write = WriteOf::Create { record: record.clone(), rendered, made };
    let changes = std::iter::once(Change::record(write)).chain(jobs).collect();
    Begun { id: record.id.clone(), record, changes, remarks }
}

impl ChangeRequest<'_> {
    /// The sources of the request: those of the group, else the one source.
    fn sources(&self) -> Vec<String> {
        let members = self.group.and_then(|group| group.source_ids.clone());
        members.unwrap_or_else(|| {
            let named = Some(self.source_id).filter(|id| !id.is_empty());
            named.map(str::to_owned).into_iter().collect()
        })
    }
}

/// The accounts that a change is about, each with its source: those that are named, and the identity's on the other
/// members of the group.
fn changing(
    view: &View<'_>,
    asked: &ChangeRequest<'_>,
    named: &[&Account],
) -> Vec<(Arc<Source>, Arc<Account>)> {
    let mut changing: Vec<(Arc<Source>, Arc<Account>)> = Vec::new();
    for source_id in asked.sources() {
        // Where prerequisites are ignored, a group may name a source twice.
        if changing.iter().any(|(known, _)| known.id == source_id) {
            continue;
        }
        let Some(source) = view.any_source(&source_id).filter(|source| has(source, PASSWORD)) else {
            continue;
        };
        let on_member = view.accounts_of(asked.identity_id, &source_id).into_iter();
        let meant = on_member.filter(|account| {
            source_id != asked.source_id || named.iter().any(|named| named.id == account.id)
        });
        changing.extend(meant.map(|account| (Arc::clone(&source), account)));
    }
    changing
}

/// Whether the policy in force lets a password be that of these accounts.
// Invented: that it must be good for each account of the group, or nothing changes.
fn check(
    view: &View<'_>,
    asked: &ChangeRequest<'_>,
    changing: &[(Arc<Source>, Arc<Account>)],
    password: &str,
) -> Result<(), Refused> {
    let source = view.any_source(asked.source_id);
    let identity = view.table::<Identity>().get(asked.identity_id);
    let policy = source.as_ref().and_then(|source| policy::in_force(view, source, identity.as_deref()));
    let Some(policy) = policy else { return Ok(()) };
    let dictionaries = view.table::<PasswordDictionary>();
    let dictionary = dictionaries.iter().next();
    // What is wrong with it everywhere is told of the source that is asked for.
    let (asked_for, others): (Vec<_>, Vec<_>) =
        changing.iter().partition(|(source, _)| source.id == asked.source_id);
    for (source, account) in asked_for.into_iter().chain(others) {
        let owner = Owner { identity: identity.as_deref(), account, dictionary: dictionary.map(|it| &**it) };
        let broken = rules::broken(&policy, password, &owner);
        if !broken.is_empty() {
            let is_asked_for = source.id == asked.source_id;
            let place = if is_asked_for {
                String::new()
            } else {
                format!(" for the account on source \"{}\"", source.name)
            };
            let text = format!(
                "The password does not meet the password policy \"{}\"{place}: {}.",
                policy.name,
                broken.join(", ")
            );
            return Err(Refused { aside: text.clone(), text });
        }
    }
    Ok(())
}
