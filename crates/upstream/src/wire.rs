//! The stdio transport: JSON-RPC messages as lines over a child's standard input and output.
//!
//! Takes the place of rmcp's own line transport because that one drops what is too large, too deep or of a wrong shape, and the call that
//! waits for it then hangs until its timeout. Here such an answer becomes an error answer to the same request. It also keeps
//! the [`Ledger`]: which requests were (perhaps) received, and how large their answers were.

use crate::line::{Facts, Line, LineReader};
use rmcp::RoleClient;
use rmcp::model::{
    CallToolResult, ClientRequest, ErrorCode, ErrorData, JsonRpcMessage, JsonRpcVersion2_0, RequestId, ServerJsonRpcMessage, ServerResult,
};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Error codes of answers that were made here in place of an unusable one; outside the range that MCP assigns.
pub(crate) const TOO_LARGE: ErrorCode = ErrorCode(-31_001);
pub(crate) const TOO_DEEP: ErrorCode = ErrorCode(-31_002);
pub(crate) const MALFORMED: ErrorCode = ErrorCode(-31_003);

/// The deepest line that `serde_json` reads.
const MAX_DEPTH: usize = 127;

/// How long output that a child left in its pipe is still read after it ended.
const AFTER_EXIT: Duration = Duration::from_millis(200);

/// The calls and lists that were written to the upstream, by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<HashMap<RequestId, Sent>>>);

/// One request that was written.
#[derive(Debug, Clone, Copy)]
struct Sent {
    is_call: bool,
    /// The size of its answer, once it came.
    answer_bytes: usize,
}

impl Ledger {
    fn sent(&self, id: RequestId, is_call: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Sent { is_call, answer_bytes: 0 });
    }

    /// Takes down the size of an answer; says whether it answers a call.
    fn answered(&self, id: &RequestId, bytes: usize) -> bool {
        let mut ledger = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.get_mut(id).is_some_and(|sent| {
            sent.answer_bytes = bytes;
            sent.is_call
        })
    }

    /// Forgets the request; the size of its answer in bytes (0 when none came), or `None` when no byte of the request was written.
    pub(crate) fn settle(&self, id: &RequestId) -> Option<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id).map(|sent| sent.answer_bytes)
    }
}

/// An rmcp transport over a child's pipes.
pub(crate) struct StdioTransport<R, W> {
    reader: LineReader<R>,
    /// A large message that is being read on another thread.
    reading: Option<JoinHandle<Option<ServerJsonRpcMessage>>>,
    stdin: Arc<tokio::sync::Mutex<Option<W>>>,
    ledger: Ledger,
    exited: CancellationToken,
}

impl<R: AsyncRead + Unpin, W> StdioTransport<R, W> {
    /// Answers on `stdout` may have `max_bytes` on the wire and be nested `max_depth` deep. `exited` is cancelled when the child ended, for a
    /// grandchild may keep the pipe open.
    pub(crate) fn new(stdout: R, stdin: W, ledger: Ledger, max_bytes: usize, max_depth: usize, exited: CancellationToken) -> Self {
        let reader = LineReader::new(stdout, max_bytes, max_depth.min(MAX_DEPTH));
        StdioTransport { reader, reading: None, stdin: Arc::new(tokio::sync::Mutex::new(Some(stdin))), ledger, exited }
    }
}

/// The usual answer to a call.
#[derive(Deserialize)]
struct Answer {
    #[expect(dead_code, reason = "that it is there and right is what counts")]
    jsonrpc: JsonRpcVersion2_0,
    id: RequestId,
    result: CallToolResult,
    #[serde(default)]
    error: Option<IgnoredAny>,
}

