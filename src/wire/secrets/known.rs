//! Secrets that are known by their text, found wherever they stand.

use hashbrown::HashMap;

/// Shorter ones are found only where they stand alone: as a part of other words they tell nothing.
const SHORT: usize = 4;
/// How many of a secret's first bytes it is looked up by.
const FIRST: usize = 3;

/// Secrets by their text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    texts: Vec<String>,
    /// Which bytes any of them begins with.
    beginnings: [u64; 4],
    /// Their places in `texts`, by their first bytes.
    by_first: HashMap<[u8; FIRST], Vec<usize>>,
}

impl Secrets {
    /// These secrets; empty ones are none.
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let mut secrets = Self::default();
        for text in texts.into_iter().filter(|text| !text.is_empty()) {
            secrets.beginnings[usize::from(text.as_bytes()[0] >> 6)] |= 1 << (text.as_bytes()[0] & 63);
            secrets.by_first.entry(first(text.as_bytes())).or_default().push(secrets.texts.len());
            secrets.texts.push(text);
        }
        secrets
    }

    /// The length of the longest of them that begins at `place` in `text`.
    pub(super) fn at(&self, text: &[u8], place: usize) -> Option<usize> {
        let byte = text[place];
        if self.beginnings[usize::from(byte >> 6)] & (1 << (byte & 63)) == 0 {
            return None;
        }
        let rest = &text[place..];
        // Those that are shorter than what they are looked up by stand under what is shorter, too.
        let looked_up = (1..=FIRST.min(rest.len())).filter_map(|len| self.by_first.get(&first(&rest[..len])));
        let here = looked_up.flatten().map(|&index| self.texts[index].as_bytes());
        here.filter(|secret| {
            rest.starts_with(secret) && (secret.len() >= SHORT || is_alone(text, place, secret.len()))
        })
        .map(<[u8]>::len)
        .max()
    }
}

/// A secret's first bytes; zeros follow a shorter one.
fn first(text: &[u8]) -> [u8; FIRST] {
    let mut first = [0; FIRST];
    let len = text.len().min(FIRST);
    first[..len].copy_from_slice(&text[..len]);
    first
}

/// Whether no letter or digit stands directly before or behind.
fn is_alone(text: &[u8], place: usize, len: usize) -> bool {
    let is_of_word =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
    !is_of_word(place.checked_sub(1).and_then(|before| text.get(before)))
        && !is_of_word(text.get(place + len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_secret_is_found_and_a_short_one_only_as_a_word() {
        let secrets = Secrets::new(["hush", "hush-hush", "x", "", "ä"].map(str::to_owned));
        for (text, place, found) in [
            ("a hush-hush", 2, Some(9)),
            ("a hush", 2, Some(4)),
            ("pushhush", 4, Some(4)),
            ("a hus", 2, None),
            ("a x", 2, Some(1)),
            ("ax b", 1, None),
            ("xa", 0, None),
            ("(ä)", 1, Some(2)),
        ] {
            assert_eq!(secrets.at(text.as_bytes(), place), found, "{text}");
        }
    }
}
