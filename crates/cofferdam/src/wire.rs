//! The transport of one client: rmcp's own, and two things it leaves to us.

use rmcp::model::JsonRpcMessage;
use rmcp::service::{RoleServer, RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio_util::sync::CancellationToken;

/// A transport that says when the client has gone, and keeps stray messages from ending a conversation before it begins.
pub(crate) struct Wire<T> {
    inner: T,
    /// Cancelled when the client closes its end: nobody waits for the runs in flight any more.
    ended: CancellationToken,
    /// Whether a request has been received.
    opened: bool,
}

impl<T> Wire<T> {
    /// Wraps a transport.
    pub(crate) fn new(inner: T, ended: CancellationToken) -> Self {
        Wire { inner, ended, opened: false }
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Wire<T> {
    type Error = T::Error;

    fn send(&mut self, item: TxJsonRpcMessage<RoleServer>) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.inner.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let Some(message) = self.inner.receive().await else {
                self.ended.cancel();
                return None;
            };
            // rmcp gives up when the first message is not a request; a notification or an answer to nobody is ignored instead.
            self.opened |= matches!(message, JsonRpcMessage::Request(_));
            if self.opened {
                return Some(message);
            }
            tracing::debug!("ignored a message that came before the first request");
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}
