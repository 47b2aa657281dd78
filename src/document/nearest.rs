//! What was probably meant by a name that does not exist, for messages.

/// The known name that is nearest to `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = Word::new(word)?;
    let known: Vec<&str> = known.into_iter().collect();
    let distances = known.iter().filter_map(|name| Some((written.distance(name)?, *name)));
    let near = distances.min_by_key(|(distance, name)| (*distance, name.len())).map(|(_, name)| name);
    near.or_else(|| part_of_one(&written.letters, &known)).or_else(|| by_another_name(word, &known))
}

/// The only name that begins or ends with these letters.
fn part_of_one<'a>(letters: &[char], known: &[&'a str]) -> Option<&'a str> {
    const LEAST: usize = 4;
    if letters.len() < LEAST {
        return None;
    }
    let has_it = |name: &&&str| {
        let name = self::letters(name);
        name.len() > letters.len() && (name.starts_with(letters) || name.ends_with(letters))
    };
    let mut found = known.iter().filter(has_it);
    found.next().filter(|_| found.next().is_none()).copied()
}

/// What the service, other files or other tools call things, and what they are called here.
const OTHER_NAMES: [(&str, &str); 16] = [
    ("alias", "userName"),
    ("delay", "hold"),
    ("error", "respond"),
    ("id", "clientId"),
    ("if", "when"),
    ("latency", "hold"),
    ("match", "when"),
    ("people", "identities"),
    ("policies", "passwordPolicies"),
    ("policy", "passwordPolicyId"),
    ("probability", "chance"),
    ("response", "respond"),
    ("sleep", "hold"),
    ("sources", "sourceIds"),
    ("timeout", "hang"),
    ("users", "identities"),
];

fn by_another_name<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let (_, meant) = OTHER_NAMES.iter().find(|(other, _)| other.eq_ignore_ascii_case(word))?;
    known.iter().find(|name| *name == meant).copied()
}

/// Longer words are not compared: they are not typing mistakes.
const LONGEST: usize = 64;

/// A word as it was written, to be compared with names that exist.
pub struct Word {
    letters: Vec<char>,
    pieces: Vec<String>,
}

impl Word {
    /// `None` when it is not a word, or too long to be a typing mistake.
    pub fn new(word: &str) -> Option<Self> {
        // Nobody should pay for what is too long, however many signs stand between its letters.
        if word.len() > 2 * LONGEST {
            return None;
        }
        let letters = letters(word);
        (1..=LONGEST).contains(&letters.len()).then(|| Self { letters, pieces: pieces(word) })
    }

    /// How far `name` is from what was written; `None` when it is too far.
    pub fn distance(&self, name: &str) -> Option<usize> {
        let known = letters(name);
        let most = (self.letters.len().min(known.len()) / 3).max(1);
        // As many letters as one has more have to be inserted at least.
        if self.letters.len().abs_diff(known.len()) <= most {
            let edits = edits(&self.letters, &known);
            if edits <= most && edits < self.letters.len() {
                return Some(edits);
            }
        }
        if self.pieces.len() < 2 {
            return None;
        }
        // `createGroup` for `createPasswordSyncGroup`: its words, in order, with others between them.
        let mut known = pieces(name).into_iter();
        let is_known = |piece: &String| {
            known.any(|known| known == *piece || known.strip_suffix('s').is_some_and(|known| known == piece))
        };
        self.pieces.iter().all(is_known).then_some(LONGEST)
    }
}

/// In lower case, letters and digits only.
fn letters(word: &str) -> Vec<char> {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The words of `camelCase`, `snake_case` or `kebab-case`, in lower case.
fn pieces(word: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in word.chars() {
        if c.is_uppercase() || !c.is_alphanumeric() {
            pieces.push(String::new());
        }
        if c.is_alphanumeric() {
            pieces.last_mut().expect("it began with one").extend(c.to_lowercase());
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// The number of letters to insert, remove, replace, or swap with a neighbour to turn one word into the other.
fn edits(from: &[char], to: &[char]) -> usize {
    let mut before_last = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, other) in to.iter().enumerate() {
            let replaced = last[column] + usize::from(letter != other);
            let mut best = replaced.min(last[column + 1] + 1).min(next[column] + 1);
            if row > 0 && column > 0 && *letter == to[column - 1] && from[row - 1] == *other {
                best = best.min(before_last[column - 1] + 1);
            }
            next.push(best);
        }
        before_last = std::mem::replace(&mut last, next);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_recognised_and_a_far_one_is_not() {
        let known =
            ["when", "fires", "fault", "clientId", "retryAfter", "rate-limited", "rate-limited-with-a-date"];
        for (word, meant) in [
            ("wen", Some("when")),
            ("whne", Some("when")),
            ("client_id", Some("clientId")),
            ("ClientID", Some("clientId")),
            ("retry-after", Some("retryAfter")),
            ("rate-limted", Some("rate-limited")),
            ("faults", Some("fault")),
            ("x", None),
            ("sequence", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
        let of_clients = ["name", "clientId", "clientSecret", "scopes", "tokenLifetime"];
        for (word, meant) in [
            ("secret", Some("clientSecret")),
            ("lifetime", Some("tokenLifetime")),
            ("token", Some("tokenLifetime")),
            ("user", None),
            ("id", Some("clientId")),
            ("alias", None),
        ] {
            assert_eq!(nearest(word, of_clients), meant, "{word}");
        }
        assert_eq!(nearest("delay", ["hang", "hold"]), Some("hold"));
        let operations =
            ["getPasswordSyncGroups", "createPasswordSyncGroup", "getPasswordSyncGroup", "token"];
        for (word, meant) in [
            ("createGroup", "createPasswordSyncGroup"),
            ("getGroup", "getPasswordSyncGroup"),
            ("getGroups", "getPasswordSyncGroups"),
            ("create_password_sync_group", "createPasswordSyncGroup"),
        ] {
            assert_eq!(nearest(word, operations), Some(meant), "{word}");
        }
    }
}
