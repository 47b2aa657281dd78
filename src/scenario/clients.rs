//! The clients that rules may be about. A rule about a client that its tenant does not have never fires, and nobody would
//! see why; here such rules are found, by whoever knows the clients.

use super::mistake::Mistake;
use super::ruleset::{CompiledRule, Rulesets};
use super::written::{Rule, Scenario, TextMatch, When};
use crate::document::{Document, DocumentError, unknown};

/// The clients that there are, each by id and name.
#[derive(Clone, Debug)]
pub struct KnownClients {
    whose: String,
    clients: Vec<(String, String)>,
}

impl KnownClients {
    /// The clients with these ids and names; `whose` says in messages whose they are, such as "tenant `default`".
    pub fn new(whose: &str, clients: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { whose: whose.to_owned(), clients: clients.into_iter().collect() }
    }

    /// What is wrong with the client that a `when` names; the pointer begins below the `when`.
    fn mistake(&self, when: &When) -> Option<Mistake> {
        // A pattern may be meant for token calls, which can name any client.
        let Some(TextMatch::Exact(wanted)) = &when.client else { return None };
        if self.clients.iter().any(|(id, name)| wanted == id || wanted == name) {
            return None;
        }
        let names: Vec<&str> = self.clients.iter().map(|(_, name)| name.as_str()).collect();
        let message = unknown(&format!("no client of {} has the id or name", self.whose), wanted, &names);
        Some(Mistake::new("/client", message))
    }

    /// The mistakes in rules, each with the place of its rule.
    pub(super) fn mistakes_in(&self, rules: &[Rule]) -> Vec<Mistake> {
        let mistakes = (0..).zip(rules).filter_map(|(index, rule): (usize, _)| {
            Some(self.mistake(&rule.when)?.below(&format!("/rules/{index}/when")))
        });
        mistakes.collect()
    }

    /// The mistake in a rule on its own.
    pub(super) fn mistake_in(&self, rule: &Rule) -> Option<Mistake> {
        Some(self.mistake(&rule.when)?.below("/when"))
    }

    /// Refuses a rule about a client that is not there.
    pub fn check(&self, rule: &CompiledRule) -> Result<(), String> {
        self.mistake_in(rule.written()).map_or(Ok(()), |mistake| Err(mistake.to_string()))
    }

    /// What is wrong with rules that were read before, in words.
    pub fn warnings(&self, rulesets: &Rulesets) -> Vec<String> {
        let mut warnings = Vec::new();
        for ruleset in rulesets.iter() {
            for rule in ruleset.rules() {
                if let Some(mistake) = self.mistake(&rule.when) {
                    let (scenario, rule) = (ruleset.name(), &rule.name);
                    let message = mistake.message;
                    warnings.push(format!("scenario `{scenario}`, rule `{rule}` can never fire: {message}"));
                }
            }
        }
        warnings
    }

    /// What is wrong with the rules of a valid scenario, with their places in the document.
    pub fn warnings_in(&self, document: &Document<'_>) -> Option<DocumentError> {
        let found = document.read_into(|scenario: Scenario, place| {
            for mistake in self.mistakes_in(&scenario.rules) {
                place.mistake(&mistake.pointer, mistake.message);
            }
            Some(())
        });
        found.err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(client: &str) -> String {
        let clients = [("c-1", "admin"), ("c-2", "reader")];
        let clients = clients.map(|(id, name)| (id.to_owned(), name.to_owned()));
        let text = format!("name: mine\nrules:\n- when: {{client: {client}}}\n  fault: close\n");
        let known = KnownClients::new("tenant `default`", clients);
        let found = known.warnings_in(&Document::new("my.yaml", &text));
        found.map(|found| found.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_client_is_known_by_id_or_name_and_any_other_is_told_with_its_place() {
        for client in
            ["c-1", "admin", "reader", "{regex: ^read}", "{regex: ^x}", "{present: true}", "{present: false}"]
        {
            assert_eq!(warnings(client), "", "{client}");
        }
        for (client, expected) in [
            (
                "nobody",
                "my.yaml:3:18: no client of tenant `default` has the id or name `nobody`; expected admin or reader",
            ),
            (
                "raeder",
                "my.yaml:3:18: no client of tenant `default` has the id or name `raeder`; expected admin or reader; did \
                 you mean `reader`?",
            ),
            (
                "Admin",
                "my.yaml:3:18: no client of tenant `default` has the id or name `Admin`; expected admin or reader; did you mean `admin`?",
            ),
        ] {
            assert_eq!(warnings(client), expected, "{client}");
        }
    }
}
