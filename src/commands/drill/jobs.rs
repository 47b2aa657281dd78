//! The runs of a drill, some at the same time: those that take longest begin first, an error is looked for once more, and
//! at the end a client that retries is probed. A client that waits costs nothing, so that many can. An error that several
//! runs show together is known only when all of them have ended; it is looked for once more then.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sync_group_sim::document::{Document, Format};
use sync_group_sim::drill::report::{Mark, Purpose, text};
use sync_group_sim::drill::{
    Drill, Ending, Observed, Order, PROBE_LIMITED, PROBE_UNAVAILABLE, Planned, RunNews, Stop,
};
use sync_group_sim::scenario::{MOST_RULES, Ruleset, Rulesets};
use tokio::task::JoinSet;

use super::notes::run_folder;
use super::pace;
use super::run::{Crew, Failed, Job};
use super::screen::Screen;
use super::turns::Turns;
use super::watch::now;
use crate::drill_args::Probe;

/// How often what is running is shown anew.
const TICK: Duration = Duration::from_millis(250);
/// Equal runs that show how a client spaces its attempts.
const PROBES: usize = 6;

/// The runs that are still to be made, and those that are being made.
struct Work<'a> {
    crew: &'a Arc<Crew>,
    queue: VecDeque<Job>,
    open: JoinSet<(Job, Result<Observed, Failed>)>,
    turns: Turns,
    done: usize,
    all: usize,
    next_number: usize,
    seed: u64,
    is_probed: bool,
    is_over: bool,
}

/// Makes the runs of the plan.
pub(super) async fn work(crew: &Arc<Crew>, drill: &mut Drill, screen: &mut Screen) {
    let mut work = Work::new(crew, drill);
    let mut ticks = tokio::time::interval(TICK);
    loop {
        work.start();
        if work.open.is_empty() && !work.confirm(drill) && !work.probe(drill) {
            break;
        }
        tokio::select! {
            Some(ended) = work.open.join_next(), if !work.open.is_empty() => {
                if let Ok((job, result)) = ended {
                    work.take(job, result, drill, screen);
                }
            }
            _ = ticks.tick() => {
                work.turns.note_waiting(now(), drill.clean_calling_time());
                work.tick(screen);
            }
        }
    }
    screen.wipe();
    if crew.interrupt.is_requested() {
        drill.interrupt();
    }
}

impl<'a> Work<'a> {
    fn new(crew: &'a Arc<Crew>, drill: &Drill) -> Self {
        let seed = drill.seed();
        let mut work = Self {
            crew,
            queue: VecDeque::new(),
            open: JoinSet::new(),
            turns: Turns::default(),
            done: 0,
            all: 0,
            next_number: 3,
            seed,
            is_probed: crew.args.probe == Probe::Off,
            is_over: false,
        };
        let planned: Vec<(u64, &Planned)> = planned(drill).collect();
        let jobs = planned.into_iter().map(|(step, planned)| {
            let folder = run_folder(&planned.name, seed.wrapping_add(step), seed, false);
            (planned.waits, work.job(drill, planned, Purpose::Scenario, folder))
        });
        let mut jobs: Vec<(Duration, Job)> = jobs.collect();
        jobs.sort_by_key(|(waits, _)| std::cmp::Reverse(*waits));
        work.queue.extend(jobs.into_iter().map(|(_, job)| job));
        work.all = work.queue.len();
        work
    }

    /// A run of a scenario.
    fn job(&mut self, drill: &Drill, planned: &Planned, purpose: Purpose, folder: String) -> Job {
        let order = self.order(purpose, &planned.name, planned.seed, folder);
        Job { order, rulesets: planned.rulesets.clone(), pace: self.pace(drill, planned.waits) }
    }

    fn order(&mut self, purpose: Purpose, scenario: &str, seed: u64, folder: String) -> Order {
        let number = self.next_number;
        self.next_number += 1;
        Order { number, purpose, scenario: scenario.to_owned(), seed, folder }
    }

    fn pace(&self, drill: &Drill, waits: Duration) -> pace::Pace {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        pace::of(&self.crew.args, drill.clean_time(), drill.clean_calls(), waits, cores)
    }

    /// Starts as many runs as may be made at the same time.
    fn start(&mut self) {
        if self.is_over || self.crew.interrupt.is_requested() {
            self.queue.clear();
        }
        while self.open.len() < self.crew.args.jobs {
            let next = self.queue.iter().position(|job| self.turns.may_begin(&job.order));
            let Some(job) = next.and_then(|place| self.queue.remove(place)) else { break };
            let first_call = self.turns.begin(&job.order, now());
            let crew = Arc::clone(self.crew);
            self.open.spawn(async move {
                let result = crew.run(&job, &first_call).await;
                (job, result)
            });
        }
    }

