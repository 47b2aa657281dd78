//! Faults as files write them: a name with settings, `{cut: {after: 100}}`, or just the name where that is
//! enough, `close`.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::Fault;
use crate::document::{Content, Definitions, Mistakes, Node, Written, shown, unknown};

/// A fault of the list, as schemas and messages describe it.
pub(super) struct Described {
    pub(super) doc: &'static [&'static str],
    pub(super) schema: fn(&mut Definitions) -> Value,
    pub(super) expected: fn() -> Cow<'static, str>,
    pub(super) keys: fn() -> &'static [&'static str],
}

impl Described {
    fn schema(&self, name: &str, definitions: &mut Definitions) -> Value {
        let doc: Vec<_> = self.doc.iter().map(|line| line.trim()).collect();
        json!({
            "description": doc.join(" "),
            "type": "object",
            "additionalProperties": false,
            "required": [name],
            "properties": { name: (self.schema)(definitions) },
        })
    }
}

impl Written for Fault {
    fn expected() -> Cow<'static, str> {
        "a fault such as {respond: {status: 500}}, {close: {}} or pass".into()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        definitions.refer("fault", |definitions| {
            let bare: Vec<_> = Self::all_bare().iter().map(Self::name).collect();
            let bare = json!({
                "description": "A fault whose settings may all be left out, by its name.",
                "type": "string",
                "enum": bare,
            });
            let described = Self::NAMES.iter().zip(Self::DESCRIBED);
            let with_settings = described.map(|(name, described)| described.schema(name, definitions));
            let all: Vec<_> = std::iter::once(bare).chain(with_settings).collect();
            json!({ "description": "What goes wrong.", "anyOf": all })
        })
    }

    fn keys() -> &'static [&'static str] {
        Self::NAMES
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        match &node.content {
            Content::Mapping(entries) => with_settings(node, entries, mistakes),
            Content::List(_) => {
                mistakes.unexpected(node, &Self::expected());
                None
            }
            _ if node.is_null() => {
                mistakes.unexpected(node, &Self::expected());
                None
            }
            _ => by_name(node, mistakes),
        }
    }
}

/// A fault by its name alone.
fn by_name(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Fault> {
    let name = node.scalar().unwrap_or_default();
    let mut bare = Fault::all_bare();
    if let Some(found) = bare.iter().position(|fault| fault.name() == name) {
        return Some(bare.swap_remove(found));
    }
    let message = match Fault::NAMES.iter().position(|known| *known == name) {
        Some(known) => {
            let settings = (Fault::DESCRIBED[known].expected)();
            // The settings' own name is the fault's.
            let settings = settings.find('{').map_or(&*settings, |keys| &settings[keys..]);
            format!("the fault `{name}` without its settings; expected {{{name}: {settings}}}")
        }
        None => match name.parse::<u16>() {
            Ok(status @ 200..=599) => {
                format!(
                    "fault {}; expected one by its name; write {{respond: {{status: {status}}}}}",
                    shown(name)
                )
            }
            _ => unknown("fault", name, Fault::NAMES),
        },
    };
    mistakes.add(node, message);
    None
}

/// A fault by its name, with settings.
fn with_settings(
    node: &Node<'_>,
    entries: &[(Node<'_>, Node<'_>)],
    mistakes: &mut Mistakes,
) -> Option<Fault> {
    let Some((key, settings)) = entries.first() else {
        mistakes.add(node, "no fault; expected one such as {respond: {status: 500}}");
        return None;
    };
    for (other, _) in &entries[1..] {
        let other_name = other.scalar().unwrap_or_default();
        mistakes.add(other, format!("`{other_name}` beside another fault; expected exactly one"));
    }
    let name = key.scalar().unwrap_or_default();
    let Some(fault) = Fault::read_settings(name, settings, mistakes) else {
        match misplaced(name) {
            Some(message) => mistakes.add(key, message),
            None => mistakes.unknown(key, "fault", name, Fault::NAMES),
        }
        return None;
    };
    fault.filter(|_| entries.len() == 1)
}

/// What to say of the setting of a fault where a fault is expected.
fn misplaced(name: &str) -> Option<String> {
    let mut with_it =
        Fault::NAMES.iter().zip(Fault::DESCRIBED).filter(|(_, fault)| (fault.keys)().contains(&name));
    let (fault, _) = with_it.next()?;
    let is_only_one = with_it.next().is_none();
    is_only_one
        .then(|| format!("the key `{name}` belongs under `{fault}`; expected {{{fault}: {{{name}: …}}}}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Format};

    fn read(text: &str) -> Result<Fault, String> {
        Document { name: "fault", text, format: Format::Yaml }.read().map_err(|error| error.to_string())
    }

    #[test]
    fn the_faults_without_settings_may_be_written_as_a_word() {
        for name in ["expireToken", "hang", "close", "reset", "pass"] {
            let fault = read(name).unwrap();
            assert_eq!(fault.name(), name);
            assert_eq!(Ok(fault), read(&format!("{name}: {{}}")), "{name}");
        }
        let error = read("rateLimited").unwrap_err();
        assert!(
            error.contains("the fault `rateLimited` without its settings; expected {rateLimited: {"),
            "{error}"
        );
    }

    #[test]
    fn a_fault_is_written_as_it_is_read() {
        for text in [
            r#"{"respond":{"status":503,"headers":{"Retry-After":"3"}}}"#,
            r#"{"rateLimited":{"retryAfter":"2s","window":"3s"}}"#,
            r#"{"expireToken":{}}"#,
            r#"{"loseScope":{"scope":"a"}}"#,
            r#"{"hold":{"uniform":["1s","2s"]}}"#,
            r#"{"hang":{"for":"1m"}}"#,
            r#"{"hang":{}}"#,
            r#"{"trickle":{"chunk":16,"pause":"250ms"}}"#,
            r#"{"cut":{"after":100}}"#,
            r#"{"close":{}}"#,
            r#"{"reset":{}}"#,
            r#"{"corrupt":"html"}"#,
            r#"{"stale":{"by":"5s","readYourWrites":true}}"#,
            r#"{"pass":{}}"#,
        ] {
            assert_eq!(serde_json::to_string(&read(text).unwrap()).unwrap(), text);
        }
    }
}
