//! What a filtered list costs beside a loop over a `Vec` of structs that filters and writes the same page, measured in
//! turns in one run: `cargo bench --bench filters`. On our side everything of a request is counted but the socket: the
//! token, the contract, the journal. On the other side nothing but the loop, whose records are rendered beforehand. Its
//! pages are kept for as long as the journal keeps ours: otherwise it would write each over the one before, in memory that
//! is still in the processor's cache, and that alone would make it faster by half.
//!
//! *again* asks for the same page over and over, as clients that poll do; *anew* for one after the other of more pages
//! than are remembered. Exit code 1 when a page costs more than 1.5 times what its loop does, again or anew: the median
//! of the turns' ratios.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use hyper::Method;
use hyper::header::HOST;
use serde_json::Value;
use sync_group_sim::fixture::Fixture;
use sync_group_sim::journal::DEFAULT_BYTES;
use sync_group_sim::simulator::{Config, Simulator};
use sync_group_sim::wire::Request;

/// How much more a list may cost than its loop.
const MOST: f64 = 1.5;
/// How often both sides take turns; the median of the turns' ratios counts.
const TURNS: usize = 81;
/// Turns before those, in which what is kept fills up.
const WARM_UP: usize = 10;
/// How long a turn takes at least.
const TURN: Duration = Duration::from_millis(10);
/// Records on a page.
const LIMIT: usize = 250;
/// Different pages, each shorter by one record than the one before; more than a table remembers.
const VARIANTS: usize = 6;

/// A list and the loop beside it.
struct Comparison {
    name: &'static str,
    /// Where the records are.
    path: &'static str,
    filters: &'static str,
    offset: usize,
    is_wanted: fn(&Row) -> bool,
}

const COMPARISONS: [Comparison; 5] = [
    Comparison {
        name: "2,000 sources by feature",
        path: "/v2026/sources",
        filters: r#"features ca ("PASSWORD")"#,
        offset: 0,
        is_wanted: |row| row.features.iter().any(|feature| feature.eq_ignore_ascii_case("PASSWORD")),
    },
    Comparison {
        name: "2,000 sources by a part of the name",
        path: "/v2026/sources",
        filters: r#"name co "77" or name sw "Source 1""#,
        offset: 0,
        is_wanted: |row| {
            let name = row.name.to_lowercase();
            name.contains("77") || name.starts_with("source 1")
        },
    },
    Comparison {
        name: "20,000 accounts by source",
        path: "/v2026/accounts",
        filters: r#"sourceId eq "2c918086000000000000000000000190""#,
        offset: 0,
        is_wanted: |row| row.source_id.eq_ignore_ascii_case("2c918086000000000000000000000190"),
    },
    Comparison {
        name: "20,000 accounts by name, page 10",
        path: "/v2026/accounts",
        filters: r#"name sw "PERSON.4""#,
        offset: 9 * LIMIT,
        is_wanted: |row| row.name.to_lowercase().starts_with("person.4"),
    },
    Comparison {
        name: "20,000 accounts by two conditions",
        path: "/v2026/accounts",
        filters: r#"uncorrelated eq false and not nativeIdentity sw "uid=person.1""#,
        offset: 0,
        is_wanted: |row| !row.uncorrelated && !row.native_identity.to_lowercase().starts_with("uid=person.1"),
    },
];

/// A record, as somebody would keep it who writes such a loop.
#[derive(Debug)]
struct Row {
    name: String,
    features: Vec<String>,
    source_id: String,
    native_identity: String,
    uncorrelated: bool,
    /// As it is sent.
    text: String,
}

impl Row {
    fn of(record: &Value) -> Self {
        let text = |field: &str| record[field].as_str().unwrap_or_default().to_owned();
        let features = record["features"].as_array().into_iter().flatten();
        Self {
            name: text("name"),
            features: features.filter_map(Value::as_str).map(str::to_owned).collect(),
            source_id: text("sourceId"),
            native_identity: text("nativeIdentity"),
            uncorrelated: record["uncorrelated"].as_bool().unwrap_or_default(),
            text: record.to_string(),
        }
    }
}

/// The loop's pages, as many bytes of them as a journal keeps.
#[derive(Debug, Default)]
struct Kept {
    pages: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Kept {
    fn keep(&mut self, page: Vec<u8>) -> usize {
        let len = page.len();
        self.bytes += len;
        self.pages.push_back(page);
        while self.bytes > DEFAULT_BYTES {
            self.bytes -= self.pages.pop_front().map_or(0, |page| page.len());
        }
        len
    }
}

struct Served {
    simulator: Simulator,
    token: String,
}

impl Served {
    fn new() -> Self {
        let fixture = Fixture::built_in("large").expect("it is built in");
        let simulator =
            Simulator::new(Config { fixture, ..Config::default() }).expect("the contract compiles");
        let admin = &simulator.clients()[0];
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            admin.client_id, admin.client_secret
        );
        let call = Request::new(Method::POST, "/oauth/token").expect("it is a target");
        let call = call.header(HOST, "localhost").body("application/x-www-form-urlencoded", form);
        let token = simulator.answer(&call).reply.value()["access_token"].as_str().map(str::to_owned);
        Self { simulator, token: token.expect("a token is told") }
    }

