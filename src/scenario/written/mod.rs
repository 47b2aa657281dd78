//! The scenario file as it is written: the types in this folder are the format, in files and in the control API
//! alike, and are only read and written. Mistakes are found by `check`; what runs is a
//! [`Ruleset`](super::Ruleset).

mod fires;
mod hold;
mod matches;
mod when;

use serde_json::{Value, json};

pub use fires::{Fires, Nth, Per};
pub use hold::Hold;
pub use matches::{TextMatch, ValueMatch};
pub(super) use when::ATTEMPT;
pub use when::{Connection, Operations, Page, When};

use super::check;
use super::fault::Fault;
use crate::document::{Document, Limit, Place, Written, record, words};

record! {
    /// A named list of rules: which exchanges, which of them, and what goes wrong.
    pub struct Scenario as "scenario" {
        /// What it is called: in the `Sim-Fault` header, in the journal, on the command line.
        pub name: String = required("name") within NAME,
        /// What a client's author learns from it, in one sentence.
        pub lesson: Option<String> = optional("lesson") within LESSON,
        /// The rules, in order: at each stage the first that fires wins.
        pub rules: Vec<Rule> = required("rules"),
    }
}

impl Scenario {
    /// How many of a document's keys are a scenario's, or those of a rule that was written without one.
    pub fn likeness(document: &Document<'_>) -> usize {
        document.likeness::<Self>().max(document.likeness::<Rule>())
    }
}

/// Names go into the `Sim-Fault` header, with a slash between them.
const NAME: Limit = Limit::Form {
    pattern: "^[!-.0-~]([ -.0-~]{0,98}[!-.0-~])?$",
    expected: "1 to 100 printable ASCII characters without `/`",
    holds: check::is_name,
};

/// It is kept with the scenario.
const LESSON: Limit = Limit::Form {
    pattern: r"^[\s\S]{0,1000}$",
    expected: "1,000 characters or fewer",
    holds: |lesson| lesson.chars().count() <= 1_000,
};

record! {
    /// Which exchanges, which of them, and what goes wrong. It has one of `fault` and `sequence`, or a `hold` alone.
    pub struct Rule as "rule" checked by Rule::look, also one_of_the_two {
        /// What it is called, unique in the scenario; its draws depend on it. `rule-1`, `rule-2` and so on by position
        /// when absent.
        pub name: String = optional("name") within NAME,
        /// Which exchanges; all when absent.
        pub when: When = optional("when"),
        /// Which of those; all when absent.
        pub fires: Fires = optional("fires"),
        /// Whether the operation happens first; `before`, it does not.
        pub stage: Stage = optional("stage"),
        /// How long the answer is delayed, with the fault or alone.
        pub hold: Option<Hold> = optional("hold"),
        /// What goes wrong, every time the rule fires.
        pub fault: Option<Fault> = optional("fault"),
        /// What goes wrong, one fault per firing.
        pub sequence: Option<Vec<Fault>> = optional("sequence") within check::SEQUENCE,
        /// What comes after the sequence; `pass` when absent.
        pub then: Option<Then> = optional("then"),
    }
}

impl Rule {
    /// What is wrong with it on its own, for readers; a nameless rule gets a temporary name.
    fn look(&self, place: &mut Place<'_, '_, '_>) {
        for mistake in check::check_rule(self) {
            let is_nameless = self.name.is_empty() && mistake.pointer == "/name";
            let is_told = mistake.pointer.is_empty() && place.has_other_keys(Self::keys());
            if !is_nameless && !is_told {
                place.mistake(&mistake.pointer, mistake.message);
            }
        }
    }
}

/// What the fields' own schemas cannot say.
fn one_of_the_two() -> Value {
    let both = [json!({ "required": ["fault"] }), json!({ "required": ["sequence"] })];
    json!({
        "oneOf": [both[0], both[1], { "required": ["hold"], "not": { "anyOf": both } }],
        "dependencies": { "then": ["sequence"] },
    })
}

words! {
    derive(Default)
    /// When a fault takes effect.
    pub enum Stage {
        /// The operation does not happen.
        Before = "before",
        /// The operation happens, and the client is told something else or nothing.
        After = "after",
    }
}

words! {
    derive(Default)
    /// What comes after the last fault of a sequence.
    pub enum Then {
        /// The rule no longer fires.
        Pass = "pass",
        /// The sequence starts again.
        Repeat = "repeat",
        /// The last fault is repeated.
        Last = "last",
    }
}
