//! `secret-in-url`: a secret stands in a URL, and so in logs.

use std::collections::BTreeMap;

use crate::verdict::{Call, Case, Group, Needs, Outcome, Severity, Verdict};

pub(super) static VERDICT: Verdict = Verdict {
    id: "secret-in-url",
    severity: Severity::Warning,
    group: Group::Token,
    needs: Needs::Journal,
    scenarios: &[],
    explains: &[],
    checks: "No client secret, token, code or password stands in the query of a URL.",
    why: "URLs are written to the logs of every proxy on the way. The vendor allows it, and an SDK of the vendor's may do \
          it; RFC 6749 does not allow it.",
    advice: "Send credentials in the body of the token call, or in its Authorization header, and tokens in the header.",
    source: "RFC 6749 2.3.1; RFC 6750 5.3",
    judge,
};

fn judge(case: &Case<'_>) -> Outcome {
    if case.run.calls.is_empty() {
        return Outcome::not_applicable("no call was made");
    }
    let mut calls: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for call in &case.run.calls {
        if let Some(secret) = &call.secret_in_url {
            calls.entry(secret).or_default().push(call);
        }
    }
    let findings = calls.into_iter().map(|(secret, calls)| {
        let message = format!("`{secret}` is in the URL of call {} and so in every log.", calls[0].number);
        VERDICT.finding(message, calls.iter().copied().take(10)).measured("calls", calls.len())
    });
    Outcome::of(findings.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{LIST, alone, found, is_not_applicable, is_ok, tenant};

    #[test]
    fn a_secret_in_a_url_is_found() {
        let run = tenant()
            .token("T")
            .but(|call| call.secret_in_url = Some("client_secret".to_owned()))
            .get(LIST)
            .done();
        assert_eq!(
            found(&alone(&VERDICT, &run)).message,
            "`client_secret` is in the URL of call 1 and so in every log."
        );
    }

    #[test]
    fn urls_without_secrets_are_fine() {
        is_ok(&alone(&VERDICT, &tenant().token("T").get(LIST).done()));
        is_not_applicable(&alone(&VERDICT, &tenant().done()));
    }
}