    fn request(&self, target: &str) -> Request {
        let request = Request::new(Method::GET, target).expect("it is a target");
        request.header(HOST, "localhost").bearer(&self.token)
    }

    /// Every record of a list, page by page.
    fn rows(&self, path: &str) -> Vec<Row> {
        let mut rows = Vec::new();
        loop {
            let page = self.simulator.answer(&self.request(&format!("{path}?offset={}", rows.len())));
            let page = page.reply.value();
            let records = page.as_array().unwrap_or_else(|| panic!("{path} answers {page}"));
            rows.extend(records.iter().map(Row::of));
            if records.len() < LIMIT {
                return rows;
            }
        }
    }
}

impl Comparison {
    /// The calls for different pages of the list, the longest first.
    fn targets(&self) -> Vec<String> {
        let filters = percent_encoding::utf8_percent_encode(self.filters, percent_encoding::NON_ALPHANUMERIC);
        let target = |limit| {
            format!("{}?count=true&offset={}&limit={limit}&filters={filters}", self.path, self.offset)
        };
        limits().map(target).collect()
    }

    /// The loop: how many are wanted, and a page of them.
    fn page(&self, rows: &[Row], limit: usize) -> (usize, Vec<u8>) {
        let mut page = Vec::with_capacity(256 << 10);
        page.push(b'[');
        let mut count = 0;
        for row in rows {
            if (self.is_wanted)(row) {
                if (self.offset..self.offset + limit).contains(&count) {
                    if page.len() > 1 {
                        page.push(b',');
                    }
                    page.extend_from_slice(row.text.as_bytes());
                }
                count += 1;
            }
        }
        page.push(b']');
        (count, page)
    }

    /// Turns of a list that is asked for again, one that is asked for anew, and the loop: how long a call took in each.
    fn measure(&self, served: &Served) -> Vec<[f64; 3]> {
        let rows = served.rows(self.path);
        let requests: Vec<Request> = self.targets().iter().map(|target| served.request(target)).collect();
        for (request, limit) in requests.iter().zip(limits()) {
            let (count, page) = self.page(&rows, limit);
            let reply = served.simulator.answer(request).reply;
            assert_eq!(reply.header("x-total-count"), Some(&*count.to_string()), "{}", self.name);
            assert!(reply.body == page, "{}: another page", self.name);
        }
        let kept = RefCell::new(Kept::default());
        let turn = || {
            [
                per_call(|_| served.simulator.answer(&requests[0]).reply.body.len()),
                per_call(|nth| served.simulator.answer(&requests[nth % VARIANTS]).reply.body.len()),
                per_call(|_| kept.borrow_mut().keep(self.page(&rows, LIMIT).1)),
            ]
        };
        (0..WARM_UP + TURNS).map(|_| turn()).skip(WARM_UP).collect()
    }
}

/// The median of what each turn tells.
fn median(turns: &[[f64; 3]], told: impl Fn(&[f64; 3]) -> f64) -> f64 {
    let mut all: Vec<f64> = turns.iter().map(told).collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// How many records the pages have that are asked for one after the other.
fn limits() -> impl Iterator<Item = usize> {
    (0..VARIANTS).map(|fewer| LIMIT - fewer)
}

/// How long a call takes on the average of a turn, in microseconds.
fn per_call(call: impl Fn(usize) -> usize) -> f64 {
    let (began, mut calls) = (Instant::now(), 0);
    while began.elapsed() < TURN {
        std::hint::black_box(call(calls));
        calls += 1;
    }
    let calls = u32::try_from(calls).expect("a turn is short");
    began.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}

fn main() -> ExitCode {
    let served = Served::new();
    let mut is_fast = true;
    println!("{:36} {:>9} {:>9} {:>9} {:>7} {:>7}", "", "again, µs", "anew, µs", "loop, µs", "again", "anew");
    for comparison in &COMPARISONS {
        let turns = comparison.measure(&served);
        let [again, anew, by_loop] = [0, 1, 2].map(|which| median(&turns, |turn| turn[which]));
        let [again_ratio, anew_ratio] = [0, 1].map(|which| median(&turns, |turn| turn[which] / turn[2]));
        println!(
            "{:36} {again:>9.1} {anew:>9.1} {by_loop:>9.1} {again_ratio:>7.2} {anew_ratio:>7.2}",
            comparison.name
        );
        is_fast &= again_ratio <= MOST && anew_ratio <= MOST;
    }
    if is_fast { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
