//! Which password policies a source has. A source names its policies, a policy its sources, and what a policy is for
//! may be kept beside them: whoever writes to a source goes through here, so that all of these say the same.

use std::sync::Arc;

use hyper::body::Bytes;

use super::{Change, View, next_moment};
use crate::clock::Timestamp;
use crate::fixture::{
    Account, Application, ApplicationAccess, PasswordPolicy, PolicyHolder, PolicyHolders, Source,
};
use crate::org::{Kept, Table, WriteOf};

/// Changes of sources that are being gathered, with what follows from them.
pub(super) struct Assignments<'v, 'a> {
    view: &'v View<'a>,
    now: Timestamp,
    changes: Vec<Change>,
    /// Policies whose list of sources changes, as they were and as they will be.
    policies: Vec<(Arc<PasswordPolicy>, PasswordPolicy)>,
}

impl<'v, 'a> Assignments<'v, 'a> {
    /// Nothing yet.
    pub(super) fn new(view: &'v View<'a>, now: Timestamp) -> Self {
        Self { view, now, changes: Vec::new(), policies: Vec::new() }
    }

    /// A new source, as it is sent. `nth` is which draw under `label` its id was.
    pub(super) fn create(&mut self, record: Source, label: &'static str, nth: u64) -> Bytes {
        for policy in &record.password_policies {
            self.note(&policy.id, |policy| policy.add_source(&record.id));
        }
        let rendered = Table::render(&record);
        self.push(WriteOf::Create { record, rendered: rendered.clone(), made: Some((label, nth)) });
        rendered
    }

    /// A source takes another's place, and is modified now; returned as it is sent. What its policies are for stays if
    /// they are the same.
    pub(super) fn replace(&mut self, former: Arc<Source>, record: Source) -> Bytes {
        let kept = self.view.table::<PolicyHolders>().get(&former.id);
        let kept = kept.filter(|kept| kept.policies() == record.password_policies);
        self.replace_with(former, record, kept.map(|kept| (*kept).clone()))
    }

    /// The same, with what its policies are for, where some are for some people only.
    pub(super) fn replace_with(
        &mut self,
        former: Arc<Source>,
        mut record: Source,
        exceptions: Option<PolicyHolders>,
    ) -> Bytes {
        record.modified = Some(next_moment(former.modified, self.now));
        let (before, after) = (&former.password_policies, &record.password_policies);
        for gone in before.iter().filter(|policy| !after.iter().any(|kept| kept.id == policy.id)) {
            self.note(&gone.id, |policy| policy.source_ids.retain(|id| *id != record.id));
        }
        for new in after.iter().filter(|policy| !before.iter().any(|known| known.id == policy.id)) {
            self.note(&new.id, |policy| policy.add_source(&record.id));
        }
        self.keep_exceptions(&record.id, exceptions);
        let rendered = Table::render(&record);
        self.push(WriteOf::Replace { former, record, rendered: rendered.clone() });
        rendered
    }

    /// A source goes, with its accounts, and with the source apps that use them where there may be any.
    pub(super) fn delete(&mut self, former: Arc<Source>) {
        let links = self.view.links();
        for id in links.accounts_on(&former.id) {
            self.drop_record::<Account>(id);
        }
        for id in links.applications_on(&former.id) {
            self.drop_record::<Application>(id);
            self.drop_record::<ApplicationAccess>(id);
        }
        for gone in &former.password_policies {
            self.note(&gone.id, |policy| policy.source_ids.retain(|id| *id != former.id));
        }
        self.keep_exceptions(&former.id, None);
        self.push(WriteOf::Delete { former });
    }

    /// A policy goes, and the sources that have it lose it.
    pub(super) fn delete_policy(&mut self, former: Arc<PasswordPolicy>) {
        for source in former.source_ids.iter().filter_map(|id| self.view.table::<Source>().get(id)) {
            let mut record = (*source).clone();
            record.password_policies.retain(|policy| policy.id != former.id);
            self.replace(source, record);
        }
        self.policies.retain(|(policy, _)| policy.id != former.id);
        self.push(WriteOf::Delete { former });
    }

    /// A policy has another name, which the sources that have it show.
    pub(super) fn rename_policy(&mut self, policy: &PasswordPolicy) {
        for id in &policy.source_ids {
            self.rewrite(id, |source: &mut Source| {
                let references = source.password_policies.iter_mut();
                references
                    .filter(|reference| reference.id == policy.id)
                    .for_each(|reference| reference.name.clone_from(&policy.name));
            });
            self.rewrite(id, |source: &mut PolicyHolders| {
                let holders = source.holders.iter_mut().filter(|holder| holder.policy_id == policy.id);
                holders.for_each(|holder| holder.policy_name = Some(policy.name.clone()));
            });
        }
    }

    /// All changes.
    pub(super) fn finish(mut self) -> Vec<Change> {
        for (former, record) in std::mem::take(&mut self.policies) {
            let rendered = Table::render(&record);
            self.push(WriteOf::Replace { former, record, rendered });
        }
        self.changes
    }

    fn push<R: Kept>(&mut self, write: WriteOf<R>) {
        self.changes.push(Change::record(write));
    }

    fn drop_record<R: Kept>(&mut self, id: &str) {
        if let Some(former) = self.view.table::<R>().get(id) {
            self.push(WriteOf::Delete { former });
        }
    }

    fn rewrite<R: Kept>(&mut self, id: &str, change: impl FnOnce(&mut R)) {
        let Some(former) = self.view.table::<R>().get(id) else { return };
        let mut record = R::clone(&former);
        change(&mut record);
        let rendered = Table::render(&record);
        self.push(WriteOf::Replace { former, record, rendered });
    }

    /// Notes what changes in a policy. One that does not exist was never known.
    fn note(&mut self, policy_id: &str, change: impl FnOnce(&mut PasswordPolicy)) {
        if let Some((_, record)) = self.policies.iter_mut().find(|(former, _)| former.id == policy_id) {
            change(record);
        } else if let Some(former) = self.view.table::<PasswordPolicy>().get(policy_id) {
            let mut record = (*former).clone();
            change(&mut record);
            self.policies.push((former, record));
        }
    }

    fn keep_exceptions(&mut self, source_id: &str, exceptions: Option<PolicyHolders>) {
        let exceptions = exceptions.filter(|own| own.holders.iter().any(PolicyHolder::is_exception));
        let former = self.view.table::<PolicyHolders>().get(source_id);
        let rendered = exceptions.as_ref().map(Table::render);
        match (former, exceptions.zip(rendered)) {
            (None, None) => {}
            (Some(former), Some((record, _))) if *former == record => {}
            (Some(former), None) => self.push(WriteOf::Delete { former }),
            (None, Some((record, rendered))) => self.push(WriteOf::Create { record, rendered, made: None }),
            (Some(former), Some((record, rendered))) => {
                self.push(WriteOf::Replace { former, record, rendered });
            }
        }
    }
}
