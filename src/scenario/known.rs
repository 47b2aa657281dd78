//! The clients and sources that rules may be about. A rule about one that its tenant does not have never fires, and nobody
//! would see why; here such rules are found, by whoever knows them. A client that is not there is never there; a source can
//! still be created, and a rule about one is only warned about.

use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use super::RuleReport;
use super::check::{self, Covers};
use super::mistake::Mistake;
use super::ruleset::{CompiledRule, MOST_RULES, Rulesets};
use super::written::{Rule, Scenario, TextMatch, When};
use crate::document::{Document, DocumentError, unknown};

/// The id and the name of the platform's own source, which every tenant has: passwords are changed on it, too. The id is
/// the same everywhere, so that such changes move from one server to another.
pub(crate) const PLATFORM_SOURCE: (&str, &str) = ("2c9180830000000000000000000001d0", "IdentityNow");

/// Things by id and name.
type Names = Vec<(String, String)>;

/// The clients and sources that there are, each by id and name.
#[derive(Clone)]
pub struct KnownNames {
    whose: String,
    clients: Names,
    /// Counted out when the first rule names one: there may be thousands. `None` where nothing is known of them.
    sources: Option<Arc<dyn Fn() -> Names + Send + Sync>>,
}

impl fmt::Debug for KnownNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownNames").field("whose", &self.whose).finish_non_exhaustive()
    }
}

impl KnownNames {
    /// The clients with these ids and names; `whose` says in messages whose they are, such as "tenant `default`".
    pub fn new(whose: &str, clients: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { whose: whose.to_owned(), clients: clients.into_iter().collect(), sources: None }
    }

    /// The same, and these sources.
    #[must_use]
    pub fn with_sources(self, sources: impl Fn() -> Vec<(String, String)> + Send + Sync + 'static) -> Self {
        Self { sources: Some(Arc::new(sources)), ..self }
    }

    /// What is wrong with the client that a `when` names; the pointer begins below the `when`.
    fn mistake(&self, when: &When) -> Option<Mistake> {
        // A pattern may be meant for token calls, which can name any client.
        let Some(TextMatch::Exact(wanted)) = &when.client else { return None };
        Some(Mistake::new("/client", self.unknown_name(wanted)?))
    }

    /// What is wrong with a text that should be a client's id or name, if anything is.
    pub(crate) fn unknown_name(&self, wanted: &str) -> Option<String> {
        if self.clients.iter().any(|(id, name)| wanted == id || wanted == name) {
            return None;
        }
        let names: Vec<&str> = self.clients.iter().map(|(_, name)| name.as_str()).collect();
        Some(unknown(&format!("no client of {} has the id or name", self.whose), wanted, &names))
    }

    /// The mistakes in rules, each with the place of its rule.
    pub(super) fn mistakes_in(&self, scenario: &Scenario) -> Vec<Mistake> {
        let rules = (0..).zip(&scenario.rules);
        let mistakes = rules.filter_map(|(index, rule): (usize, _)| {
            Some(self.mistake(&rule.when)?.below(&format!("/rules/{index}/when")))
        });
        mistakes.chain(self.hidden_in(scenario)).collect()
    }

    /// What is to be said of the source that a `when` names: that there is none so far.
    fn unknown_source(&self, when: &When, counted: &OnceCell<Names>) -> Option<String> {
        let (Some(TextMatch::Exact(wanted)), Some(sources)) = (&when.source, &self.sources) else {
            return None;
        };
        if [PLATFORM_SOURCE.0, PLATFORM_SOURCE.1].contains(&wanted.as_str()) {
            return None;
        }
        let sources = counted.get_or_init(|| sources());
        if sources.iter().any(|(id, name)| wanted == id || wanted == name) {
            return None;
        }
        let names: Vec<&str> = sources.iter().map(|(_, name)| name.as_str()).collect();
        let what = format!("so far no source of {} has the id or name", self.whose);
        if names.is_empty() {
            return Some(format!("{what} `{wanted}`; expected one that is there, or is created later"));
        }
        Some(unknown(&what, wanted, &names))
    }

