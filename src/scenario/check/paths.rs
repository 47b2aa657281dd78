//! Whether some text fits two globs at once, by walking both together. The routes of operations are globs, too.

use std::collections::HashSet;

/// Longer globs are taken to fit anything: nobody writes them by hand, and the walk takes time.
const LONGEST: usize = 200;

/// A piece of a glob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// This character.
    Literal(char),
    /// `?`: one character that is no slash.
    One,
    /// `*`: any number of characters that are no slash.
    Step,
    /// `**`: any text.
    Any,
}

impl Piece {
    fn repeats(self) -> bool {
        matches!(self, Self::Step | Self::Any)
    }

    /// Whether some character fits both.
    fn agrees(self, other: Self) -> bool {
        match (self, other) {
            (Self::Literal(first), Self::Literal(second)) => first == second,
            (Self::Literal('/'), Self::One | Self::Step) | (Self::One | Self::Step, Self::Literal('/')) => {
                false
            }
            _ => true,
        }
    }
}

fn pieces(glob: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut chars = glob.chars().peekable();
    while let Some(c) = chars.next() {
        pieces.push(match c {
            '*' if chars.next_if_eq(&'*').is_some() => Piece::Any,
            '*' => Piece::Step,
            '?' => Piece::One,
            literal => Piece::Literal(literal),
        });
    }
    pieces
}

/// Whether some text fits both globs.
pub(super) fn overlap(first: &str, second: &str) -> bool {
    let (first, second) = (pieces(first), pieces(second));
    if first.len().max(second.len()) > LONGEST {
        return true;
    }
    let mut seen = HashSet::new();
    let mut next = vec![(0, 0)];
    while let Some(place) = next.pop() {
        if !seen.insert(place) {
            continue;
        }
        match (first.get(place.0), second.get(place.1)) {
            (None, None) => return true,
            (Some(one), Some(other)) if one.agrees(*other) => {
                next.push((place.0 + usize::from(!one.repeats()), place.1 + usize::from(!other.repeats())));
            }
            _ => {}
        }
        // What repeats may also be over.
        if first.get(place.0).is_some_and(|piece| piece.repeats()) {
            next.push((place.0 + 1, place.1));
        }
        if second.get(place.1).is_some_and(|piece| piece.repeats()) {
            next.push((place.0, place.1 + 1));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_overlap_when_some_text_fits_both() {
        for (first, second, expected) in [
            ("/v3/x", "/v3/x", true),
            ("/v3/x", "/v3/y", false),
            ("/v3/x", "/v3/x/y", false),
            ("**", "/v3/x", true),
            ("**/x", "/v3/?*", true),
            ("**/x/**", "/v3/?*", false),
            ("/*/x", "/v3/x", true),
            ("/*", "/v3/x", false),
            ("/v3/*", "/v3/", true),
            ("/v3/?*", "/v3/", false),
            ("/v?/x", "/v3/x", true),
            ("/v?/x", "/v2024/x", false),
            ("/v3/a?*", "/v3/?*", true),
            ("/v3/a*b", "/v3/*c", false),
            ("*a*b*", "*c**d*", true),
            ("", "", true),
            ("", "?", false),
        ] {
            assert_eq!(overlap(first, second), expected, "{first} {second}");
            assert_eq!(overlap(second, first), expected, "{second} {first}");
        }
        assert!(overlap(&"a".repeat(300), "b"));
    }
}
