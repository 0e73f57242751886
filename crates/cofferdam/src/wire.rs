//! The transport of one client: rmcp's own, and two things it leaves to us: a client that closes its input still gets its answers, and
//! stray messages do not end a conversation before it begins.

use rmcp::model::{ClientNotification, ClientRequest, JsonRpcMessage, RequestId};
use rmcp::service::{RoleServer, RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A transport that ends once the client has closed its input and every request was answered.
pub(crate) struct Wire<T> {
    inner: T,
    /// Cancelled when nobody waits for an answer any more.
    ended: CancellationToken,
    /// Whether a request has been received.
    opened: bool,
    /// Requests that were received and not answered.
    open: watch::Sender<HashSet<RequestId>>,
    /// How long answers may take after the client closed its input. Guards the machine against servers that nobody needs.
    patience: Duration,
    /// Until when they may, once it did.
    until: Option<Instant>,
}

impl<T> Wire<T> {
    /// Wraps a transport.
    pub(crate) fn new(inner: T, patience: Duration, ended: CancellationToken) -> Self {
        Wire { inner, ended, opened: false, open: watch::Sender::default(), patience, until: None }
    }

    /// Notes what the client waits for.
    fn note(&self, message: &RxJsonRpcMessage<RoleServer>) {
        match message {
            // Its answer comes when it is cancelled.
            JsonRpcMessage::Request(request) if !matches!(request.request, ClientRequest::SubscriptionsListenRequest(_)) => {
                self.open.send_modify(|open| {
                    open.insert(request.id.clone());
                });
            }
            // rmcp answers no cancelled request.
            JsonRpcMessage::Notification(sent) => {
                if let ClientNotification::CancelledNotification(cancelled) = &sent.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.open.send_modify(|open| {
                        open.remove(id);
                    });
                }
            }
            _ => {}
        }
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Wire<T> {
    type Error = T::Error;

    fn send(&mut self, item: TxJsonRpcMessage<RoleServer>) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let answered = match &item {
            JsonRpcMessage::Response(response) => Some(response.id.clone()),
            JsonRpcMessage::Error(error) => error.id.clone(),
            _ => None,
        };
        let (sending, open) = (self.inner.send(item), self.open.clone());
        async move {
            let sent = sending.await;
            if let Some(id) = answered {
                open.send_modify(|open| {
                    open.remove(&id);
                });
            }
            sent
        }
    }

    /// Cancel-safe, as rmcp needs it: what was seen of the end is kept.
    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        while self.until.is_none() {
            let Some(message) = self.inner.receive().await else {
                self.until = Some(Instant::now() + self.patience);
                break;
            };
            self.note(&message);
            // rmcp gives up when the first message is not a request; a notification or an answer to nobody is ignored instead.
            self.opened |= matches!(message, JsonRpcMessage::Request(_));
            if self.opened {
                return Some(message);
            }
            tracing::debug!("ignored a message that came before the first request");
        }
        let until = self.until.unwrap_or_else(Instant::now);
        let mut open = self.open.subscribe();
        let answered = tokio::time::timeout_at(until, open.wait_for(HashSet::is_empty)).await.is_ok();
        tracing::debug!(answered, "the client closed its input");
        self.ended.cancel();
        None
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}
