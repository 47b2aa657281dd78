//! Clients and tokens: who a request comes from, and whether it may go on. Tokens are signed and carry their own
//! claims, as the service's are; what is kept here is a bounded memory of those seen lately, so that the usual
//! request costs one look-up. Token calls are in `issue.rs`.

mod claims;
mod ids;
mod issue;
mod jwt;
mod session;
mod token_notes;

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::BuildHasherDefault;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::chance::Chance;
use crate::clock::Timestamp;
use crate::contract::Access;
use crate::fixture::Client;
use crate::wire::Refusal;
use crate::wire::secrets::Secrets;
use claims::Claims;
use ids::TokenIds;
pub(crate) use issue::Issued;
pub(crate) use jwt::JwtError;
use jwt::Key;
pub(crate) use session::Session;
use session::{TailHasher, current_name};
use token_notes::TokenNotes;

/// How many sessions are remembered; other tokens are verified again.
const SESSIONS: usize = 4_096;
/// How many secrets of former clients are remembered.
const FORMER_SECRETS: usize = 4_096;
/// The name of the pod that every tenant is said to live in.
pub(crate) const POD: &str = "sim";

/// What a tenant knows of clients and tokens.
#[derive(Clone, Debug)]
pub(crate) struct Auth {
    issuer: Issuer,
    key: Key,
    /// Where token ids come from.
    ids: TokenIds,
    clients: Arc<Vec<Client>>,
    /// Secrets of clients that were replaced, which the journal and late requests still have; the oldest first.
    former_secrets: VecDeque<String>,
    /// All secrets, collected when they are first asked for.
    secrets: OnceLock<Arc<Secrets>>,
    issued: u64,
    sessions: HashMap<Box<[u8]>, Arc<Session>, BuildHasherDefault<TailHasher>>,
    /// Tokens that faults made expire.
    expired: TokenNotes<()>,
    /// Scopes that faults took from tokens.
    lost_scopes: TokenNotes<Vec<String>>,
}

/// What tokens and `GET /oauth/info` say of the organisation that issues them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issuer {
    /// The tenant's name.
    pub(crate) name: String,
    /// A UUID drawn from the tenant's seed.
    pub(crate) id: String,
}

/// Whose token a request carries.
#[derive(Clone, Debug)]
pub(crate) enum Identified {
    /// None.
    Nobody,
    /// One that is not this tenant's.
    Stranger(JwtError),
    /// One of this tenant's, expired or not.
    Known(Arc<Session>),
}

impl Identified {
    /// The session, where the token has one.
    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        match self {
            Self::Known(session) => Some(session),
            Self::Nobody | Self::Stranger(_) => None,
        }
    }
}

impl Auth {
    /// The tokens of the tenant `name`, signed with its own key, with ids drawn from `chance`.
    pub(crate) fn new(name: &str, chance: Chance, key: [u8; 16], clients: Arc<Vec<Client>>) -> Self {
        let issuer = Issuer { name: name.to_owned(), id: chance.uuid("tenant", 0).to_string() };
        Self {
            issuer,
            key: Key::new(key),
            ids: TokenIds::new(chance),
            clients,
            former_secrets: VecDeque::new(),
            secrets: OnceLock::new(),
            issued: 0,
            sessions: HashMap::default(),
            expired: TokenNotes::default(),
            lost_scopes: TokenNotes::default(),
        }
    }

    /// The clients.
    pub(crate) fn clients(&self) -> &Arc<Vec<Client>> {
        &self.clients
    }

    /// The name of the client with this id.
    pub(crate) fn client_name(&self, id: &str) -> Option<&str> {
        self.clients.iter().find(|client| client.client_id == id).map(|client| client.name.as_str())
    }

    /// Begins a new epoch with these clients. A token of a client that is still there stays as good, or as dead, as it
    /// was, although the tenant's clock jumps from `ended` to `begun`; none is issued twice.
    pub(crate) fn begin_epoch(&mut self, clients: Arc<Vec<Client>>, ended: Timestamp, begun: Timestamp) {
        let former = std::mem::replace(&mut self.clients, clients);
        self.remember_secrets(former.iter().map(|client| client.client_secret.clone()));
        self.issued = 0;
        self.ids.begin_epoch(ended, begun);
        let clients = &self.clients;
        self.sessions
            .retain(|_, session| clients.iter().any(|client| *client.client_id == *session.caller.id));
        for session in self.sessions.values_mut() {
            Arc::make_mut(session).expires = TokenIds::moved(session.expires, ended, begun);
        }
    }

    fn remember_secrets(&mut self, former: impl Iterator<Item = String>) {
        let present: HashSet<_> = self.clients.iter().map(|client| &*client.client_secret).collect();
        let mut known: HashSet<_> = self.former_secrets.iter().cloned().collect();
        let former = former.filter(|secret| !present.contains(&**secret) && known.insert(secret.clone()));
        self.former_secrets.extend(former);
        let surplus = self.former_secrets.len().saturating_sub(FORMER_SECRETS);
        self.former_secrets.drain(..surplus);
        self.secrets = OnceLock::new();
    }