/// The message that a line is, or stands for.
fn message(line: Line, ledger: &Ledger) -> Option<ServerJsonRpcMessage> {
    let substitute = |facts: &Facts, code: ErrorCode| {
        let Some(id) = facts.answers() else {
            tracing::debug!(bytes = facts.bytes, "ignored a line that answers nothing");
            return None;
        };
        tracing::debug!(%id, bytes = facts.bytes, code = code.0, "replaced an unusable answer");
        ledger.answered(id, facts.bytes);
        Some(JsonRpcMessage::error(ErrorData::new(code, "", None), Some(id.clone())))
    };
    match line {
        Line::TooLong(facts) => substitute(&facts, TOO_LARGE),
        Line::TooDeep(facts) => substitute(&facts, TOO_DEEP),
        Line::Whole(bytes, facts) => {
            let answers_call = facts.answers().is_some_and(|id| ledger.answered(id, facts.bytes));
            // Without this, every reply would be tried as each of rmcp's two dozen results, after being copied for each.
            if answers_call && let Ok(Answer { jsonrpc: _, id, result, error: None }) = serde_json::from_slice(&bytes) {
                return Some(JsonRpcMessage::response(ServerResult::CallToolResult(result), id));
            }
            match serde_json::from_slice::<RxJsonRpcMessage<RoleClient>>(&bytes) {
                Ok(message) => Some(message),
                Err(_) => substitute(&facts, MALFORMED),
            }
        }
    }
}

impl<R, W> rmcp::transport::Transport<RoleClient> for StdioTransport<R, W>
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    type Error = std::io::Error;

    fn send(&mut self, item: TxJsonRpcMessage<RoleClient>) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let stdin = self.stdin.clone();
        let ledger = self.ledger.clone();
        async move {
            let mut line = serde_json::to_vec(&item)?;
            line.push(b'\n');
            let mut stdin = stdin.lock().await;
            let stdin = stdin.as_mut().ok_or(std::io::ErrorKind::NotConnected)?;
            if let JsonRpcMessage::Request(request) = &item
                && let is_call = matches!(request.request, ClientRequest::CallToolRequest(_))
                && (is_call || matches!(request.request, ClientRequest::ListToolsRequest(_)))
            {
                ledger.sent(request.id.clone(), is_call);
            }
            stdin.write_all(&line).await?;
            stdin.flush().await
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        // rmcp drops this future whenever something else happens: nothing that was read may be in it alone.
        loop {
            if let Some(reading) = &mut self.reading {
                let message = reading.await.ok().flatten();
                self.reading = None;
                if message.is_some() {
                    return message;
                }
            }
            let line = tokio::select! {
                line = self.reader.next() => line.ok()??,
                () = async { self.exited.cancelled().await; tokio::time::sleep(AFTER_EXIT).await } => return None,
            };
            let ledger = self.ledger.clone();
            if line.is_large() {
                self.reading = Some(tokio::task::spawn_blocking(move || message(line, &ledger)));
            } else if let Some(message) = message(line, &ledger) {
                return Some(message);
            }
        }
    }

    /// Closes the child's standard input, unless a write hangs in it: then the process is about to be killed anyway.
    async fn close(&mut self) -> Result<(), Self::Error> {
        if let Ok(mut stdin) = self.stdin.try_lock() {
            drop(stdin.take());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: &[u8], id: i64) -> Option<ServerJsonRpcMessage> {
        let facts = Facts { bytes: bytes.len(), id: Some(RequestId::Number(id)), has_method: false };
        message(Line::Whole(bytes.to_vec(), facts), &Ledger::default())
    }

    #[test]
    fn an_answer_of_a_wrong_shape_becomes_an_error_answer() {
        let Some(JsonRpcMessage::Error(error)) = answer(br#"{"jsonrpc":"1.0","id":3,"result":{}}"#, 3) else {
            panic!("no error answer");
        };
        assert_eq!((error.id, error.error.code), (Some(RequestId::Number(3)), MALFORMED));
    }

    #[test]
    fn a_log_line_is_ignored() {
        assert!(message(Line::Whole(b"Server ready".to_vec(), Facts::default()), &Ledger::default()).is_none());
    }
}
