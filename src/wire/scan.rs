//! Looks for bytes in what comes with every request: sixteen at a time, which the compiler makes a few instructions of,
//! and one by one only where there is one, or fewer bytes than that in all.

/// Bytes that are looked at together.
const TOGETHER: usize = 16;

/// Where the first byte is for which `is_it`. That should be made of comparisons and `|` alone: of `||` the compiler makes
/// jumps or shifts, which it cannot do sixteen at a time.
#[inline]
pub(crate) fn position(bytes: &[u8], is_it: impl Fn(u8) -> bool) -> Option<usize> {
    let has_none = |piece: &&[u8; TOGETHER]| !piece.iter().fold(false, |found, byte| found | is_it(*byte));
    let (pieces, rest) = bytes.as_chunks::<TOGETHER>();
    let passed = TOGETHER * pieces.iter().take_while(has_none).count();
    // What is left over is looked at together with bytes that were passed already.
    if passed + rest.len() == bytes.len() && bytes.last_chunk().is_some_and(|last| has_none(&last)) {
        return None;
    }
    bytes[passed..].iter().position(|byte| is_it(*byte)).map(|place| passed + place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_found_wherever_it_is() {
        for len in 0..50 {
            let bytes = vec![b'a'; len];
            assert_eq!(position(&bytes, |byte| byte == b'/'), None);
            for place in 0..len {
                let mut bytes = bytes.clone();
                bytes[place..].fill(b'/');
                assert_eq!(position(&bytes, |byte| byte == b'/'), Some(place));
            }
        }
    }
}
