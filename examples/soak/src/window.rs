//! One IDE window: a server of its own and a client that keeps it busy. It kills its server, vanishes and cancels as its random numbers say, and holds
//! every answer against what was asked.

use crate::{
    connection::{Connection, Era, Heard},
    control::{Control, Fault},
    place::Place,
    random::Random,
    work::{Answered, Job, Kind, LOOP_MS, Trouble, head},
};
use anyhow::Result;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    process::Child,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// How many requests a window has open.
const IN_FLIGHT: usize = 6;

/// How long an answer may take: queue, wall clock and upstreams are bounded far below.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a cancelled run may go on.
const CANCELLED: Duration = Duration::from_secs(5);

/// How long a server whose client vanished may go on: queue, wall clock, and 20 s.
const FAREWELL: Duration = Duration::from_secs(75);

/// How often each happens: once in so many answers.
const KILLED: usize = 400;
const VANISHED: usize = 800;
const CANCEL: usize = 60;

/// What a window does to its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manners {
    /// Its server lives as long as the soak: what leaks is seen in it.
    Lasting,
    /// It kills its server, and vanishes.
    Rough,
    /// Only hostile programs, and nothing else happens.
    Hostile,
}

/// A window.
pub(crate) struct Window<'a> {
    number: usize,
    manners: Manners,
    control: &'a Control,
    place: &'a Place,
    random: Random,
    pending: BTreeMap<u64, Job>,
    done: BTreeSet<u64>,
    /// Servers whose client vanished, with the requests that they may still run.
    left: Vec<(Child, Instant, Vec<Job>)>,
}

impl<'a> Window<'a> {
    pub(crate) fn new(number: usize, manners: Manners, control: &'a Control, place: &'a Place, seed: u64) -> Self {
        let random = Random::new(seed, &format!("window {number}"));
        let (pending, done, left) = Default::default();
        Window { number, manners, control, place, random, pending, done, left }
    }

    /// Works until the soak is over.
    pub(crate) fn live(mut self) {
        if let Err(error) = self.work() {
            self.control.violation(&format!("window {}: {error:#}", self.number));
        }
        self.control.windows[self.number].1.store(0, Ordering::Release);
    }

    fn work(&mut self) -> Result<()> {
        let mut connection = self.start()?;
        loop {
            let works = self.control.works();
            while works && self.pending.len() < IN_FLIGHT {
                let kind = if self.manners == Manners::Hostile {
                    self.random.of(&Kind::HOSTILE).unwrap_or(Kind::Loop)
                } else {
                    Kind::draw(&mut self.random)
                };
                let mut job = Job::new(kind, &mut self.random, &self.control.sessions);
                job.sent = Instant::now();
                let sent = connection.execute(&job.arguments);
                self.control.windows[self.number].1.store(self.pending.len() + 1, Ordering::Release);
                self.pending.insert(sent?, job);
            }
            self.control.windows[self.number].1.store(self.pending.len() + self.left.len(), Ordering::Release);
            if self.pending.is_empty() && self.control.over.load(Ordering::Acquire) {
                break;
            }
            match connection.hear(Duration::from_millis(50)) {
                Ok(Heard::Answer(id, answer)) => {
                    self.take(id, &answer);
                    if works {
                        connection = self.trouble(connection)?;
                    }
                }
                Ok(Heard::Nothing) => {}
                Ok(Heard::Nonsense(line)) => self.control.violation(&format!("window {}: the server sent {:?}", self.number, head(&line))),
                Ok(Heard::End) | Err(_) => {
                    let status = connection.child.wait()?;
                    self.control.violation(&format!("window {}: the server ended by itself ({status})", self.number));
                    self.lose();
                    connection = self.start()?;
                }
            }
            self.overdue();
            self.look_after();
        }
        self.end(connection)
    }

    fn start(&mut self) -> Result<Connection> {
        self.done.clear();
        let era = if self.number.is_multiple_of(2) { Era::Modern } else { Era::Legacy };
        let connection = Connection::start(&mut self.place.serve(self.number)?, era)?;
        self.control.windows[self.number].0.store(connection.pid() as usize, Ordering::Release);
        Ok(connection)
    }

    /// Takes an answer and holds it against its request.
    fn take(&mut self, id: u64, answer: &Value) {
        let Some(mut job) = self.pending.remove(&id) else {
            let what = if self.done.contains(&id) { "a second answer" } else { "an answer that nobody asked for" };
            return self.control.violation(&format!("window {}: {what}: {}", self.number, head(&answer.to_string())));
        };
        self.done.insert(id);
        let (kind, sent, code) = (job.kind, job.sent, job.arguments["code"].to_string());
        let result = &answer["result"];
        let Some(text) = result["content"][0]["text"].as_str() else {
            self.forget(&mut job);
            return self.control.violation(&format!(
                "window {}: {} was answered without a text: {}",
                self.number,
                kind.name(),
                head(&answer.to_string())
            ));
        };
        let ran = result["_meta"]["cofferdam/run"]["wall_ms"].as_f64();
        if kind == Kind::Loop && text.starts_with("deadline") {
            self.control.beyond(ran.unwrap_or(f64::NAN) - LOOP_MS);
        }
        let was_cancelled = job.cancelled.is_some() && text.starts_with("cancelled");
        let judged = job.judge(text, result["isError"] == true, &self.control.sessions);
        let outcome = match judged {
            _ if was_cancelled => "cancelled",
            Answered::Right => "right",
            Answered::Trouble(trouble) => {
                if !self.control.explains(trouble, sent) {
                    self.control.violation(&format!(
                        "window {}: {} was answered {:?} after {:.2} s, and nothing was done that explains it; the program: {code}",
                        self.number,
                        kind.name(),
                        head(text),
                        sent.elapsed().as_secs_f64()
                    ));
                }
                match trouble {
                    Trouble::Killed => "killed",
                    Trouble::Disk => "disk full",
                    Trouble::Upstream => "upstream gone",
                    Trouble::Busy => "busy",
                }
            }
            Answered::Wrong(why) => {
                self.control.violation(&format!("window {}: {} {why}; the program: {code}", self.number, kind.name()));
                "wrong"
            }
        };
        self.control.answered(kind, sent.elapsed(), outcome);
    }

