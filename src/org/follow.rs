//! What records say of a source that they belong to stays true when the source changes: its name, its owner, its
//! features, its policies, how it is reached; and an account's password goes with the account. No operation changed
//! these records, so the journal does not name them; a stale read sees them as they were.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::organisation::{Author, Kept, Organisation, Write, WriteOf};
use super::{Table, credentials};
use crate::fixture::{Account, Application, Credential, Fixture, Source};

/// Sources that changed before anybody looked at an account. There may be twenty thousand accounts, and they are not made
/// for a source's new name: they say it when they are made.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    /// What accounts are made of; kept by the table while they are not.
    fixture: Weak<Fixture>,
    /// By their ids.
    sources: Arc<HashMap<String, Arc<Source>>>,
}

impl Ahead {
    pub(super) fn of(fixture: &Arc<Fixture>) -> Self {
        Self { fixture: Arc::downgrade(fixture), sources: Arc::default() }
    }

    /// Has accounts say what a source says now when they are made; returns false when they are.
    pub(super) fn follow(&mut self, source: &Source, accounts: &mut Table<Account>) -> bool {
        let Some(fixture) = self.fixture.upgrade() else { return false };
        let mut sources = HashMap::clone(&self.sources);
        sources.insert(source.id.clone(), Arc::new(source.clone()));
        let sources = Arc::new(sources);
        let followed = Arc::clone(&sources);
        let is_ahead = accounts.begin_anew(move || {
            let mut accounts = credentials::accounts(&fixture);
            for account in &mut accounts {
                if let Some(source) = followed.get(&account.source_id) {
                    account.follow_source(source);
                }
            }
            accounts
        });
        // Accounts that are made have changed with their sources, and are not made again.
        self.sources = if is_ahead { sources } else { Arc::default() };
        is_ahead
    }
}

impl Organisation {
    /// Has what belongs to a record follow a write to it.
    pub(super) fn follow(&mut self, write: &Write, author: Author<'_>) {
        match write {
            Write::Source(write) => {
                if let WriteOf::Replace { former, record, .. } = &**write {
                    self.follow_source(former, record, author);
                }
            }
            Write::Account(write) => {
                if let WriteOf::Delete { former } = &**write {
                    self.forget_password(&former.id, author);
                }
            }
            _ => {}
        }
    }

    fn forget_password(&mut self, account_id: &str, author: Author<'_>) {
        if let Some(former) = self.table::<Credential>().view(None).get(account_id) {
            self.put(Credential::wrapped(WriteOf::Delete { former }), author);
        }
    }

    fn follow_source(&mut self, former: &Source, source: &Source, author: Author<'_>) {
        let is_renamed = former.name != source.name;
        let has_other_features = former.features != source.features;
        if is_renamed || has_other_features || former.password_policies != source.password_policies {
            let [before, after] = [former, source].map(|source| source.has_feature("PASSWORD"));
            for id in self.links().applications_on(&source.id).to_vec() {
                self.rewrite(&id, author, |application: &mut Application| {
                    application.account_source.follow(source);
                    if after != before {
                        application.account_source.use_for_password_management = after;
                    }
                });
            }
        }
        let is_seen = is_renamed
            || has_other_features
            || former.owner != source.owner
            || former.connection_type != source.connection_type;
        // A stale read sees what accounts said before; else nobody does.
        let may_be_ahead = author.horizon.is_none();
        if is_seen && !(may_be_ahead && self.follow_ahead(source)) {
            for id in self.links().accounts_on(&source.id).to_vec() {
                self.rewrite(&id, author, |account: &mut Account| account.follow_source(source));
            }
        }
    }

