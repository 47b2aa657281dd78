//! The scenario file as it is written: the types in this folder are the format, in files and in the control API
//! alike, and do nothing but be read and be written. What makes no sense is found by `check`; what runs is a
//! [`Ruleset`](super::Ruleset).

mod fires;
mod hold;
mod when;

use serde::{Deserialize, Deserializer, Serialize};

pub use fires::{Fires, Nth, Per};
pub use hold::Hold;
pub use when::{Operations, TextMatch, When};

use super::fault::Fault;

/// A named list of rules with a lesson.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Scenario {
    /// What it is called: in `Sim-Fault`, in the journal, on the command line.
    pub name: String,
    /// What a client's author learns from it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub lesson: Option<String>,
    /// The rules; the first that fires wins, at each stage.
    pub rules: Vec<Rule>,
}

/// Which exchanges, which of them, and what goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rule {
    /// What it is called; its draws depend on it. `rule-1` for a first rule without a name, and so on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which exchanges; all when absent.
    #[serde(default, skip_serializing_if = "When::is_empty")]
    pub when: When,
    /// Which of those; all when absent.
    #[serde(default, skip_serializing_if = "Fires::is_empty")]
    pub fires: Fires,
    /// Whether the operation happens first.
    #[serde(default, skip_serializing_if = "Stage::is_before")]
    pub stage: Stage,
    /// How long the client waits on top.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub hold: Option<Hold>,
    /// What goes wrong, every time.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub fault: Option<Fault>,
    /// What goes wrong, one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub sequence: Option<Vec<Fault>>,
    /// What comes after the sequence; `pass` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub then: Option<Then>,
}

/// When a fault takes effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The operation does not happen.
    #[default]
    Before,
    /// The operation happens, and the client is told something else or nothing.
    After,
}

impl Stage {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    fn is_before(&self) -> bool {
        *self == Self::Before
    }
}

/// What comes after the last fault of a sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// The rule does not fire any more.
    #[default]
    Pass,
    /// The sequence begins again.
    Repeat,
    /// The last fault goes on.
    Last,
}

/// Reads an optional part that is there: a key without a value is a mistake, not an absence.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
