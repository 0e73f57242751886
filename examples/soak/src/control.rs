//! What all threads of a soak share: when to rest and to end, what was injected when, what was answered, and what cannot be so.

use crate::{
    sessions::Sessions,
    work::{Kind, Trouble},
};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// How long before a request a fault may lie that explains its answer: what was broken then is broken a little longer.
const AFTERMATH: Duration = Duration::from_secs(2);

/// An upstream that failed to start is left alone for up to a minute.
const UPSTREAM_AFTERMATH: Duration = Duration::from_secs(70);

/// More than these are not told: one root cause has many.
const VIOLATIONS: usize = 20;

/// Something that was done to the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    Worker,
    Zygote,
    Upstream,
    Server,
    Vanished,
    Cancelled,
    Disk,
    Clock,
}

impl Fault {
    /// As the report calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Worker => "workers killed",
            Self::Zygote => "zygotes killed",
            Self::Upstream => "upstreams killed",
            Self::Server => "servers killed",
            Self::Vanished => "clients vanished",
            Self::Cancelled => "requests cancelled",
            Self::Disk => "disks filled",
            Self::Clock => "clock jumps",
        }
    }
}

/// One injection.
#[derive(Debug, Clone)]
pub(crate) struct Injected {
    pub(crate) fault: Fault,
    pub(crate) from: Instant,
    /// When it was over: the same moment for most.
    pub(crate) until: Option<Instant>,
    pub(crate) detail: String,
}

/// One answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) at: Duration,
    pub(crate) kind: Kind,
    pub(crate) took: Duration,
}

/// The shared state.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) begun: Instant,
    pub(crate) sessions: Sessions,
    pub(crate) resting: AtomicBool,
    pub(crate) over: AtomicBool,
    /// Per window: its server, 0 for none, and how many requests are open.
    pub(crate) windows: Vec<(AtomicUsize, AtomicUsize)>,
    injected: Mutex<Vec<Injected>>,
    answers: Mutex<Vec<Answer>>,
    outcomes: Mutex<BTreeMap<(Kind, &'static str), u64>>,
    /// How much longer than its limit a program that never ends ran, in milliseconds.
    beyond: Mutex<Vec<f64>>,
    violations: Mutex<Vec<String>>,
}

impl Control {
    pub(crate) fn new(windows: usize) -> Self {
        Control {
            begun: Instant::now(),
            sessions: Sessions::default(),
            resting: AtomicBool::new(false),
            over: AtomicBool::new(false),
            windows: (0..windows).map(|_| Default::default()).collect(),
            injected: Mutex::default(),
            answers: Mutex::default(),
            outcomes: Mutex::default(),
            beyond: Mutex::default(),
            violations: Mutex::default(),
        }
    }

    /// Whether new requests may be made.
    pub(crate) fn works(&self) -> bool {
        !self.resting.load(Ordering::Acquire) && !self.over.load(Ordering::Acquire)
    }

    /// How many requests are open.
    pub(crate) fn open(&self) -> usize {
        self.windows.iter().map(|(_, open)| open.load(Ordering::Acquire)).sum()
    }

    /// The servers that run, with their windows.
    pub(crate) fn servers(&self) -> Vec<(usize, u32)> {
        let all = self.windows.iter().enumerate();
        all.filter_map(|(window, (pid, _))| Some((window, u32::try_from(pid.load(Ordering::Acquire)).ok().filter(|pid| *pid > 0)?))).collect()
    }

    /// Notes what is about to be done; its place, for [`Control::mended`].
    pub(crate) fn inject(&self, fault: Fault, detail: String) -> usize {
        let mut injected = lock(&self.injected);
        let from = Instant::now();
        injected.push(Injected { fault, from, until: (fault != Fault::Disk).then_some(from), detail });
        injected.len() - 1
    }

    /// Notes that it is over.
    pub(crate) fn mended(&self, at: usize) {
        if let Some(injected) = lock(&self.injected).get_mut(at) {
            injected.until = Some(Instant::now());
        }
    }

    /// All that was injected.
    pub(crate) fn injected(&self) -> Vec<Injected> {
        lock(&self.injected).clone()
    }

    /// Whether a fault explains a trouble of a request that was sent then and answered now.
    pub(crate) fn explains(&self, trouble: Trouble, sent: Instant) -> bool {
        let (faults, aftermath): (&[Fault], _) = match trouble {
            // More was asked than the machine can do: that is what saturation is.
            Trouble::Busy => return true,
            Trouble::Upstream => (&[Fault::Upstream], UPSTREAM_AFTERMATH),
            Trouble::Killed => (&[Fault::Worker, Fault::Zygote], AFTERMATH),
            Trouble::Disk => (&[Fault::Disk], AFTERMATH),
        };
        let ended = |injected: &Injected| injected.until.is_none_or(|until| until + aftermath >= sent);
        lock(&self.injected).iter().rev().any(|injected| faults.contains(&injected.fault) && ended(injected))
    }

    /// Takes down an answer.
    pub(crate) fn answered(&self, kind: Kind, took: Duration, outcome: &'static str) {
        lock(&self.answers).push(Answer { at: self.begun.elapsed(), kind, took });
        self.count(kind, outcome);
    }

    /// Takes down the end of a request, answered or not.
    pub(crate) fn count(&self, kind: Kind, outcome: &'static str) {
        *lock(&self.outcomes).entry((kind, outcome)).or_default() += 1;
    }

    /// Takes down how much longer than its limit a program ran.
    pub(crate) fn beyond(&self, ms: f64) {
        lock(&self.beyond).push(ms);
    }

    pub(crate) fn answers(&self) -> Vec<Answer> {
        lock(&self.answers).clone()
    }

    pub(crate) fn answer_count(&self) -> usize {
        lock(&self.answers).len()
    }

    pub(crate) fn outcomes(&self) -> BTreeMap<(Kind, &'static str), u64> {
        lock(&self.outcomes).clone()
    }

    pub(crate) fn all_beyond(&self) -> Vec<f64> {
        lock(&self.beyond).clone()
    }

    /// Takes down what cannot be so, with the faults before it.
    pub(crate) fn violation(&self, what: &str) {
        let recent: Vec<String> = {
            let injected = lock(&self.injected);
            let last = injected.iter().rev().take(8);
            last.map(|one| format!("    {:8.2} s before: {} ({})", one.from.elapsed().as_secs_f64(), one.fault.name(), one.detail)).collect()
        };
        let mut violations = lock(&self.violations);
        if violations.len() < VIOLATIONS {
            let violation = format!("at {:.2} s: {what}\n{}", self.begun.elapsed().as_secs_f64(), recent.join("\n"));
            println!("VIOLATION {violation}\n");
            violations.push(violation);
        }
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        lock(&self.violations).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
