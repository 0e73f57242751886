//! What one run has read. A run's labels join its session and its context at the moment they join the run, before the program sees what carries them:
//! whatever becomes of the run after that, what it shows is accounted for.

use crate::{execute::Shared, sessions::Open};
use policy::{Context, Labels};
use std::{io, sync::Arc};

/// The labels of one run, and where else they go.
#[derive(Debug)]
pub(crate) struct Reads {
    shared: Arc<Shared>,
    context: Context,
    pub(crate) session: Option<Open>,
    /// Of all that the run may know: what its context and its session had seen before it, and what it has read itself.
    labels: Labels,
    /// Of its session and of what it has read itself.
    own: Labels,
}

impl Reads {
    /// Of a run that begins. The session carries the context's labels from here on, because a program may say what its author has seen, and the
    /// context the session's.
    ///
    /// # Errors
    /// When they cannot be written: then nothing may run.
    pub(crate) async fn begin(shared: Arc<Shared>, context: Context, session: Option<Open>) -> io::Result<Self> {
        let seen = shared.contexts.labels(&context)?;
        let brought = session.as_ref().map(|open| open.record.labels.clone()).unwrap_or_default();
        let mut reads = Reads { shared, context, session, labels: Labels::default(), own: Labels::default() };
        reads.join(&brought).await?;
        if let Some(open) = &mut reads.session {
            reads.shared.sessions.label(open, &seen)?;
        }
        reads.labels.join(&seen);
        Ok(reads)
    }

    /// Joins the labels of what the run is about to read.
    ///
    /// # Errors
    /// When they cannot be written: then it must not read it.
    pub(crate) async fn join(&mut self, more: &Labels) -> io::Result<()> {
        self.shared.contexts.join(&self.context, more).await?;
        if let Some(open) = &mut self.session {
            self.shared.sessions.label(open, more)?;
        }
        self.labels.join(more);
        self.own.join(more);
        Ok(())
    }

    /// Joins all that the run has read once more, before its reply is shown: the operator may have cleared the context meanwhile.
    ///
    /// # Errors
    /// When it cannot be written: then nothing may be shown.
    pub(crate) async fn end(&self) -> io::Result<()> {
        self.shared.contexts.join(&self.context, &self.own).await
    }

    /// Of all that the run may know by now.
    pub(crate) fn labels(&self) -> &Labels {
        &self.labels
    }
}