    /// Rules that can never fire because another, whose client is the same by its other name, always fires first.
    fn hidden_in(&self, scenario: &Scenario) -> Vec<Mistake> {
        if scenario.rules.len() > MOST_RULES {
            return Vec::new();
        }
        let mut written = scenario.clone();
        written.name_rules();
        let mut by_id = written.clone();
        by_id.rules.iter_mut().for_each(|rule| self.name_client_by_id(&mut rule.when));
        if by_id == written {
            return Vec::new();
        }
        let (as_written, by_id) = (Covers::new(&written.rules), Covers::new(&by_id.rules));
        let hidden = |covers: &Covers<'_>, index| check::check_reachable(covers, index);
        let is_new = |index: &usize| hidden(&as_written, *index).is_empty();
        let hidden = (0..scenario.rules.len()).filter(is_new).flat_map(|index| {
            let place = format!("/rules/{index}");
            hidden(&by_id, index).into_iter().map(move |mistake| mistake.below(&place))
        });
        hidden.collect()
    }

    /// Puts a client's id where its name stands, if only one client is called that.
    fn name_client_by_id(&self, when: &mut When) {
        let Some(TextMatch::Exact(wanted)) = &mut when.client else { return };
        let only_one_called = |text: &str| {
            let mut called = self.clients.iter().filter(|(id, name)| id == text || name == text);
            called.next().filter(|_| called.next().is_none())
        };
        if let Some((id, _)) = only_one_called(wanted)
            && only_one_called(id).is_some()
        {
            wanted.clone_from(id);
        }
    }

    /// The mistake in a rule on its own.
    pub(super) fn mistake_in(&self, rule: &Rule) -> Option<Mistake> {
        Some(self.mistake(&rule.when)?.below("/when"))
    }

    /// What is wrong with the client that a question about exchanges names, if anything is: no client has that id or
    /// name.
    pub(crate) fn unknown(&self, when: &When) -> Option<String> {
        Some(self.mistake(when)?.message)
    }

    /// Refuses a rule about a client that is not there.
    pub fn check(&self, rule: &CompiledRule) -> Result<(), String> {
        self.mistake_in(rule.written()).map_or(Ok(()), |mistake| Err(mistake.to_string()))
    }

    /// What is wrong with rules that were read before, in words.
    pub fn warnings(&self, rulesets: &Rulesets) -> Vec<String> {
        let mut warnings = Vec::new();
        let sources = OnceCell::new();
        for ruleset in rulesets.iter() {
            for mistake in self.hidden_in(&ruleset.written()) {
                warnings.push(format!("scenario `{}`: {}", ruleset.name(), mistake.message));
            }
            for rule in ruleset.rules() {
                warnings.extend(self.warnings_about(ruleset.name(), rule, &sources));
            }
        }
        warnings
    }

    /// What is wrong with rules that run, in words.
    pub fn warnings_of(&self, running: &[RuleReport]) -> Vec<String> {
        let sources = OnceCell::new();
        let of_rule = |report: &RuleReport| self.warnings_about(&report.scenario, &report.rule, &sources);
        running.iter().flat_map(of_rule).collect()
    }

    fn warnings_about(&self, scenario: &str, rule: &Rule, sources: &OnceCell<Names>) -> Vec<String> {
        let never = self.mistake(&rule.when).map(|mistake| ("can never fire", mistake.message));
        let not_yet = self.unknown_source(&rule.when, sources).map(|message| ("cannot fire yet", message));
        let said = never.into_iter().chain(not_yet);
        let name = &rule.name;
        said.map(|(what, why)| format!("scenario `{scenario}`, rule `{name}` {what}: {why}")).collect()
    }

