//! Pushes samples to a collector: OTLP over HTTP.

mod client;
pub mod encode;
pub mod message;
pub mod settings;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use client::{Client, Sent};
use prost::Message as _;
pub use psoxide_history::Spool;
use settings::Settings;
use tokio::sync::Notify;
use tokio::task::{LocalSet, spawn_blocking, spawn_local};
use tokio::time::{sleep, sleep_until};

use crate::collect::{Collector, Sample};
use crate::metric::{Families, Label};
use crate::names::otel;
use crate::runtime::runtime;

/// The first pause after a failure, and the longest. Each is doubled, and varied by half.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// How often a sample is tried after the last one was taken.
const LAST_TRIES: u32 = 4;

/// What happened so far.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    sent: u64,
    dropped: u64,
    failed: u64,
}

/// What sampling and sending share.
struct State {
    /// The newest request, where nothing older waits.
    fresh: Option<Vec<u8>>,
    queue: Spool,
    counts: Counts,
    /// What went wrong last, so that it is said once.
    trouble: Option<String>,
    /// Whether all samples were taken.
    done: bool,
}

struct Pusher {
    state: RefCell<State>,
    wake: Notify,
    log: fn(&str),
}

/// Takes samples and pushes them until the process ends, or `count` samples were delivered. Returns whether all were.
///
/// # Errors
/// A sentence: the settings are wrong.
pub fn push(
    collector: Collector,
    settings: &Settings,
    queue: Spool,
    count: Option<u64>,
    log: fn(&str),
) -> Result<bool, String> {
    let client = Client::new(settings)?;
    let resource = resource(collector.resource(), &settings.resource);
    let runtime = runtime()?;
    let state = State { fresh: None, queue, counts: Counts::default(), trouble: None, done: false };
    let pusher = Rc::new(Pusher { state: RefCell::new(state), wake: Notify::new(), log });
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let sender = spawn_local(send(Rc::clone(&pusher), client));
        sample(&pusher, collector, settings, &resource, count).await;
        pusher.state.borrow_mut().done = true;
        pusher.wake.notify_one();
        let ended = sender.await;
        let counts = pusher.state.borrow().counts;
        Ok(ended.is_ok() && counts.failed == 0 && counts.dropped == 0)
    })
}

/// The attributes of the resource; those of the user come first.
fn resource(own: &[Label], given: &[Label]) -> Vec<Label> {
    let own = own.iter().filter(|(key, _)| !given.iter().any(|(other, _)| other == key));
    own.chain(given).cloned().collect()
}

/// Takes a sample at each interval.
async fn sample(pusher: &Pusher, collector: Collector, settings: &Settings, resource: &[Label], count: Option<u64>) {
    let collector = Arc::new(Mutex::new(collector));
    let mut due = Instant::now();
    let mut taken = 0;
    while count.is_none_or(|count| taken < count) {
        sleep_until(due.into()).await;
        let (shared, within) = (Arc::clone(&collector), settings.interval.min(Duration::from_secs(10)));
        let sampled = spawn_blocking(move || {
            let mut collector = shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            collector.sample(Instant::now() + within)
        });
        if let Ok(mut sample) = sampled.await {
            sample.news.iter().for_each(|sentence| (pusher.log)(sentence));
            pusher.add_own(&mut sample);
            pusher.enqueue(encode::request(&sample, resource).encode_to_vec());
        }
        taken += 1;
        due += settings.interval;
        // A machine that was suspended does not make up for the samples that it missed.
        due = due.max(Instant::now());
    }
}

impl Pusher {
    /// Adds what happened to earlier requests.
    fn add_own(&self, sample: &mut Sample) {
        let state = self.state.borrow();
        let mut own = Families::default();
        own.add(&otel::PUSH_QUEUE, &[], state.queue.len());
        own.add(&otel::PUSH_SENT, &[], state.counts.sent);
        own.add(&otel::PUSH_DROPPED, &[], state.counts.dropped);
        sample.families.extend(own.finish());
    }

