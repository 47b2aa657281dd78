//! How a client encrypts a password, with the public key that it was told.

use std::convert::Infallible;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng, TryCryptoRng, TryRng};
use rsa::pkcs8::DecodePublicKey;
use rsa::{Pkcs1v15Encrypt, PublicKey};

/// What encrypts like a client, the same each time.
struct Draws(Xoshiro256PlusPlus);

impl TryRng for Draws {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Draws {}

/// The password, encrypted and in Base64.
pub(crate) fn encrypt(public_key: &str, password: &str) -> String {
    let key = PublicKey::from_public_key_der(&BASE64_STANDARD.decode(public_key).unwrap()).unwrap();
    let mut draws = Draws(Xoshiro256PlusPlus::seed_from_u64(1));
    BASE64_STANDARD.encode(key.encrypt(&mut draws, Pkcs1v15Encrypt, password.as_bytes()).unwrap())
}
