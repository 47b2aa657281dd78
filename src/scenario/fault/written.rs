//! Faults as files write them: a name with settings, `{cut: {after: 100}}`, or the name alone where that is
//! enough, `close`.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeSeed, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Fault;

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The one that serde made of the list.
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrMap)
    }
}

struct NameOrMap;

impl<'de> Visitor<'de> for NameOrMap {
    type Value = Fault;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fault such as {respond: {status: 500}}, {close: {}} or pass")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Fault, E> {
        let mut bare = Fault::all_bare();
        if let Some(found) = bare.iter().position(|fault| fault.name() == name) {
            return Ok(bare.swap_remove(found));
        }
        let names = bare.iter().map(Fault::name).collect::<Vec<_>>().join(", ");
        Err(E::custom(format!(
            "fault `{name}`; expected one of {names}, or a fault with its settings such as \
             {{respond: {{status: 500}}}}"
        )))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Fault, A::Error> {
        // The one that serde made of the list.
        Fault::deserialize(MapAccessDeserializer::new(OneEntry(map)))
    }
}

/// A map that may have one entry only.
struct OneEntry<A>(A);

impl<'de, A: MapAccess<'de>> MapAccess<'de> for OneEntry<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let nothing = || de::Error::custom("no fault; expected one such as {respond: {status: 500}}");
        self.0.next_key_seed(seed)?.map(Some).ok_or_else(nothing)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        let value = self.0.next_value_seed(seed)?;
        match self.0.next_key::<String>()? {
            None => Ok(value),
            Some(other) => {
                Err(de::Error::custom(format!("`{other}` beside another fault; expected exactly one")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Format};

    fn read(text: &str) -> Result<Fault, String> {
        Document { name: "fault", text, format: Format::Yaml }.parse().map_err(|error| error.to_string())
    }

    #[test]
    fn the_faults_without_settings_may_be_written_as_a_word() {
        for name in ["expireToken", "hang", "close", "reset", "pass"] {
            let fault = read(name).unwrap();
            assert_eq!(fault.name(), name);
            assert_eq!(Ok(fault), read(&format!("{name}: {{}}")), "{name}");
        }
        let error = read("rateLimited").unwrap_err();
        assert!(error.contains("expected one of expireToken, hang, close, reset, pass, or"), "{error}");
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
