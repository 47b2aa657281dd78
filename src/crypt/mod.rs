//! How passwords are kept from view: the key pairs with which clients encrypt them, and the digests in which accounts
//! have them. A password itself is in neither.

mod digest;
mod keys;

pub(crate) use digest::PasswordDigest;
pub(crate) use keys::{Decrypted, KeyRing};
