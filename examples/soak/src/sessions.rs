//! What is known of every session: how many runs were acknowledged, and how many may or may not have been completed. A session's variable `n` counts its
//! completed runs and its file `log` the runs that began, so whatever a session answers can be held against this.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

/// The two guests; TypeScript is a session of JavaScript.
pub(crate) const LANGUAGES: [&str; 2] = ["python", "javascript"];

/// The program of every run in a session.
pub(crate) fn step(language: &str) -> &'static str {
    match language {
        "python" => "n = globals().get('n', 0) + 1\nwith open('log', 'a') as log: log.write('x')\n[n, len(open('log').read())]",
        _ => {
            "globalThis.n = (globalThis.n ?? 0) + 1; require('fs').appendFileSync('log', 'x'); [n, require('fs').readFileSync('log', 'utf8').length]"
        }
    }
}

/// One session as its clients know it.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) handle: String,
    pub(crate) language: &'static str,
    /// The last value of `n` that a client was told.
    pub(crate) known: u64,
    /// The last length of `log` that a client was told.
    pub(crate) length: u64,
    /// Runs since then whose end nobody knows.
    pub(crate) limbo: u64,
}

/// What a run in a session is about.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Its first.
    New(&'static str),
    /// The next one.
    Next(Session),
    /// The first of a copy.
    Fork(Session),
}

impl Step {
    /// The session and the language as `execute` takes them.
    pub(crate) fn arguments(&self) -> (String, &'static str) {
        match self {
            Step::New(language) => ("new".to_owned(), language),
            Step::Next(session) => (session.handle.clone(), session.language),
            Step::Fork(session) => (format!("fork:{}", session.handle), session.language),
        }
    }
}

/// All sessions that no run is using.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    free: Mutex<Vec<Session>>,
    /// Sessions that may have been made, and whose handle nobody knows.
    pub(crate) nameless: AtomicUsize,
}

impl Sessions {
    /// Takes one that nobody uses.
    pub(crate) fn take(&self, at: usize) -> Option<Session> {
        let mut free = self.free();
        let count = free.len();
        (count > 0).then(|| free.swap_remove(at % count))
    }

    /// Gives one back.
    pub(crate) fn give(&self, session: Session) {
        self.free().push(session);
    }

    /// How many are not in use.
    pub(crate) fn count(&self) -> usize {
        self.free().len()
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A run that ended without a word, or with an error after it began: it may have changed the session.
    pub(crate) fn unsure(&self, step: Step) {
        match step {
            Step::New(_) => drop(self.nameless.fetch_add(1, Ordering::Relaxed)),
            Step::Next(session) => self.give(Session { limbo: session.limbo + 1, ..session }),
            Step::Fork(session) => {
                self.nameless.fetch_add(1, Ordering::Relaxed);
                self.give(session);
            }
        }
    }

    /// A run that did not begin.
    pub(crate) fn untouched(&self, step: Step) {
        match step {
            Step::New(_) => {}
            Step::Next(session) | Step::Fork(session) => self.give(session),
        }
    }

    /// A run that succeeded.
    ///
    /// # Errors
    /// What cannot be so: a completed run was lost, or one was counted that never was.
    pub(crate) fn told(&self, step: Step, text: &str) -> Result<(), String> {
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let [n, length] = numbers(first).ok_or_else(|| format!("a session answered {first:?}"))?;
        let undone = text.contains("could not be saved");
        let named = text.lines().rev().find_map(|line| line.strip_prefix("[session ")?.strip_suffix(']')).map(str::to_owned);
        let (before, handle) = match &step {
            Step::New(language) => {
                let handle = String::new();
                (Session { handle, language, known: 0, length: 0, limbo: 0 }, named)
            }
            Step::Next(session) => (session.clone(), Some(session.handle.clone())),
            Step::Fork(session) => (session.clone(), named),
        };
        let handle = handle.ok_or_else(|| format!("a new session was not named: {text:?}"))?;
        let allowed = before.known + 1..=before.known + before.limbo + 1;
        let lengths = before.length + 1..=before.length + before.limbo + 1;
        // A run that could not be saved is undone, but for its files.
        let after =
            if undone { Session { handle, length, limbo: before.limbo, ..before } } else { Session { handle, known: n, length, limbo: 0, ..before } };
        if let Step::Fork(source) = step {
            self.give(source);
        }
        self.give(after);
        if allowed.contains(&n) && lengths.contains(&length) {
            return Ok(());
        }
        let Session { known, length: was, limbo, .. } = before;
        Err(format!("a session answered n={n} and {length} bytes of log; {known} and {was} were acknowledged, and {limbo} runs are unknown"))
    }
}

/// `[1, 2]` or `[1,2]`.
fn numbers(text: &str) -> Option<[u64; 2]> {
    let (n, length) = text.strip_prefix('[')?.strip_suffix(']')?.split_once(',')?;
    Some([n.trim().parse().ok()?, length.trim().parse().ok()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a session with `known` acknowledged runs and `limbo` unknown ones takes an answer.
    fn check(known: u64, limbo: u64, text: &str) -> Result<Session, String> {
        let sessions = Sessions::default();
        let session = Session { handle: "ses_a".to_owned(), language: "python", known, length: known, limbo };
        sessions.told(Step::Next(session), text)?;
        Ok(sessions.take(0).unwrap())
    }

    #[test]
    fn a_completed_run_that_is_lost_is_found() {
        let told = check(3, 0, "[4,4]").unwrap();
        assert_eq!((told.known, told.length, told.limbo), (4, 4, 0));
        assert_eq!(check(3, 0, "[3,4]").unwrap_err(), "a session answered n=3 and 4 bytes of log; 3 and 3 were acknowledged, and 0 runs are unknown");
        assert!(check(3, 0, "[5,5]").is_err(), "a run that nobody asked for");
        assert!(check(3, 0, "[4,3]").is_err(), "a file that rolled back");
        assert!(check(3, 1, "[4,5]").is_ok(), "cut off: its files stay");
        assert!(check(3, 1, "[5,5]").is_ok(), "completed, its reply lost");
        assert!(check(3, 1, "[6,5]").is_err());
        let undone = check(3, 0, "[4,4]\nSession: what this run changed in variables could not be saved (x) and is undone; files").unwrap();
        assert_eq!((undone.known, undone.length), (3, 4));
    }
}
