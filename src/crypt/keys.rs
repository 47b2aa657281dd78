//! The key pairs with which clients encrypt passwords: RSA-2048, from the seed or the secret bits, made when a client
//! first asks for one. A server has two: the second comes into use when a scenario rotates the key.

use std::convert::Infallible;
use std::fmt;
use std::sync::OnceLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng, TryCryptoRng, TryRng};
use rsa::hazmat::rsa_decrypt;
use rsa::pkcs8::EncodePublicKey;
use rsa::{BoxedUint, PrivateKey};

/// How many pairs there are. One more rotation than that brings back the first pair, under a new id.
const PAIRS: usize = 2;

/// The size of a key, in bits, as in the vendor's example.
const BITS: u32 = 2_048;

/// The key pairs of a server.
pub(crate) struct KeyRing {
    seeds: [[u8; 32]; PAIRS],
    pairs: [OnceLock<KeyPair>; PAIRS],
}

/// A key pair.
pub(crate) struct KeyPair {
    private: PrivateKey,
    public: String,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing(…)")
    }
}

impl KeyRing {
    /// The pairs that follow from what `bytes` draws, by its number. Nothing is made yet.
    pub(crate) fn new(bytes: impl Fn(u64) -> [u8; 16]) -> Self {
        let seeds = [0, 1].map(|pair| {
            let mut seed = [0; 32];
            seed[..16].copy_from_slice(&bytes(2 * pair + 1));
            seed[16..].copy_from_slice(&bytes(2 * pair + 2));
            seed
        });
        Self { seeds, pairs: Default::default() }
    }

    /// The pair in use after this many rotations. Making one takes a moment.
    pub(crate) fn pair(&self, rotations: u64) -> &KeyPair {
        let place = place_of(rotations);
        self.pairs[place].get_or_init(|| KeyPair::from_seed(self.seeds[place]))
    }

    /// What a text is under each pair that clients may have used so far. Takes about two milliseconds a pair.
    pub(crate) fn decrypt(&self, encrypted: &[u8]) -> Decrypted {
        self.pair(0);
        let pairs = self.pairs.each_ref().map(OnceLock::get);
        Decrypted(pairs.map(|pair| pair?.decrypt(encrypted)))
    }
}

fn place_of(rotations: u64) -> usize {
    usize::try_from(rotations % PAIRS as u64).unwrap_or_default()
}

impl KeyPair {
    fn from_seed(seed: [u8; 32]) -> Self {
        let mut draws = Draws(Xoshiro256PlusPlus::from_seed(seed));
        let private = PrivateKey::new(&mut draws, BITS as usize).expect("a key of this size can be made");
        let der = private.to_public_key().to_public_key_der().expect("a public key can be written");
        Self { private, public: BASE64_STANDARD.encode(der.as_bytes()) }
    }

    /// The public key, as the service sends it: a DER `SubjectPublicKeyInfo` in Base64, without PEM lines.
    pub(crate) fn public(&self) -> &str {
        &self.public
    }

    /// The text in the clear; `None` when it was not encrypted with this pair's public key.
    fn decrypt(&self, encrypted: &[u8]) -> Option<Vec<u8>> {
        if encrypted.len() != BITS as usize / 8 {
            return None;
        }
        let number = BoxedUint::from_be_slice(encrypted, BITS).ok()?;
        let padded = rsa_decrypt(None::<&mut Draws>, &self.private, &number).ok()?;
        without_padding(&padded.to_be_bytes()).map(<[u8]>::to_vec)
    }
}

/// A text without its padding by RSAES-PKCS1-v1_5; `None` when it has none. The library's own decryption makes up a text
/// for a wrong padding, so that an attacker learns nothing; here a client's author is to learn that it was wrong.
fn without_padding(padded: &[u8]) -> Option<&[u8]> {
    let rest = padded.strip_prefix(&[0, 2])?;
    let end = rest.iter().position(|&byte| byte == 0)?;
    (end >= LEAST_PADDING).then(|| &rest[end + 1..])
}

/// The fewest bytes of padding, between its first two and the last.
const LEAST_PADDING: usize = 8;

/// What a text is in the clear, under each pair.
#[derive(Clone, Default)]
pub(crate) struct Decrypted([Option<Vec<u8>>; PAIRS]);

impl Decrypted {
    /// What it is under the pair in use after this many rotations.
    pub(crate) fn under(&self, rotations: u64) -> Option<&[u8]> {
        self.0[place_of(rotations)].as_deref()
    }
}

/// Draws from a seed, where a source of ambient randomness is expected. Whoever has the seed has the keys, and is meant
/// to: a run can be repeated. A seed that nobody gave comes with secret bits.
struct Draws(Xoshiro256PlusPlus);

impl TryRng for Draws {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Draws {}

#[cfg(test)]
mod tests {
    use rsa::Pkcs1v15Encrypt;

    use super::*;

    fn encrypted(pair: &KeyPair, text: &[u8]) -> Vec<u8> {
        let mut draws = Draws(Xoshiro256PlusPlus::from_seed([7; 32]));
        pair.private.to_public_key().encrypt(&mut draws, Pkcs1v15Encrypt, text).unwrap()
    }

    fn ring(seed: u64) -> KeyRing {
        KeyRing::new(|nth| (u128::from(seed) << 64 | u128::from(nth)).to_le_bytes())
    }

    #[test]
    fn a_text_is_read_under_the_pair_it_was_encrypted_with_and_no_other() {
        let ring = ring(7);
        let text = encrypted(ring.pair(0), "Grüße".as_bytes());
        assert_eq!(text.len(), 256);
        ring.pair(1);
        let decrypted = ring.decrypt(&text);
        assert_eq!(decrypted.under(0), Some("Grüße".as_bytes()));
        assert_eq!(decrypted.under(2), Some("Grüße".as_bytes()));
        assert_eq!(decrypted.under(1), None);
        assert_eq!(ring.decrypt(&encrypted(ring.pair(1), b"x")).under(3), Some(&b"x"[..]));
        for broken in [&b""[..], b"short", &[0; 256], &[255; 256], &text[1..]] {
            assert_eq!(ring.decrypt(broken).under(0), None);
        }
    }

    #[test]
    fn keys_follow_from_the_seed_and_look_like_the_vendors_example() {
        let public = |ring: &KeyRing| ring.pair(0).public().to_owned();
        let made = ring(7);
        assert_eq!(public(&made), public(&ring(7)));
        assert_ne!(public(&made), public(&ring(8)));
        assert_ne!(public(&made), made.pair(1).public());
        assert_eq!(BASE64_STANDARD.decode(public(&made)).unwrap().len(), 294);
        assert!(!format!("{made:?}").contains(&public(&made)[..20]));
    }
}
