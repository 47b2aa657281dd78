//! What was probably meant by a name that does not exist, for messages.

/// The known name that is nearest to `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = without_signs(word);
    if plain.is_empty() || plain.len() > LONGEST {
        return None;
    }
    let distances = known.into_iter().filter_map(|name| Some((distance(word, &plain, name)?, name)));
    distances.min_by_key(|(distance, name)| (*distance, name.len())).map(|(_, name)| name)
}

/// Longer words are not compared: they are not typing mistakes.
const LONGEST: usize = 64;

/// How far `name` is from what was written; `None` when it is too far.
fn distance(word: &str, plain: &str, name: &str) -> Option<usize> {
    let known = without_signs(name);
    let edits = edits(plain, &known);
    if edits <= (plain.len().min(known.len()) / 3).max(1) && edits < plain.len() {
        return Some(edits);
    }
    // `createGroup` for `createPasswordSyncGroup`: its words, in order, with others between them.
    let mut pieces = pieces(name).into_iter();
    let asked = self::pieces(word);
    let has_all =
        asked.iter().all(|piece| pieces.any(|known| known == *piece || known == format!("{piece}s")));
    (asked.len() > 1 && has_all).then_some(LONGEST)
}

/// In lower case, letters and digits only.
fn without_signs(word: &str) -> String {
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
fn edits(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
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
