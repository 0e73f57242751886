//! A run's progress on its way to the client: paced, ever increasing, bounded.

use crate::output::plain;
use executor::Progress;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RoleServer};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

/// The least time between two notifications: ten in a second. A program may report in a loop.
const PACE: Duration = Duration::from_millis(100);

/// The longest message, in characters.
const MESSAGE_CHARS: usize = 200;

/// Sends what comes out of `inbox` to the client until the run is over. Of what comes faster than the pace only the newest is sent.
pub(crate) async fn forward(inbox: &mut UnboundedReceiver<Progress>, peer: Peer<RoleServer>, token: ProgressToken) {
    let mut sent = f64::NEG_INFINITY;
    let mut next = Instant::now();
    while let Some(first) = inbox.recv().await {
        let mut newest = first;
        while Instant::now() < next {
            tokio::select! {
                () = tokio::time::sleep_until(next) => break,
                more = inbox.recv() => match more {
                    Some(more) => newest = more,
                    None => break,
                },
            }
        }
        while let Ok(more) = inbox.try_recv() {
            newest = more;
        }
        // The protocol wants progress that grows; a program may count as it likes.
        if newest.progress.is_finite() && newest.progress > sent {
            sent = newest.progress;
            if peer.notify_progress(parameters(token.clone(), newest)).await.is_err() {
                return;
            }
            next = Instant::now() + PACE;
        }
    }
}

/// The notification.
fn parameters(token: ProgressToken, progress: Progress) -> ProgressNotificationParam {
    let mut parameters = ProgressNotificationParam::new(token, progress.progress);
    parameters.total = progress.total.filter(|total| total.is_finite());
    parameters.message = progress.message.map(|message| plain(&message).chars().take(MESSAGE_CHARS).collect());
    parameters
}