    /// The clients' secrets, present and former, for leaving them out of what is shown.
    pub(crate) fn secrets(&self) -> Arc<Secrets> {
        let present = || self.clients.iter().map(|client| client.client_secret.clone());
        let all = || Arc::new(Secrets::new(present().chain(self.former_secrets.iter().cloned())));
        Arc::clone(self.secrets.get_or_init(all))
    }

    /// What tokens say of the organisation.
    pub(crate) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The tenant that a token says it is for; the signature is not checked.
    pub(crate) fn organisation_of(token: &str) -> Option<String> {
        if let Some(name) = jwt::early_claim(token, "org") {
            return Some(name);
        }
        let claims: Value = serde_json::from_slice(&jwt::claims(token)?).ok()?;
        Some(claims["org"].as_str()?.to_owned())
    }

    /// Whose token a request carries, expired or not.
    pub(crate) fn identify(&mut self, token: Option<&[u8]>, now: Timestamp) -> Identified {
        match token.map(|token| self.session(token, now)) {
            None => Identified::Nobody,
            Some(Ok(session)) => Identified::Known(session),
            Some(Err(error)) => Identified::Stranger(error),
        }
    }

    /// The session of a request that may go on, or the 401.
    pub(crate) fn admit<'a>(
        &self,
        identified: &'a Identified,
        now: Timestamp,
    ) -> Result<&'a Session, Refusal> {
        let unauthorized = |text: &str| Err(Refusal::Unauthorized(text.to_owned()));
        // Invented: the texts for strangers; only those for no token and for an expired one are known.
        match identified {
            Identified::Nobody => unauthorized("JWT is required"),
            Identified::Stranger(JwtError::Malformed) => {
                unauthorized("JWT validation failed: JWT is malformed")
            }
            Identified::Stranger(JwtError::Signature) => {
                unauthorized("JWT validation failed: JWT was not issued by this tenant")
            }
            Identified::Known(session) => {
                let is_expired = self.expired.of(&session.jti).is_some();
                if is_expired || now >= session.expires { Err(Refusal::expired_token()) } else { Ok(session) }
            }
        }
    }

    /// Refuses (403) a session without one of the scopes, the user level, or the user that an operation asks
    /// for, considering what faults took from it.
    pub(crate) fn permit(&self, session: &Session, access: &Access) -> Result<(), Refusal> {
        let lost = self.lost_scopes.of(&session.jti).map_or(&[][..], Vec::as_slice);
        session.may(access, lost)
    }

    /// Notes that a token was issued. Its session is remembered exactly: a token of one second lives for one
    /// second, even if the clock is at a fraction of a second.
    pub(crate) fn note_issued(&mut self, issued: Issued, now: Timestamp) {
        self.issued += 1;
        self.remember(issued.access_token.as_bytes(), issued.session, now);
    }

    /// Makes a token expire, for good.
    pub(crate) fn expire(&mut self, jti: &str) {
        self.expired.of_mut(jti);
    }

    /// Makes a token lose a scope, for good.
    pub(crate) fn lose_scope(&mut self, jti: &str, scope: &str) {
        let (lost, scope) = (self.lost_scopes.of_mut(jti), current_name(scope));
        if !lost.iter().any(|known| known == scope) {
            lost.push(scope.to_owned());
        }
    }

    fn session(&mut self, token: &[u8], now: Timestamp) -> Result<Arc<Session>, JwtError> {
        if let Some(session) = self.sessions.get(token) {
            return Ok(Arc::clone(session));
        }
        let session = self.read(str::from_utf8(token).map_err(|_| JwtError::Malformed)?)?;
        Ok(self.remember(token, session, now))
    }

    fn read(&self, token: &str) -> Result<Session, JwtError> {
        let claims: Claims<'_> = self.key.verify(token)?;
        if claims.ati.is_some() {
            return Err(JwtError::Malformed);
        }
        // Its client may have gone when the state was replaced.
        let client_name = self.client_name(&claims.client_id).ok_or(JwtError::Signature)?;
        let expires = self.ids.expiry(&claims);
        Ok(Session::of(&claims, client_name, expires))
    }

    fn remember(&mut self, token: &[u8], session: Session, now: Timestamp) -> Arc<Session> {
        if self.sessions.len() >= SESSIONS {
            self.sessions.retain(|_, session| now < session.expires);
        }
        if self.sessions.len() >= SESSIONS {
            self.sessions.clear();
        }
        let session = Arc::new(session);
        self.sessions.insert(token.into(), Arc::clone(&session));
        session
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_that_is_lost_twice_is_remembered_once() {
        let mut auth = Auth::new("default", Chance::new(1, "default"), [0; 16], Arc::default());
        let id = "00000000-0000-4000-8000-000000000001";
        for scope in ["a:b", "a:b", "c:d"] {
            auth.lose_scope(id, scope);
        }
        assert_eq!(auth.lost_scopes.of(id).unwrap(), &["a:b", "c:d"]);
        assert!(auth.expired.of(id).is_none());
    }
}
