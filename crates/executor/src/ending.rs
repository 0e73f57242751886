//! What follows when a guest has ended: its text within the budget, its session settled, its images fetched, and a look at how its worker died.

use crate::{
    Executor, Image,
    artifacts::{New, Record, Source},
    broker::Broker,
    budget::{self, Budget},
    journal::Event,
    place::Place,
    present::{self, Presented},
    recorded::Recorded,
    sessions::{After, Kept, Open},
};
use policy::{Grant, RunId};
use sandbox::End;
use std::time::Duration;

impl Executor {
    /// The text of a run within its budget; what is left out becomes an artifact of the run.
    pub(crate) async fn fit(&self, budget: Budget, presented: &mut Presented, grant: &Grant, broker: &mut Broker) -> String {
        let mut places = [String::new(), String::new()];
        for (place, overflow) in places.iter_mut().zip(budget.overflow(presented)) {
            let Some(overflow) = overflow else { continue };
            let source = Source::Bytes(overflow.text.as_bytes());
            let (labels, calls) = (broker.reads.labels().clone(), present::counted(broker.calls.iter().map(|call| call.tool.as_str())));
            let new = New { name: overflow.name, media_type: Some(overflow.media_type), source, labels, calls, automatic: true };
            let kept = self.store().save(&broker.artifacts.origin, grant.limits(), new).await;
            *place = budget::place(kept.as_ref().map_err(ToString::to_string), overflow.is_whole);
            match kept {
                Ok(record) => broker.artifacts.made.push(record),
                Err(error) => tracing::warn!(error = %error.told(), "what is not shown could not be kept"),
            }
        }
        budget.text(places.each_ref().map(String::as_str))
    }

    /// Ends the run in its session; what the model is to know of that.
    pub(crate) async fn settle(&self, recorded: &Recorded, open: Open, place: Place, end: &End, wall: Duration, grant: &Grant) -> String {
        let run = recorded.run;
        let at_rest = matches!(end, End::Completed(_));
        let after = After {
            clock_ns: place.clock_ns.saturating_add(u64::try_from(wall.as_nanos()).unwrap_or(0)),
            worker: at_rest.then_some(place.worker),
            keep: self.sandbox.waiting() == 0,
            limit_bytes: grant.limits().memory_bytes as u64,
        };
        let kept = self.shared().sessions.settle(open, after).await;
        if at_rest && let Err(error) = recorded.note(Event::Settled { saved: matches!(kept, Ok(Kept::Saved)) }) {
            tracing::error!(%run, %error, "the journal cannot be written");
        }
        match &kept {
            Ok(Kept::Lost { died: Some((end, worker)), .. }) => self.look_at_death(run, end, worker).await,
            Ok(_) => {}
            Err(error) => tracing::error!(%run, %error, "a session could not be settled"),
        }
        present::after(at_rest, &kept)
    }

    /// The images that a program showed. One that was removed meanwhile is left out.
    pub(crate) async fn images(&self, shown: Vec<Record>) -> Vec<Image> {
        let mut images = Vec::new();
        for record in shown {
            if let Ok(bytes) = self.store().bytes(&record, 0..record.size).await {
                images.push(Image { media_type: record.media_type, bytes: bytes.into() });
            }
        }
        images
    }

    /// A worker that ended by itself was attacked or has a fault: its zygote makes no more.
    pub(crate) async fn look_at_death(&self, run: RunId, end: &End, worker: &sandbox::Worker) {
        match end {
            End::Died { status, signal, detail } => {
                tracing::error!(%run, ?status, ?signal, ?detail, "a worker died");
                self.sandbox.retire_zygote(worker).await;
            }
            End::Misbehaved(reason) => {
                tracing::error!(%run, reason, "a worker sent nonsense");
                self.sandbox.retire_zygote(worker).await;
            }
            End::Trapped(trap, message) => tracing::info!(%run, ?trap, message, "the guest trapped"),
            End::Completed(_) | End::Deadline | End::Cancelled => {}
        }
    }
}
