//! What a guest leaves when it has ended, and the one look that is taken at all of it: for the record of the run, and for what is shown of it. A
//! large one is looked at aside: up to what a program may print, return and be told passes through here.

use crate::{
    CallRecord,
    aside::{Aside, LARGE_BYTES, Undone},
    budget::Budget,
    journal::Named,
    outcome::Outcome,
    present::{self, Presented},
    recorded::Spent,
    replay::{Recording, Start},
    stops::Stopped,
};
use policy::Grant;
use sandbox::Finished;
use std::sync::Arc;

/// What there is of a run that has ended.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) start: Start,
    pub(crate) recording: Recording,
    pub(crate) finished: Finished,
    pub(crate) outcome: Option<Result<Outcome, String>>,
    pub(crate) calls: Vec<CallRecord>,
    pub(crate) stopped: Option<Stopped>,
    pub(crate) program: gate::Program,
    pub(crate) grant: Arc<Grant>,
    pub(crate) secrets: gate::Secrets,
    pub(crate) spent: Arc<Spent>,
}

/// What came of looking at it.
#[derive(Debug)]
pub(crate) struct Looked {
    /// What the run can be repeated from, or why it cannot.
    pub(crate) record: Result<Named, &'static str>,
    /// Without secrets.
    pub(crate) presented: Presented,
    pub(crate) budget: Budget,
    /// As they were.
    pub(crate) calls: Vec<CallRecord>,
}

impl Left {
    /// Takes the look, aside if it takes long. The caller holds the run's worker meanwhile, which bounds how many wait.
    pub(crate) async fn look_at(self, aside: &Aside) -> Result<Looked, Undone> {
        if self.bytes() < LARGE_BYTES { Ok(self.look()) } else { aside.of(|| self.look()).await }
    }

    /// Size of all that is looked at, roughly. An outcome is a part of the recording.
    fn bytes(&self) -> usize {
        let output = &self.finished.output;
        self.recording.bytes().saturating_add(output.head.len()).saturating_add(output.tail.len())
    }

    fn look(self) -> Looked {
        let Left { start, recording, finished, outcome, calls, stopped, program, grant, secrets, spent } = self;
        let record = spent.on(|| recording.finish(start, &finished.end, &finished.output, finished.tape).map(Named::new));
        let mut presented = present::present(&finished.end, outcome, &finished.output, &program, grant.limits(), &calls, stopped.as_ref());
        presented.remove(&secrets);
        let budget = Budget::of(&presented, grant.limits().output_shown_bytes);
        Looked { record, presented, budget, calls }
    }
}
