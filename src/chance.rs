//! The one source of chance. Every draw is keyed by (seed, tenant, label, nth) and never taken from a shared
//! stream, so adding a rule or a tenant, or running clients at once, changes no other draw. The generator
//! is Xoshiro256++, by name, because its output is the same on every machine and in every release.

use hmac::{Hmac, KeyInit, Mac};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use sha2::Sha256;

/// A tenant's draws: everything random about it follows from the seed and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    key: u64,
}

impl Chance {
    /// The draws of `tenant` under `seed`.
    pub fn new(seed: u64, tenant: &str) -> Self {
        Self { key: mix(seed ^ hash(tenant)) }
    }

    /// The draws of one epoch of the tenant, for what must not come again after a reset.
    #[must_use]
    pub fn in_epoch(self, epoch: u64) -> Self {
        Self { key: mix(self.key ^ mix(epoch)) }
    }

    /// Bits that hide a number beside these bytes from those who do not know the key.
    pub fn mask(self, bytes: &[u8; 12]) -> u32 {
        let [first, second, third] = [0, 4, 8].map(|at| {
            let four = bytes[at..at + 4].try_into().expect("four bytes");
            u64::from(u32::from_le_bytes(four))
        });
        let mixed = mix(mix(self.key ^ first) ^ (second << 32 | third));
        (mixed >> 32) as u32
    }

    /// The generator of the `nth` draw under `label`; the same arguments always give the same generator.
    pub fn stream(self, label: &str, nth: u64) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(mix(self.key ^ mix(hash(label))).wrapping_add(mix(nth)))
    }

    /// A number in `[0, 1)` with 53 random bits.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    pub fn unit(self, label: &str, nth: u64) -> f64 {
        (self.stream(label, nth).next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Sixteen random bytes.
    pub fn bytes(self, label: &str, nth: u64) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.stream(label, nth).fill_bytes(&mut bytes);
        bytes
    }

    /// A random (version 4) UUID, dashed.
    pub fn uuid(self, label: &str, nth: u64) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(self.bytes(label, nth)).into_uuid()
    }

    /// Thirty-two lower-case hexadecimal digits, the shape of the service's tracking and request ids.
    pub fn hex(self, label: &str, nth: u64) -> String {
        format!("{:032x}", u128::from_be_bytes(self.bytes(label, nth)))
    }
}

/// Where the secrets of all tenants come from: client ids and secrets, token keys, generated tenant names.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum SecretSource {
    /// The seed, so that a run can be repeated to the letter. Who learns the seed can forge tokens.
    #[default]
    Seed,
    /// These bits, which are shown nowhere.
    Bits([u8; 16]),
}

impl std::fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Seed => "Seed",
            Self::Bits(_) => "Bits(…)",
        })
    }
}

impl SecretSource {
    /// Sixteen secret bytes: the `nth` under `label`, of `tenant` under `seed`.
    pub fn bytes(self, seed: u64, tenant: &str, label: &str, nth: u64) -> [u8; 16] {
        match self {
            Self::Seed => Chance::new(seed, tenant).bytes(label, nth),
            Self::Bits(key) => {
                let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
                for part in [tenant.as_bytes(), b"\0", label.as_bytes(), b"\0", &nth.to_le_bytes()] {
                    mac.update(part);
                }
                *mac.finalize().into_bytes().first_chunk().expect("a SHA-256 has 32 bytes")
            }
        }
    }

    /// The same as thirty-two lower-case hexadecimal digits.
    pub fn hex(self, seed: u64, tenant: &str, label: &str, nth: u64) -> String {
        format!("{:032x}", u128::from_be_bytes(self.bytes(seed, tenant, label, nth)))
    }
}

/// FNV-1a, 64 bits: stable across machines and releases, which the standard hasher is not.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The finaliser of SplitMix64: spreads keys that differ in one bit over all 64.
const fn mix(key: u64) -> u64 {
    let key = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_seed_tenant_label_and_number_alone() {
        let chance = Chance::new(7, "default");
        assert_eq!(chance.unit("rule", 3).to_bits(), Chance::new(7, "default").unit("rule", 3).to_bits());
        for other in [
            Chance::new(8, "default").unit("rule", 3),
            Chance::new(7, "other").unit("rule", 3),
            chance.unit("rules", 3),
            chance.unit("rule", 4),
        ] {
            assert_ne!(other.to_bits(), chance.unit("rule", 3).to_bits());
        }
    }

    #[test]
    fn an_epoch_has_draws_of_its_own() {
        let chance = Chance::new(7, "default");
        let of = |epoch| chance.in_epoch(epoch).hex("access-token", 1);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn secrets_follow_from_hidden_bits_where_there_are_some_and_not_from_the_seed() {
        let of = |source: SecretSource, seed, tenant| source.hex(seed, tenant, "client-secret", 1);
        let (one, other) = (SecretSource::Bits([1; 16]), SecretSource::Bits([2; 16]));
        assert_eq!(of(SecretSource::Seed, 7, "a"), Chance::new(7, "a").hex("client-secret", 1));
        assert_eq!(of(one, 7, "a"), of(one, 8, "a"));
        for (first, second) in [(of(one, 7, "a"), of(other, 7, "a")), (of(one, 7, "a"), of(one, 7, "b"))] {
            assert_ne!(first, second);
        }
        assert!(!format!("{one:?}").contains('1'));
    }

    #[test]
    fn draws_are_the_same_in_every_release() {
        // Golden values: a change here changes the faults that every recorded seed replays.
        let chance = Chance::new(1, "default");
        assert_eq!(chance.hex("request", 1), GOLDEN_HEX);
        assert_eq!(chance.uuid("group", 1).to_string(), GOLDEN_UUID);
    }

    const GOLDEN_HEX: &str = "0eed4ef95e7ec510097aee74099e7f90";
    const GOLDEN_UUID: &str = "aa0093bf-eab1-4929-add3-9c63354fe3e5";

    #[test]
    fn numbers_are_spread_over_the_unit_interval() {
        let chance = Chance::new(42, "default");
        let draws: Vec<f64> = (0..10_000).map(|nth| chance.unit("spread", nth)).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        let mean = draws.iter().sum::<f64>() / 10_000.0;
        // Standard error of the mean of 10,000 uniform draws: 0.0029; five of them.
        assert!((mean - 0.5).abs() < 0.0145, "{mean}");
    }
}
