//! Ids of tokens, and when tokens expire. A reset begins a new epoch and may move the clock, but a token goes on ageing as
//! though nothing had happened: its id says, to those who know the tenant's draws, in which epoch it was issued, and what
//! the clock has jumped since then is kept here.

use uuid::Uuid;

use super::claims::Claims;
use crate::chance::Chance;
use crate::clock::Timestamp;

/// Jumps of the clock that are kept apart. Tokens from before the oldest age by that one.
const JUMPS: usize = 256;

/// Draws the ids of tokens, and reads in which epoch one was issued.
#[derive(Clone, Debug)]
pub(super) struct TokenIds {
    chance: Chance,
    /// The same in this epoch.
    drawn: Chance,
    epoch: u32,
    jumps: Vec<Jump>,
}

/// Tokens issued up to an epoch expire by a clock that is this much ahead of the tenant's.
#[derive(Clone, Copy, Debug)]
struct Jump {
    last_epoch: u32,
    ahead_millis: i64,
}

impl TokenIds {
    pub(super) fn new(chance: Chance) -> Self {
        Self { chance, drawn: chance.in_epoch(1), epoch: 1, jumps: Vec::new() }
    }

    /// Begins the next epoch, in which the clock shows `begun` where it showed `ended`.
    pub(super) fn begin_epoch(&mut self, ended: Timestamp, begun: Timestamp) {
        let ahead_millis = ended.as_millis().saturating_sub(begun.as_millis());
        if ahead_millis != 0 {
            for jump in &mut self.jumps {
                jump.ahead_millis = jump.ahead_millis.saturating_add(ahead_millis);
            }
            if self.jumps.len() >= JUMPS {
                self.jumps.remove(0);
            }
            self.jumps.push(Jump { last_epoch: self.epoch, ahead_millis });
        }
        self.epoch = self.epoch.wrapping_add(1);
        self.drawn = self.chance.in_epoch(self.epoch.into());
    }

    /// The id of the `nth` token of a kind in this epoch.
    pub(super) fn id(&self, kind: &str, nth: u64) -> String {
        let mut bytes = self.drawn.uuid(kind, nth).into_bytes();
        let (drawn, epoch) = bytes.split_first_chunk_mut::<12>().expect("an id has sixteen bytes");
        epoch.copy_from_slice(&(self.epoch ^ self.chance.mask(drawn)).to_le_bytes());
        Uuid::from_bytes(bytes).to_string()
    }

    /// When a token expires, in the tenant's time: to the second, rounded down.
    pub(super) fn expiry(&self, claims: &Claims<'_>) -> Timestamp {
        let said = claims.exp.saturating_mul(1_000);
        if self.jumps.is_empty() {
            return Timestamp::from_millis(said);
        }
        let epoch = self.epoch_of(&claims.jti).unwrap_or(self.epoch);
        let jump = self.jumps.iter().find(|jump| epoch <= jump.last_epoch);
        Timestamp::from_millis(said.saturating_sub(jump.map_or(0, |jump| jump.ahead_millis)))
    }

    /// What was to expire at a time of the last epoch, in the time of this one.
    pub(super) fn moved(expires: Timestamp, ended: Timestamp, begun: Timestamp) -> Timestamp {
        let jumped = ended.as_millis().saturating_sub(begun.as_millis());
        Timestamp::from_millis(expires.as_millis().saturating_sub(jumped))
    }

    fn epoch_of(&self, id: &str) -> Option<u32> {
        let bytes = Uuid::parse_str(id).ok()?.into_bytes();
        let (drawn, epoch) = bytes.split_first_chunk::<12>()?;
        Some(u32::from_le_bytes(epoch.try_into().ok()?) ^ self.chance.mask(drawn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_epoch_and_comes_but_once() {
        let at = Timestamp::from_millis(0);
        let mut ids = TokenIds::new(Chance::new(7, "default"));
        let mut seen = Vec::new();
        for epoch in 1..=50 {
            for nth in 1..=20 {
                let id = ids.id("access-token", nth);
                assert_eq!(ids.epoch_of(&id), Some(epoch), "{id}");
                seen.push(id);
            }
            ids.begin_epoch(at, at);
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 1_000);
    }
}
