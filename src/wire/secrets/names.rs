//! Which names stand for secrets: of parameters, members of bodies, header fields. How a name is spelt does not matter:
//! `client_secret`, `clientSecret`, `Client-Secret` and `user[client_secret]` are one.

/// How the names of secrets end, in lower case and without signs; so `newPassword` is one, too.
const ENDINGS: [&str; 19] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "assertion",
    "authorization",
    "authentication",
    "credential",
    "cookie",
    "passcode",
    "apikey",
    "accesskey",
    "privatekey",
    "secretkey",
    "subscriptionkey",
    "verifier",
    "jwt",
];

/// Names of secrets that are too short for an ending: only as the last word of a name.
const WHOLE: [&str; 3] = ["otp", "pin", "totp"];

/// Whether what has this (decoded) name is a secret.
pub fn is_secret(name: &str) -> bool {
    let mut words = name.rsplit(|c: char| !c.is_ascii_alphanumeric());
    let last_word = words.find(|word| !word.is_empty()).unwrap_or_default();
    let name = plain(name);
    let singular = name.strip_suffix('s').unwrap_or(&name);
    WHOLE.iter().any(|whole| whole.eq_ignore_ascii_case(last_word))
        || ENDINGS.iter().any(|ending| name.ends_with(ending) || singular.ends_with(ending))
}

/// The same in a request, where a `code` is one that buys a token. Elsewhere it is a number of an error.
pub fn is_secret_in_request(name: &str) -> bool {
    is_secret(name) || plain(name) == "code"
}

/// A name as its letters and digits in lower case, without a place in a list behind it.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let mut plain: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    plain.truncate(plain.trim_end_matches(|digit: char| digit.is_ascii_digit()).len());
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_name_however_it_is_spelt() {
        for name in [
            "client_secret",
            "clientSecret",
            "CLIENT-SECRET",
            "client_secret[0]",
            "user[password]",
            "newPassword",
            "refresh_token",
            "id_token",
            "client_assertion",
            "x-api-key",
            "aws_secret_access_key",
            "Ocp-Apim-Subscription-Key",
            "passCode",
            "OTP",
            "pin",
            "X-GitHub-OTP",
            "user[pin]",
            "Authentication",
            "Set-Cookie",
            "Proxy-Authorization",
            "credentials",
        ] {
            assert!(is_secret(name) && is_secret_in_request(name), "{name}");
        }
        for name in [
            "",
            "name",
            "spin",
            "passwordPolicyId",
            "token_type",
            "client_assertion_type",
            "grant_type",
            "client_id",
        ] {
            assert!(!is_secret(name) && !is_secret_in_request(name), "{name}");
        }
        assert!(is_secret_in_request("code") && !is_secret("code") && !is_secret_in_request("detailCode"));
    }
}
