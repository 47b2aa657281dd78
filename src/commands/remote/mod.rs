//! A running server as the commands see it that ask one: `health`, `env`, `journal`. Which one is found in `find.rs`,
//! whom it must be vouched for by in `trust.rs`, how it is asked in `http.rs`.

mod base_url;
mod find;
mod http;
mod trust;

use std::time::Duration;

use hyper::StatusCode;
use hyper::body::Incoming;
use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Failure;
use crate::server_args::ServerAddressArgs;
pub(super) use base_url::BaseUrl;
use http::GetRequest;
use sync_group_sim::clock::format_duration;
use trust::Trust;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a server is asked that does not answer yet.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// The longest answer that is read as a whole, in bytes.
const LONGEST: usize = 256 << 20;

/// A server, and how it is asked.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    pub(super) url: BaseUrl,
    /// Whom to trust, where it has TLS.
    trust: Option<Trust>,
    /// The token for the control API.
    token: Option<String>,
}

/// Why a server did not say what it was asked.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The question cannot be asked.
    Usage(String),
    /// Nobody answered, or nothing that could be read.
    NoAnswer(String),
    /// It has no control API (`--control off`).
    ControlOff(String),
    /// It does not know the tenant.
    NoTenant(String),
    /// It refused.
    Refused(String),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Usage(message) => Self::Usage(message),
            Trouble::NoAnswer(message)
            | Trouble::ControlOff(message)
            | Trouble::NoTenant(message)
            | Trouble::Refused(message) => Self::Failed(message),
        }
    }
}

/// Asks a server once, or again and again for as long as `--wait` says.
pub(super) fn ask<T>(
    args: &ServerAddressArgs,
    question: &impl AsyncFn(&Remote) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    on_runtime(async {
        let once = async || question(&find::find(args, &find::variable)?).await;
        match args.wait.map(|wait| wait.0) {
            None => once().await,
            Some(wait) => again_and_again(wait, once).await,
        }
    })
}

/// The base URL of the server that a command is about, which need not answer.
pub(super) fn base_url(args: &ServerAddressArgs) -> Result<BaseUrl, Trouble> {
    find::base_url(args, &find::variable)
}

/// Runs a conversation to its end. A look-up of a name that hangs is not waited for.
pub(super) fn on_runtime<T>(conversation: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|_| Trouble::NoAnswer("threads cannot be started".to_owned()))?;
    let outcome = runtime.block_on(conversation);
    runtime.shutdown_background();
    outcome
}

async fn again_and_again<T>(
    wait: Duration,
    once: impl AsyncFn() -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let mut last = None;
    let answered = timeout(wait, async {
        let mut pace = interval(ASK_EVERY);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pace.tick().await;
            match once().await {
                // What is wrong with the question stays so; that it has no control API, too.
                Err(trouble @ (Trouble::Usage(_) | Trouble::ControlOff(_))) => return Err(trouble),
                Err(trouble) => last = Some(trouble),
                Ok(answer) => return Ok(answer),
            }
        }
    });
    match answered.await {
        Ok(answer) => answer,
        Err(_) => Err(last.map_or_else(|| no_answer_within(wait), |trouble| trouble.after(wait))),
    }
}

fn no_answer_within(wait: Duration) -> Trouble {
    Trouble::NoAnswer(format!("no answer within {} (--wait)", format_duration(wait)))
}

impl Trouble {
    /// The same, when it lasted.
    fn after(self, wait: Duration) -> Self {
        let waited = |message| format!("{message}; still so after {} (--wait)", format_duration(wait));
        match self {
            Self::NoAnswer(message) => Self::NoAnswer(waited(message)),
            Self::Refused(message) => Self::Refused(waited(message)),
            Self::NoTenant(message) => Self::NoTenant(waited(message)),
            other @ (Self::Usage(_) | Self::ControlOff(_)) => other,
        }
    }
}

impl Remote {
    /// The JSON that a control call is answered with.
    pub(super) async fn json(&self, call: &str) -> Result<Value, Trouble> {
        let text = self.text(call).await?;
        serde_json::from_str(&text).map_err(|_| {
            let message = format!("{}: the answer is not from this program's control API", self.url);
            Trouble::Refused(message)
        })
    }

    /// The text that a control call is answered with.
    pub(super) async fn text(&self, call: &str) -> Result<String, Trouble> {
        let answer = timeout(PATIENCE, async {
            let mut body = self.open(call, "application/json", None).await?;
            self.whole(&mut body).await
        });
        let text = answer.await.unwrap_or_else(|_| {
            let patience = format_duration(PATIENCE);
            Err(Trouble::NoAnswer(format!("{}: no answer: none within {patience}", self.url)))
        })?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// The body that a control call is answered with, to be read piece by piece.
    pub(super) async fn open(
        &self,
        call: &str,
        accept: &'static str,
        last_event: Option<&str>,
    ) -> Result<Incoming, Trouble> {
        let path = format!("/_sim/{call}");
        let response = http::send(self, &GetRequest { path: &path, accept, last_event }).await?;
        let status = response.status();
        let mut body = response.into_body();
        if status == StatusCode::OK {
            return Ok(body);
        }
        let said = self.whole(&mut body).await.unwrap_or_default();
        Err(self.refused(status, &said))
    }

    /// The next piece of a body; `None` at its end.
    pub(super) async fn next_piece(
        &self,
        body: &mut Incoming,
    ) -> Result<Option<hyper::body::Bytes>, Trouble> {
        http::next_piece(self, body).await
    }

    async fn whole(&self, body: &mut Incoming) -> Result<Vec<u8>, Trouble> {
        let mut whole = Vec::new();
        while let Some(piece) = self.next_piece(body).await? {
            whole.extend_from_slice(&piece);
            if whole.len() > LONGEST {
                return Err(Trouble::Refused(format!(
                    "{}: the answer is longer than {} MiB",
                    self.url,
                    LONGEST >> 20
                )));
            }
        }
        Ok(whole)
    }

    /// What an answer other than success means.
    fn refused(&self, status: StatusCode, said: &[u8]) -> Trouble {
        let said: Value = serde_json::from_slice(said).unwrap_or_default();
        let Some(error) = said["error"].as_str() else {
            let message = format!(
                "{}: answered {}, which is not this program's control API",
                self.url,
                status.as_u16()
            );
            return Trouble::Refused(message);
        };
        let message = format!("{}: answered {}: {error}", self.url, status.as_u16());
        match status {
            StatusCode::NOT_FOUND if error.starts_with("the control API is off") => {
                Trouble::ControlOff(message)
            }
            StatusCode::NOT_FOUND if error.starts_with("tenant `") => Trouble::NoTenant(message),
            StatusCode::UNAUTHORIZED if error.starts_with("no valid control token") => {
                Trouble::Refused(format!("{message}; here it is `--control-token TOKEN`"))
            }
            StatusCode::UNAUTHORIZED => Trouble::Refused(format!(
                "{message}; that is not an answer of a control API; expected the base URL of a server or of a tenant"
            )),
            _ => Trouble::Refused(message),
        }
    }
}
