//! What the journal is told of one run beside its calls: that it begins, or is refused, and how it ends, also when nobody waits for that.

use crate::{
    Ending, Fault, Request,
    execute::Shared,
    journal::{Asked, Entry, Event, Flagged, Named, now_ms},
    sessions::Handle,
};
use policy::{Grant, Labels, Layer, RunId};
use std::{
    collections::BTreeSet,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What recording one run took of its way: lines of the journal, what goes with them, and labels. What other threads do for it meanwhile is not in it.
#[derive(Debug, Default)]
pub(crate) struct Spent(AtomicU64);

impl Spent {
    /// Counts the time of this.
    pub(crate) fn on<T>(&self, recording: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = recording();
        self.add(began.elapsed());
        done
    }

    /// Counts the time of this, waiting included.
    pub(crate) async fn on_all<T>(&self, recording: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let done = recording.await;
        self.add(began.elapsed());
        done
    }

    fn add(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// All of it.
    pub(crate) fn time(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// A run that begins is recorded before it begins; one that is given up is recorded as such when this is dropped.
#[derive(Debug)]
pub(crate) struct Recorded {
    shared: Arc<Shared>,
    pub(crate) run: RunId,
    session: Option<Handle>,
    began: Instant,
    ended: bool,
}

impl Recorded {
    /// Records that a run begins.
    ///
    /// # Errors
    /// When that cannot be recorded: then it must not begin.
    pub(crate) fn begin(
        shared: &Arc<Shared>,
        run: RunId,
        request: &Request,
        session: Option<Handle>,
        grant: &Grant,
        labels: &Labels,
        flags: &[gate::Flag],
    ) -> Result<Self, Fault> {
        let flags = flags
            .iter()
            .map(|flag| Flagged { kind: flag.kind, what: flag.what.to_owned(), line: flag.line, threat: flag.kind.threat().id().to_owned() })
            .collect();
        let event = Event::Begun { asked: asked(shared, request), policy: grant.policy_hash().to_owned(), labels: labels.clone(), flags };
        let recorded = Recorded { shared: Arc::clone(shared), run, session, began: Instant::now(), ended: false };
        recorded.note(event).map_err(|source| unrecorded(run, source))?;
        Ok(recorded)
    }

    /// Records something else of the run.
    pub(crate) fn note(&self, event: Event) -> io::Result<()> {
        self.shared.journal.append(&Entry { at_ms: now_ms(), run: Some(self.run), session: self.session.clone(), event })
    }

    /// Records how the run ended. If the disk is full that is written as soon as there is room, and nothing else runs before.
    pub(crate) fn finish(mut self, outcome: Ending, layer: Option<Layer>, wall: Duration, text: &str, record: Result<Named, &'static str>) {
        self.ended = true;
        let output = Some(crate::journal::hash(text.as_bytes()));
        let (record, not_replayable) = match record {
            Ok(record) => (Some(self.shared.payloads.keep_record(record)), None),
            Err(why) => (None, Some(why.to_owned())),
        };
        let wording = gate::wording_in_data(text);
        self.end(Event::Finished { outcome: Some(outcome), wall_ms: ms(wall), bytes: text.len(), output, record, not_replayable, layer, wording });
    }

    fn end(&self, event: Event) {
        if let Err(error) = self.note(event) {
            tracing::error!(run = %self.run, %error, "the journal cannot be written");
        }
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        if !self.ended {
            self.end(Event::Finished {
                outcome: None,
                wall_ms: ms(self.began.elapsed()),
                bytes: 0,
                output: None,
                record: None,
                not_replayable: None,
                layer: None,
                wording: BTreeSet::new(),
            });
        }
    }
}

/// Records that a request comes to no run.
///
/// # Errors
/// When that cannot be recorded.
pub(crate) fn refused(shared: &Shared, run: RunId, request: &Request, code: &str, layer: Option<Layer>) -> Result<(), Fault> {
    let session = match &request.session {
        Some(crate::Wanted::Continue(handle)) => Some(handle.clone()),
        _ => None,
    };
    let event = Event::Refused { asked: asked(shared, request), code: code.to_owned(), layer };
    shared.journal.append(&Entry { at_ms: now_ms(), run: Some(run), session, event }).map_err(|source| unrecorded(run, source))
}

fn asked(shared: &Shared, request: &Request) -> Asked {
    Asked {
        principal: request.context.principal.clone(),
        context: request.context.name.clone(),
        language: request.language,
        program: shared.payloads.keep(&request.code),
        intent: request.intent.clone(),
    }
}

fn unrecorded(run: RunId, source: io::Error) -> Fault {
    tracing::error!(%run, error = %source, "the journal cannot be written, so nothing runs");
    Fault::Workspace { run, source }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