    fn enqueue(&self, request: Vec<u8>) {
        let mut state = self.state.borrow_mut();
        if state.queue.is_empty() && state.fresh.is_none() {
            state.fresh = Some(request);
        } else {
            // What is fresh is older.
            let older = state.fresh.take();
            for request in older.into_iter().chain([request]) {
                self.keep(&mut state, &request);
            }
        }
        drop(state);
        self.wake.notify_one();
    }

    fn keep(&self, state: &mut State, request: &[u8]) {
        match state.queue.push(request) {
            Ok(0) => {}
            Ok(dropped) => {
                state.counts.dropped += dropped;
                self.say(state, "the queue is full: the oldest samples are dropped");
            }
            Err(error) => {
                state.counts.dropped += 1;
                self.say(state, &format!("a sample is lost: {error}"));
            }
        }
    }

    /// Logs a sentence unless it was the last one.
    fn say(&self, state: &mut State, sentence: &str) {
        if state.trouble.as_deref() != Some(sentence) {
            (self.log)(sentence);
            state.trouble = Some(sentence.to_owned());
        }
    }

    /// The request to send next: the name that the queue has for it, and its bytes.
    fn next(&self) -> Option<(Option<u64>, Vec<u8>)> {
        let mut state = self.state.borrow_mut();
        loop {
            match state.queue.oldest() {
                Ok(Some((name, bytes))) => return Some((Some(name), bytes)),
                Ok(None) => return state.fresh.take().map(|bytes| (None, bytes)),
                Err(error) => {
                    // A file that cannot be read is in the way of all others.
                    self.say(&mut state, &format!("a sample is lost: {error}"));
                    state.counts.dropped += 1;
                    let removed = state.queue.remove_oldest();
                    if removed.is_err() {
                        return state.fresh.take().map(|bytes| (None, bytes));
                    }
                }
            }
        }
    }

    /// Takes note of an attempt, and returns whether to try again later, and when at the earliest.
    fn note(&self, name: Option<u64>, bytes: Vec<u8>, sent: Sent) -> Option<Option<Duration>> {
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let again = match sent {
            Sent::Whole => {
                state.counts.sent += 1;
                if state.trouble.take().is_some() {
                    (self.log)("the endpoint takes samples again");
                }
                None
            }
            Sent::Partly(count, why) => {
                state.counts.sent += 1;
                self.say(state, &format!("the endpoint did not take {count} points: {why}"));
                None
            }
            Sent::Refused(why) => {
                state.counts.failed += 1;
                state.counts.dropped += 1;
                self.say(state, &format!("the endpoint refused a sample: {why}"));
                None
            }
            Sent::Later(why, after) => {
                self.say(state, &format!("the endpoint is away, samples are kept: {why}"));
                if name.is_none() {
                    self.keep(state, &bytes);
                }
                return Some(after);
            }
        };
        if let Some(name) = name
            && let Err(error) = state.queue.remove(name)
        {
            self.say(state, &format!("a sample that was sent stays in the queue: {error}"));
        }
        again
    }
}

/// Sends what waits, oldest first.
async fn send(pusher: Rc<Pusher>, client: Client) {
    let mut pause = FIRST_PAUSE;
    let mut last_tries = LAST_TRIES;
    loop {
        let Some((name, bytes)) = pusher.next() else {
            if pusher.state.borrow().done {
                return;
            }
            pusher.wake.notified().await;
            continue;
        };
        let sent = client.send(&bytes).await;
        match pusher.note(name, bytes, sent) {
            None => pause = FIRST_PAUSE,
            Some(after) => {
                // After the last sample there are a few more tries, and what is left stays in the queue.
                if pusher.state.borrow().done {
                    last_tries -= 1;
                    if last_tries == 0 {
                        pusher.state.borrow_mut().counts.failed += 1;
                        return;
                    }
                }
                // Not before the time that the endpoint named.
                sleep(pause.mul_f64(jitter()).max(after.unwrap_or_default())).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// A number from 0.5 to 1.5: a thousand machines that lost one endpoint do not all come back at once.
fn jitter() -> f64 {
    let mut bytes = [0; 2];
    let filled = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes);
    if filled.is_err() { 1.0 } else { 0.5 + f64::from(u16::from_ne_bytes(bytes)) / f64::from(u16::MAX) }
}
