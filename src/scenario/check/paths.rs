//! Globs over paths, compared with each other: whether some path fits two at once, and whether one fits all that another
//! fits. The routes of operations are globs, too.

use std::cell::Cell;
use std::collections::HashSet;

use crate::wire::path::steps;
use crate::wire::query::decode_segment;

/// Longer globs are taken to fit anything: nobody writes them by hand, and the walk takes time.
const LONGEST: usize = 200;

/// A piece of a glob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// This character; a slash parts two steps.
    Literal(char),
    /// A slash that belongs to its step.
    EncodedSlash,
    /// `?`: one character that is not a slash.
    One,
    /// `*`: any number of characters that are not a slash.
    Step,
    /// `**`: any text.
    Any,
}

impl Piece {
    fn is_literal(self) -> bool {
        matches!(self, Self::Literal(_) | Self::EncodedSlash)
    }

    fn repeats(self) -> bool {
        matches!(self, Self::Step | Self::Any)
    }

    /// Whether some character fits both.
    fn agrees(self, other: Self) -> bool {
        match (self, other) {
            (Self::Literal('/'), Self::One | Self::Step) | (Self::One | Self::Step, Self::Literal('/')) => {
                false
            }
            (Self::Literal(_) | Self::EncodedSlash, Self::Literal(_) | Self::EncodedSlash) => self == other,
            _ => true,
        }
    }

    /// Whether each text of `other` may stand where this is one of them, or one of those that it repeats.
    fn takes(self, other: Self) -> bool {
        match self {
            Self::Any => true,
            Self::Step => other != Self::Any && other != Self::Literal('/'),
            Self::One => {
                matches!(other, Self::One | Self::EncodedSlash)
                    || matches!(other, Self::Literal(c) if c != '/')
            }
            Self::Literal(_) | Self::EncodedSlash => self == other,
        }
    }
}

/// A glob in pieces, as paths are compared: step by step, each decoded.
pub(super) fn pieces(glob: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (nth, step) in steps(glob).enumerate() {
        if nth > 0 || glob.starts_with('/') {
            pieces.push(Piece::Literal('/'));
        }
        push_step(&mut pieces, step);
    }
    if pieces.is_empty() { vec![Piece::Literal('/')] } else { pieces }
}

fn push_step(pieces: &mut Vec<Piece>, step: &str) {
    let mut rest = step;
    while !rest.is_empty() {
        let (literal, behind) = rest.split_at(rest.find(['*', '?']).unwrap_or(rest.len()));
        pieces.extend(decode_segment(literal).chars().map(|c| match c {
            '/' => Piece::EncodedSlash,
            c => Piece::Literal(c),
        }));
        let (wildcard, taken) = match behind.as_bytes() {
            [] => break,
            [b'*', b'*', ..] => (Piece::Any, 2),
            [b'*', ..] => (Piece::Step, 1),
            _ => (Piece::One, 1),
        };
        pieces.push(wildcard);
        rest = &behind[taken..];
    }
}

/// Whether `wide` fits every path that `narrow` fits. It may be said of too few, never of too many: each wildcard of
/// `narrow` must fall on one of `wide`. Each step of the walk takes one from `steps_left`; when none is left, it is not said.
pub(super) fn includes(wide: &[Piece], narrow: &[Piece], steps_left: &Cell<u32>) -> bool {
    let begins = wide.iter().position(|piece| !piece.is_literal()).unwrap_or(wide.len());
    if narrow.get(..begins) != Some(&wide[..begins]) {
        return false;
    }
    if begins == wide.len() {
        return narrow.len() == begins;
    }
    let (wide, narrow) = (&wide[begins..], &narrow[begins..]);
    let (mut seen, mut next) = (HashSet::new(), vec![(0, 0)]);
    while let Some(place) = next.pop() {
        if wide.len().max(narrow.len()) > LONGEST || steps_left.get() == 0 {
            return false;
        }
        steps_left.set(steps_left.get() - 1);
        if !seen.insert(place) {
            continue;
        }
        let (taken, given) = (wide.get(place.0), narrow.get(place.1));
        match (taken, given) {
            (None, None) => return true,
            (Some(taken), Some(given)) if taken.takes(*given) => {
                next.push((place.0 + usize::from(!taken.repeats()), place.1 + 1));
            }
            _ => {}
        }
        // What repeats may also be over.
        if taken.is_some_and(|piece| piece.repeats()) {
            next.push((place.0 + 1, place.1));
        }
    }
    false
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
            ("/v3/*", "/v3/", false),
            ("/v3/?*", "/v3/", false),
            ("/v?/x", "/v3/x", true),
            ("/v?/x", "/v2024/x", false),
            ("/v3/a?*", "/v3/?*", true),
            ("/v3/a*b", "/v3/*c", false),
            ("*a*b*", "*c**d*", true),
            ("", "", true),
            ("", "?", false),
            ("/v3/a%2Fb", "/v3/a/b", false),
            ("/v3/a%2Fb", "/v3/*", true),
            ("/v3/password%2Dsync-groups", "/v3/password-sync-groups", true),
        ] {
            assert_eq!(overlap(first, second), expected, "{first} {second}");
            assert_eq!(overlap(second, first), expected, "{second} {first}");
        }
        assert!(overlap(&"a".repeat(300), "b"));
    }

    #[test]
    fn a_glob_includes_another_when_it_fits_every_path_of_it() {
        for (wide, narrow, expected) in [
            ("**", "/v3/x", true),
            ("/**", "/v3/x", true),
            ("/**", "**", false),
            ("/v3/**", "/v3/password-sync-groups/a", true),
            ("/v3/**", "/v3/?*", true),
            ("/v3/**", "/v3", false),
            ("/v3/**", "/v2024/x", false),
            ("/v3/*", "/v3/x", true),
            ("/v3/*", "/v3/x/y", false),
            ("/v3/*", "/v3/**", false),
            ("/*/password-sync-groups", "/v3/password-sync-groups", true),
            ("**/password-sync-groups", "/v3/password-sync-groups", true),
            ("**/password-sync-groups", "/v3/password-sync-groups/a", false),
            ("/v3/x?", "/v3/xy", true),
            ("/v3/x?", "/v3/x*", false),
            ("/v3/x*", "/v3/x?", true),
            ("/v3/?*", "/v3/*", false),
            ("/v3/a*b", "/v3/ab", true),
            ("/v3/a*b", "/v3/acb", true),
            ("/v3/a*b", "/v3/ac", false),
            ("/v3/%78", "//v3/x/", true),
            ("/v3/*", "/v3/a%2Fb", true),
            ("/v3/a?b", "/v3/a%2Fb", true),
            ("/v3/*2Fb", "/v3/a%2Fb", false),
            ("/v3/%2A", "/v3/x", false),
        ] {
            let (wide_pieces, narrow_pieces) = (pieces(wide), pieces(narrow));
            let found = includes(&wide_pieces, &narrow_pieces, &Cell::new(10_000));
            assert_eq!(found, expected, "{wide} {narrow}");
            assert!(!includes(&pieces("**a"), &pieces("/v3/a"), &Cell::new(2)), "no steps are left");
        }
    }
}