    /// Now and then something happens to the server or to a request.
    fn trouble(&mut self, mut connection: Connection) -> Result<Connection> {
        if self.manners == Manners::Hostile {
            return Ok(connection);
        }
        if self.random.once_in(CANCEL)
            && let Some(id) = self.random.of(&self.pending.keys().copied().collect::<Vec<_>>())
            && let Some(job) = self.pending.get_mut(&id).filter(|job| job.cancelled.is_none())
        {
            job.cancelled = Some(Instant::now());
            self.control.inject(Fault::Cancelled, format!("window {}, {}", self.number, job.kind.name()));
            connection.cancel(id)?;
        }
        if self.manners == Manners::Rough && self.random.once_in(KILLED) {
            self.control.inject(Fault::Server, format!("window {}, process {}", self.number, connection.pid()));
            self.control.windows[self.number].0.store(0, Ordering::Release);
            connection.child.kill()?;
            connection.child.wait()?;
            // What it said before it died is still there.
            while let Ok(Heard::Answer(id, answer)) = connection.hear(Duration::from_secs(10)) {
                self.take(id, &answer);
            }
            self.lose();
            return self.start();
        }
        if self.manners == Manners::Rough && self.random.once_in(VANISHED) {
            self.control.inject(Fault::Vanished, format!("window {}, process {}", self.number, connection.pid()));
            self.control.windows[self.number].0.store(0, Ordering::Release);
            let jobs = std::mem::take(&mut self.pending).into_values().collect();
            self.left.push((connection.vanish(), Instant::now(), jobs));
            return self.start();
        }
        Ok(connection)
    }

    /// A request whose end nobody knows.
    fn forget(&self, job: &mut Job) {
        if let Some(step) = job.step.take() {
            self.control.sessions.unsure(step);
        }
    }

    /// The server is gone: nobody knows what became of its requests.
    fn lose(&mut self) {
        for (_, mut job) in std::mem::take(&mut self.pending) {
            self.control.count(job.kind, "lost with its server");
            self.forget(&mut job);
        }
    }

    /// Requests whose answer should be there.
    fn overdue(&mut self) {
        let (mut late, mut gone) = (Vec::new(), Vec::new());
        for (id, job) in &self.pending {
            match job.cancelled {
                // A cancelled request needs no answer.
                Some(at) if at.elapsed() > CANCELLED => gone.push(*id),
                None if job.sent.elapsed() > PATIENCE => late.push(*id),
                _ => {}
            }
        }
        for id in gone.iter().chain(&late) {
            let Some(mut job) = self.pending.remove(id) else { continue };
            self.forget(&mut job);
            if late.contains(id) {
                let (kind, code) = (job.kind.name(), &job.arguments["code"]);
                self.control.violation(&format!("window {}: {kind} had no answer for {} s; the program: {code}", self.number, PATIENCE.as_secs()));
            } else {
                self.control.count(job.kind, "cancelled");
            }
        }
    }

    /// Servers whose client vanished must end by themselves.
    fn look_after(&mut self) {
        for (mut child, since, jobs) in std::mem::take(&mut self.left) {
            let ended = child.try_wait().ok().flatten();
            if ended.is_none() && since.elapsed() < FAREWELL {
                self.left.push((child, since, jobs));
                continue;
            }
            if ended.is_none() {
                self.control.violation(&format!("a server goes on {} s after its client vanished (process {})", FAREWELL.as_secs(), child.id()));
                let _gone = child.kill();
                let _reaped = child.wait();
            }
            for mut job in jobs {
                self.control.count(job.kind, "client vanished");
                self.forget(&mut job);
            }
        }
    }

    /// Leaves as a client does: the server must end well and say nothing more.
    fn end(&mut self, mut connection: Connection) -> Result<()> {
        while !self.left.is_empty() {
            self.look_after();
            std::thread::sleep(Duration::from_millis(50));
        }
        connection.close();
        self.control.windows[self.number].0.store(0, Ordering::Release);
        loop {
            match connection.hear(FAREWELL)? {
                Heard::End => break,
                Heard::Answer(id, answer) => self.take(id, &answer),
                heard => anyhow::bail!("the server did not end when its input was closed: {heard:?}"),
            }
        }
        let status = connection.child.wait()?;
        if !status.success() {
            self.control.violation(&format!("window {}: the server ended with {status}", self.number));
        }
        Ok(())
    }
}