    /// Takes in what a run came to.
    fn take(&mut self, job: Job, result: Result<Observed, Failed>, drill: &mut Drill, screen: &mut Screen) {
        self.turns.end(&job.order);
        self.done += 1;
        let observed = match result {
            Ok(observed) => observed,
            Err(Failed::NotStarted(message) | Failed::Around(message)) => {
                drill.note(format!("{}: {message}", job.order.scenario));
                return;
            }
        };
        if observed.ending == Ending::Stopped(Stop::Interrupted) {
            drill.interrupt();
        }
        let news = drill.add(&job.order, &observed);
        drop(observed);
        if job.order.purpose != Purpose::Probe {
            let details = details(&job, &news, drill);
            screen.show(&text::run_line(
                news.mark,
                &name(&job),
                news.took.as_secs_f64(),
                &details,
                screen.style,
            ));
        }
        if job.order.purpose == Purpose::Scenario && news.wants_another() && !self.is_over {
            self.once_more(job);
        }
        self.is_over |= self.crew.args.fail_fast && news.mark == Mark::Error;
    }

    /// The same run again, before all others.
    fn once_more(&mut self, job: Job) {
        let folder = format!("{}-2", job.order.folder);
        let order = self.order(Purpose::Confirmation, &job.order.scenario, job.order.seed, folder);
        self.queue.push_front(Job { order, ..job });
        self.all += 1;
    }

    /// Puts runs in the queue that look once more for errors which one run alone has shown.
    fn confirm(&mut self, drill: &Drill) -> bool {
        if self.is_over || self.crew.interrupt.is_requested() {
            return false;
        }
        let unconfirmed = drill.unconfirmed();
        for (_, planned) in planned(drill) {
            let once = unconfirmed.iter().find(|order| order.is_of(&planned.name, planned.seed));
            if let Some(once) = once {
                let folder = format!("{}-2", once.folder);
                let job = self.job(drill, planned, Purpose::Confirmation, folder);
                self.queue.push_back(job);
            }
        }
        self.all += self.queue.len();
        !self.queue.is_empty()
    }

    /// Puts the probe's runs in the queue, once, when there is reason to.
    fn probe(&mut self, drill: &Drill) -> bool {
        if self.is_probed || self.is_over || self.crew.interrupt.is_requested() || !drill.has_retries() {
            return false;
        }
        self.is_probed = true;
        let Some(operation) = drill.probed_operation() else { return false };
        let probes = [
            (PROBE_UNAVAILABLE, "{respond: {status: 503}}"),
            (PROBE_LIMITED, "{rateLimited: {omitHeader: true}}"),
        ];
        let probes = probes.map(|(name, fault)| (name, endless(name, operation, fault)));
        for nth in 1..=PROBES {
            for (name, rulesets) in &probes {
                let order = self.order(Purpose::Probe, name, self.seed, format!("runs/{name}-{nth}"));
                let pace = self.pace(drill, Duration::ZERO);
                self.queue.push_back(Job { order, rulesets: rulesets.clone(), pace });
            }
        }
        self.all += self.queue.len();
        true
    }

    fn tick(&self, screen: &mut Screen) {
        screen.tick(self.done, self.all, &self.turns.shown());
    }
}

/// The scenarios that apply, and under which of the seeds.
fn planned(drill: &Drill) -> impl Iterator<Item = (u64, &Planned)> {
    let plans = (0_u64..).zip(drill.plans());
    plans.flat_map(|(step, plan)| plan.scenarios.iter().flatten().map(move |planned| (step, planned)))
}

/// A fault that strikes each call of an operation.
fn endless(name: &str, operation: &str, fault: &str) -> Rulesets {
    let text = format!(
        "name: {name}\nrules: [{{name: endless, when: {{operation: {operation}}}, fault: {fault}}}]\n"
    );
    let document = Document { name, text: &text, format: Format::Yaml };
    let ruleset = Ruleset::read(&document).expect("it is written here, with an operation that there is");
    Rulesets::new([ruleset], MOST_RULES).expect("one rule may run")
}

fn name(job: &Job) -> String {
    match job.order.purpose {
        Purpose::Confirmation => format!("{} (again)", job.order.scenario),
        _ => job.order.scenario.clone(),
    }
}

/// The few words of a run's line.
fn details(job: &Job, news: &RunNews, drill: &Drill) -> Vec<String> {
    let mut details = vec![format!("fired {}", news.fired)];
    if !news.found.is_empty() {
        details.push(news.found.join(" "));
    }
    details.extend(news.reason.clone());
    details.extend(news.waits.clone());
    let planned = drill.plans().iter().flat_map(|plan| plan.scenarios.iter().flatten());
    let planned = planned.into_iter().find(|planned| planned.name == job.order.scenario);
    details.extend(
        planned.into_iter().flat_map(|planned| planned.aimed.iter().map(|words| format!("({words})"))),
    );
    details
}
