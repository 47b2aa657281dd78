//! The faults: what can go wrong, a file per fault or family of faults. A new fault is
//!
//! 1. its file here: settings, effect, words, mistakes and tests ([`Kind`] says what is required);
//! 2. its `mod`, its `use` and its line in the list below;
//! 3. a file in `scenarios/` that shows it, its topic in `scenario/library.rs`, and a paragraph in `scenarios/README.md`
//!    that names the file.
//!
//! The JSON Schema follows: `BLESS=1 cargo test` writes it anew.
//!
//! Its effect is one of those in `effect.rs`, which the pipeline carries out (what is said) and the server
//! delivers (how it is said). Only a new kind of effect needs a change there.

mod connector;
mod corrupt;
mod cut;
mod effect;
mod hold;
mod pass;
mod platform;
mod rate_limited;
mod respond;
mod silence;
mod stale;
mod token;
mod trickle;
mod written;

use std::time::Duration;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

pub use connector::Connector;
pub use corrupt::Corrupt;
pub use cut::Cut;
pub use effect::{Answer, Call, Effect, PlatformChange, TokenChange};
pub use pass::Pass;
pub use platform::{ForgetStatus, RotateKey, TightenPolicy};
pub use rate_limited::{Escalates, RateLimited};
pub use respond::Respond;
pub use silence::{Close, Hang, Reset};
pub use stale::Stale;
pub use token::{ExpireToken, LoseScope};
pub use trickle::Trickle;

use super::mistake::Mistake;
pub use super::written::Hold;
use super::written::Rule;
use crate::document::{Mistakes, Node, Written};
use written::Described;

faults! {
    /// A reply of the scenario's choosing.
    "respond" => Respond,
    /// 429 as the gateway sends it.
    "rateLimited" => RateLimited,
    /// The token that the call carries expires, for good; on a token call, the token it returns is expired.
    "expireToken" => ExpireToken,
    /// The token that the call carries loses a scope, for good; on a token call, the token it returns lacks it.
    "loseScope" => LoseScope,
    /// The right answer, late.
    "hold" => Hold,
    /// Headers that never arrive.
    "hang" => Hang,
    /// The right body, slowly.
    "trickle" => Trickle,
    /// The full length is promised, fewer bytes are sent, and the connection is closed.
    "cut" => Cut,
    /// The connection is closed without an answer.
    "close" => Close,
    /// The connection is reset without an answer.
    "reset" => Reset,
    /// A body that is not what the reply claims.
    "corrupt" => Corrupt,
    /// Reads show the tenant as it was some time ago.
    "stale" => Stale,
    /// The public key that encrypts passwords is another from now on.
    "rotateKey" => RotateKey,
    /// The policy in force for the source of the call asks for more from now on.
    "tightenPolicy" => TightenPolicy,
    /// The status of a password change is not known from now on.
    "forgetStatus" => ForgetStatus,
    /// A source that cannot be reached, or refuses the password, in an attempt to change one.
    "connector" => Connector,
    /// Nothing, in a sequence.
    "pass" => Pass,
}

/// What a fault must provide. Its settings are the type that implements this.
trait Kind {
    /// What it does.
    fn effect(&self) -> Effect<'_>;

    /// What the client sees, to follow "the client gets".
    fn in_words(&self) -> String;

    /// The first mistake in its settings, or in its use in `rule`. Pointers begin below the fault's name.
    fn check(&self, _rule: &Rule) -> Result<(), Mistake> {
        Ok(())
    }

    /// The fault when only its name is written, if that is allowed.
    fn bare() -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    /// How long the client waits for the answer.
    fn hold(&self) -> Option<Hold> {
        None
    }

    /// For how long every match fires once it has fired.
    fn window(&self) -> Option<Duration> {
        None
    }

    /// How it pushes clients back that come early, and how long it tells the others to wait.
    fn escalates(&self) -> Option<(&Escalates, Duration)> {
        None
    }

    /// The same fault, telling another wait, where it tells one.
    fn telling(&self, _wait: Duration) -> Option<Fault> {
        None
    }

    /// How far back it reads.
    fn horizon(&self) -> Option<Duration> {
        None
    }
}

impl Fault {
    /// What it does.
    pub fn effect(&self) -> Effect<'_> {
        self.kind().effect()
    }

    /// Whether the service's answer, if there is one, never reaches the client.
    pub(super) fn hides_the_answer(&self) -> bool {
        matches!(self.effect(), Effect::Instead(_) | Effect::Silence(_))
    }

    pub(super) fn in_words(&self) -> String {
        self.kind().in_words()
    }

    pub(super) fn check(&self, rule: &Rule) -> Result<(), Mistake> {
        self.kind().check(rule).map_err(|mistake| mistake.below(&format!("/{}", self.name())))
    }

    pub(super) fn hold(&self) -> Option<Hold> {
        self.kind().hold()
    }

    pub(super) fn window(&self) -> Option<Duration> {
        self.kind().window()
    }

    pub(super) fn escalates(&self) -> Option<(&Escalates, Duration)> {
        self.kind().escalates()
    }

    pub(super) fn telling(&self, wait: Duration) -> Option<Self> {
        self.kind().telling(wait)
    }

    pub(super) fn horizon(&self) -> Option<Duration> {
        self.kind().horizon()
    }
}

/// Makes the enum from the list, and the functions that have an arm for each line.
macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $name:literal => $Kind:ident,)*) => {
        /// What goes wrong.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Fault {
            $(
                $(#[doc = $doc])+
                $Kind($Kind),
            )*
        }

        impl Fault {
            /// Its name in files.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$Kind(_) => $name,)*
                }
            }

            fn kind(&self) -> &dyn Kind {
                match self {
                    $(Self::$Kind(kind) => kind,)*
                }
            }

            /// The faults that may be written as a bare name.
            fn all_bare() -> Vec<Self> {
                [$($Kind::bare().map(Self::$Kind),)*].into_iter().flatten().collect()
            }

            /// Their names, in order.
            const NAMES: &[&str] = &[$($name),*];

            /// What each does and what its settings are, in the same order.
            const DESCRIBED: &[Described] = &[$(Described {
                doc: &[$($doc),+],
                schema: <$Kind as Written>::schema,
                expected: <$Kind as Written>::expected,
                keys: <$Kind as Written>::keys,
            }),*];

            /// Reads the settings of the fault of that name, if there is one.
            fn read_settings(name: &str, node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Option<Self>> {
                match name {
                    $($name => Some($Kind::read(node, mistakes).map(Self::$Kind)),)*
                    _ => None,
                }
            }
        }

        impl Serialize for Fault {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(1))?;
                match self {
                    $(Self::$Kind(settings) => map.serialize_entry($name, settings)?,)*
                }
                map.end()
            }
        }

        $(
            impl From<$Kind> for Fault {
                fn from(kind: $Kind) -> Self {
                    Self::$Kind(kind)
                }
            }
        )*
    };
}
use faults;

#[cfg(test)]
mod testing {
    //! Helpers for tests of faults.

    use super::Fault;
    use crate::document::{Document, Format};
    use crate::scenario::CompiledRule;

    /// The mistake in a rule, with its place.
    pub(super) fn mistake(rule: &str) -> String {
        CompiledRule::read(&Document { name: "rule", text: rule, format: Format::Yaml }, None)
            .unwrap_err()
            .to_string()
    }

    /// What the client gets with a fault.
    pub(super) fn words(fault: &str) -> String {
        Document { name: "fault", text: fault, format: Format::Yaml }.read::<Fault>().unwrap().in_words()
    }
}