    fn rewrite<R: Kept>(&mut self, id: &str, author: Author<'_>, change: impl FnOnce(&mut R)) {
        let Some(former) = self.table::<R>().view(None).get(id) else { return };
        let mut record = R::clone(&former);
        change(&mut record);
        let rendered = Table::render(&record);
        self.put(R::wrapped(WriteOf::Replace { former, record, rendered }), author);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Timestamp;
    use crate::fixture::{ConnectionType, PasswordPolicy, Reference};
    use crate::org::Past;

    const OKTA: &str = "2c918084660f45d6016617daa9210500";
    const DASHBOARD: &str = "2c9180888d3f1b1c018d4a5e6f708002";
    const AMELIAS: &str = "2c9180856b1e4c01016b1f7a0c5d0002";

    fn demo() -> Organisation {
        Organisation::of(Fixture::built_in("demo").unwrap(), Timestamp::from_millis(0))
    }

    fn apply<R: Kept>(
        organisation: &mut Organisation,
        horizon: Option<Duration>,
        second: i64,
        write: WriteOf<R>,
    ) {
        let author = Author { client: &Arc::default(), at: Timestamp::from_millis(1_000 * second), horizon };
        organisation.apply(Kept::wrapped(write), author);
    }

    /// Changes Okta at a second; stale reads go back to before it.
    fn change(organisation: &mut Organisation, second: i64, change: impl FnOnce(&mut Source)) {
        change_within(organisation, Some(Duration::MAX), second, change);
    }

    fn change_within(
        organisation: &mut Organisation,
        horizon: Option<Duration>,
        second: i64,
        change: impl FnOnce(&mut Source),
    ) {
        let former = organisation.table::<Source>().view(None).get(OKTA).unwrap();
        let mut record = (*former).clone();
        change(&mut record);
        let rendered = Table::render(&record);
        apply(organisation, horizon, second, WriteOf::Replace { former, record, rendered });
    }

    fn seen(organisation: &Organisation, past: Option<Past<'_>>) -> [Option<String>; 3] {
        let app = organisation.table::<Application>().view(past).get(DASHBOARD).unwrap();
        let account = organisation.table::<Account>().view(past).get(AMELIAS).unwrap();
        [Some(app.account_source.name.clone()), account.source_name.clone(), account.features.clone()]
    }

    #[test]
    fn what_belongs_to_a_source_says_what_the_source_says_and_said_it_before() {
        let mut organisation = demo();
        let before = seen(&organisation, None);
        change(&mut organisation, 7, |source| {
            source.name = "Okta EU".to_owned();
            source.features = vec!["PASSWORD".to_owned()];
        });
        let after = ["Okta EU", "Okta EU", "PASSWORD"].map(|text| Some(text.to_owned()));
        assert_eq!(seen(&organisation, None), after);
        let past = Past { at: Timestamp::from_millis(6_999), own: None };
        assert_eq!(seen(&organisation, Some(past)), before);
        let texts: Vec<_> = organisation
            .table::<Account>()
            .view(None)
            .iter()
            .filter(|account| account.source_name.as_deref() == Some("Okta EU"))
            .map(|account| account.source_id.clone())
            .collect();
        assert_eq!(texts, vec![OKTA; 9]);
    }

    #[test]
    fn an_account_says_of_its_source_what_the_source_says_whatever_changes() {
        let changes: [fn(&mut Source); 4] = [
            |source| source.name = "Okta EU".to_owned(),
            |source| source.features.clear(),
            |source| source.connection_type = ConnectionType::File,
            |source| source.owner = Some(Reference::to_policy(&PasswordPolicy::default())),
        ];
        for (change, second) in changes.into_iter().zip(1..) {
            let mut organisation = demo();
            change_within(&mut organisation, Some(Duration::MAX), second, change);
            let source = organisation.table::<Source>().view(None).get(OKTA).unwrap();
            let said = organisation.table::<Account>().view(None).get(AMELIAS).unwrap();
            let mut expected = (*said).clone();
            expected.follow_source(&source);
            assert_eq!(*said, expected, "change {second}");
        }
    }

    #[test]
    fn accounts_that_nobody_has_looked_at_are_not_made_for_a_source_and_say_what_it_says_when_they_are() {
        let (template, mut renamed, mut looked_at) = (demo(), demo(), demo());
        let (mut twice, mut other) = (template.clone(), template.clone());
        assert_eq!(looked_at.table::<Account>().view(None).len(), 32);
        let named = |name: &'static str| move |source: &mut Source| source.name = name.to_owned();
        change_within(&mut renamed, None, 1, named("First"));
        change_within(&mut renamed, None, 2, |source| source.features = vec!["PASSWORD".to_owned()]);
        change_within(&mut looked_at, None, 1, named("First"));
        change_within(&mut looked_at, None, 2, |source| source.features = vec!["PASSWORD".to_owned()]);
        assert!(!renamed.table::<Account>().is_made() && looked_at.table::<Account>().is_made());
        assert_eq!(renamed.fixture(), looked_at.fixture());
        // Those that share a template do not share what they did to it.
        change_within(&mut twice, None, 1, named("Twice"));
        assert!(!twice.table::<Account>().is_made() && !template.table::<Account>().is_made());
        assert_eq!(seen(&twice, None)[1], Some("Twice".to_owned()));
        assert_eq!(seen(&template, None)[1], Some("Okta".to_owned()));
        change_within(&mut twice, None, 2, named("Again"));
        assert_eq!(seen(&twice, None)[1], Some("Again".to_owned()));
        change_within(&mut other, None, 1, named("Other"));
        assert_eq!(seen(&other, None)[1], Some("Other".to_owned()));
    }

    #[test]
    fn an_app_shows_the_policies_of_its_source() {
        let mut organisation = demo();
        let policy = organisation.table::<PasswordPolicy>().view(None).iter().next().cloned().unwrap();
        change(&mut organisation, 1, |source| source.password_policies = vec![Reference::to_policy(&policy)]);
        let app = organisation.table::<Application>().view(None).get(DASHBOARD).unwrap();
        assert_eq!(app.account_source.password_policies, Some(vec![Reference::to_policy(&policy)]));
    }

    #[test]
    fn an_app_is_for_passwords_as_long_as_its_source_has_the_feature() {
        let mut organisation = demo();
        assert!(organisation.links().has_application(OKTA));
        change(&mut organisation, 1, |source| source.features.retain(|feature| feature != "PASSWORD"));
        assert!(!organisation.links().has_application(OKTA));
        change(&mut organisation, 2, |source| source.features.push("PASSWORD".to_owned()));
        assert!(organisation.links().has_application(OKTA));
    }

    #[test]
    fn the_password_of_an_account_goes_with_the_account() {
        let mut organisation = demo();
        let kept = |organisation: &Organisation| organisation.table::<Credential>().view(None).len();
        let before = kept(&organisation);
        let former = organisation.table::<Account>().view(None).get(AMELIAS).unwrap();
        apply(&mut organisation, None, 1, WriteOf::Delete { former });
        assert!(!organisation.table::<Credential>().contains(AMELIAS));
        assert_eq!(kept(&organisation), before - 1);
        assert!(!organisation.table::<Account>().contains(AMELIAS));
    }

    #[test]
    fn nothing_is_rewritten_for_a_source_whose_other_fields_change() {
        let mut organisation = demo();
        change(&mut organisation, 1, |source| source.description = Some("Other words".to_owned()));
        let past = Past { at: Timestamp::from_millis(0), own: None };
        for past in [None, Some(past)] {
            assert_eq!(organisation.table::<Account>().view(past).len(), 32);
        }
    }
}