    /// What is wrong with the rules of a valid scenario, with their places in the document.
    pub fn warnings_in(&self, document: &Document<'_>) -> Option<DocumentError> {
        let found = document.read_into(|scenario: Scenario, place| {
            for mistake in self.mistakes_in(&scenario) {
                place.mistake(&mistake.pointer, mistake.message);
            }
            let sources = OnceCell::new();
            for (index, rule) in scenario.rules.iter().enumerate() {
                if let Some(message) = self.unknown_source(&rule.when, &sources) {
                    place.mistake(&format!("/rules/{index}/when/source"), message);
                }
            }
            Some(())
        });
        found.err()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Ruleset;
    use super::*;

    fn warnings(client: &str) -> String {
        let clients = [("c-1", "admin"), ("c-2", "reader")];
        let clients = clients.map(|(id, name)| (id.to_owned(), name.to_owned()));
        let text = format!("name: mine\nrules:\n- when: {{client: {client}}}\n  fault: close\n");
        let known = KnownNames::new("tenant `default`", clients);
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

    #[test]
    fn a_source_is_known_by_id_or_name_and_any_other_is_told_as_long_as_it_is_not_there() {
        let told = |known: &KnownNames, source: &str| {
            let when = format!("{{operation: changePassword, source: {source}}}");
            let text = format!("name: mine\nrules:\n- when: {when}\n  fault: {{connector: refuses}}\n");
            let document = Document::new("my.yaml", &text);
            let rulesets = Rulesets::new([Ruleset::read(&document).unwrap()], 10).unwrap();
            let in_words = known.warnings(&rulesets).join("\n");
            (known.warnings_in(&document).map(|found| found.to_string()).unwrap_or_default(), in_words)
        };
        let known = KnownNames::new("tenant `default`", []).with_sources(|| {
            [("s-1", "Okta"), ("s-2", "GitHub")].map(|(id, name)| (id.into(), name.into())).into()
        });
        for source in ["s-1", "GitHub", "IdentityNow", "{regex: ^x}", "{present: true}"] {
            assert_eq!(told(&known, source), (String::new(), String::new()), "{source}");
        }
        let message = "so far no source of tenant `default` has the id or name `Okat`; expected Okta or GitHub; did you mean `Okta`?";
        let in_words = format!("scenario `mine`, rule `rule-1` cannot fire yet: {message}");
        assert_eq!(told(&known, "Okat"), (format!("my.yaml:3:45: {message}"), in_words));
        let none = known.clone().with_sources(Vec::new);
        assert!(told(&none, "Okta").0.ends_with("`Okta`; expected one that is there, or is created later"));
        // Where nothing is known of sources, nothing is said.
        assert_eq!(told(&KnownNames::new("tenant `default`", []), "Okat").0, "");
    }

    #[test]
    fn a_client_is_the_same_by_its_id_and_its_name() {
        let clients = [("c-1", "admin"), ("c-2", "reader"), ("admin-2", "c-2")];
        let clients = clients.map(|(id, name)| (id.to_owned(), name.to_owned()));
        let known = KnownNames::new("tenant `default`", clients);
        let warnings = |first: &str, second: &str| {
            let rule = |client: &str| format!("- {{when: {{client: {client}}}, fault: close}}\n");
            let text = format!("name: mine\nrules:\n{}{}", rule(first), rule(second));
            let found = known.warnings_in(&Document::new("my.yaml", &text));
            found.map(|found| found.to_string()).unwrap_or_default()
        };
        let expected = "my.yaml:4:3: rule `rule-2` can never fire: `rule-1` before it always fires on everything it \
                        matches; expected it first, or another `when`";
        assert_eq!(warnings("admin", "c-1"), expected);
        assert_eq!(warnings("c-1", "admin"), expected);
        assert_eq!(warnings("admin", "c-2"), "");
        assert_eq!(warnings("reader", "c-2"), "", "two clients are called c-2");
    }
}
