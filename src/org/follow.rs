//! What records say of a source that they belong to stays true when the source changes: its name, its owner, its
//! features, its policies. No operation changed these records, so the journal does not name them; a stale read sees
//! them as they were.

use super::Table;
use super::organisation::{Author, Kept, Organisation, Write, WriteOf};
use crate::fixture::{Account, Application, Source};

impl Organisation {
    /// Has what belongs to a source follow a write to it.
    pub(super) fn follow(&mut self, write: &Write, author: Author<'_>) {
        if let Write::Source(WriteOf::Replace { former, record, .. }) = write {
            self.follow_source(former, record, author);
        }
    }

    fn follow_source(&mut self, former: &Source, source: &Source, author: Author<'_>) {
        let is_renamed = former.name != source.name;
        let has_other_features = former.features != source.features;
        if is_renamed || has_other_features || former.password_policies != source.password_policies {
            let [managed, manages] = [former, source].map(|source| source.has_feature("PASSWORD"));
            for id in self.links().applications_on(&source.id).to_vec() {
                self.rewrite(&id, author, |application: &mut Application| {
                    application.account_source.follow(source);
                    if manages != managed {
                        application.account_source.use_for_password_management = manages;
                    }
                });
            }
        }
        if is_renamed || has_other_features || former.owner != source.owner {
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
