//! Signed three-part tokens (RFC 7519, HS256) over a tenant's own key: writing them and reading them back.
//! What the claims mean is in `claims.rs`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::de::DeserializeOwned;
use sha2::Sha256;

/// `{"alg":"HS256","typ":"JWT"}`.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// Why a token cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JwtError {
    /// Not three parts of base64url around JSON.
    Malformed,
    /// Signed with another key, or changed since.
    Signature,
}

/// A tenant's own key, ready to sign and to verify.
#[derive(Clone)]
pub(super) struct Key(Hmac<Sha256>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    pub(super) fn new(secret: [u8; 16]) -> Self {
        Self(Hmac::new_from_slice(&secret).expect("HMAC takes keys of any length"))
    }

    /// Signs claims, which are JSON.
    pub(super) fn sign(&self, claims: &[u8]) -> String {
        let mut token = String::with_capacity(HEADER.len() + claims.len() * 4 / 3 + 64);
        token.push_str(HEADER);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.mac(&token).finalize().into_bytes();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }

    /// Reads the claims of a token that was signed with this key.
    pub(super) fn verify<T: DeserializeOwned>(&self, token: &str) -> Result<T, JwtError> {
        let (message, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let claims = claims(token).ok_or(JwtError::Malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| JwtError::Malformed)?;
        self.mac(message).verify_slice(&signature).map_err(|_| JwtError::Signature)?;
        serde_json::from_slice(&claims).map_err(|_| JwtError::Malformed)
    }

    fn mac(&self, message: &str) -> Hmac<Sha256> {
        self.0.clone().chain_update(message)
    }
}

/// The claims of a token; the signature is not checked.
pub(super) fn claims(token: &str) -> Option<Vec<u8>> {
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    URL_SAFE_NO_PAD.decode(claims).ok()
}

/// A text claim that stands near the beginning of a token, as those of our own tokens do, read without
/// reading the rest. `None` means nothing: the claim may be elsewhere or be written another way.
pub(super) fn early_claim(token: &str, name: &str) -> Option<String> {
    let (_, rest) = token.split_once('.')?;
    let early = URL_SAFE_NO_PAD.decode(rest.get(..EARLY)?).ok()?;
    let text = str::from_utf8(&early).ok()?;
    let (_, value) = text.split_once(&format!("\"{name}\":\""))?;
    let (value, _) = value.split_once('"')?;
    (!value.contains('\\')).then(|| value.to_owned())
}

/// Base64 characters that are looked at: a multiple of four, and enough for a tenant's id and name.
const EARLY: usize = 240;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn key(secret: u8) -> Key {
        Key::new([secret; 16])
    }

    #[test]
    fn what_was_signed_is_read_back() {
        let token = key(7).sign(br#"{"jti":"1"}"#);
        assert_eq!(key(7).verify::<Value>(&token), Ok(json!({ "jti": "1" })));
    }

    #[test]
    fn a_token_of_another_key_or_none_is_refused() {
        let token = key(7).sign(br#"{"jti":"1"}"#);
        let other = key(8).sign(br#"{"jti":"1"}"#);
        let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
        for (token, error) in [
            (other.as_str(), JwtError::Signature),
            (unsigned.as_str(), JwtError::Signature),
            ("a.b", JwtError::Malformed),
            ("", JwtError::Malformed),
            ("a.%.c", JwtError::Malformed),
            ("....", JwtError::Malformed),
        ] {
            assert_eq!(key(7).verify::<Value>(token), Err(error), "{token}");
        }
    }
}
