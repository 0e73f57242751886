//! One living connection to an upstream: a child process or an HTTP endpoint, with its handshake done.
//!
//! Says of every failed request whether the upstream may have received it: only [`Failure::NotSent`] may be tried again. A connection
//! is never repaired; the `server` that owns it makes a new one.

use crate::config::{Era, ServerConfig, Transport, without_url_secrets};
use crate::handler::Handler;
use crate::process::{Process, Tail};
use crate::text::clean_line;
use crate::wire::{Ledger, MALFORMED, StdioTransport, TOO_DEEP, TOO_LARGE};
use rmcp::RoleClient;
use rmcp::model::{ClientRequest, ErrorData, ProtocolVersion, ServerNotification, ServerResult, SubscriptionFilter};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, PeerRequestOptions, RequestHandle, RunningService, ServiceError};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::{StreamableHttpClientTransportConfig, StreamableHttpError};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// How large and how deep an answer may be on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WireLimits {
    /// Bytes of one message.
    pub bytes: usize,
    /// Levels of objects and arrays.
    pub depth: usize,
}

/// A connection whose handshake is done. Dropping it closes it and ends the child.
pub(crate) struct Connection {
    service: RunningService<RoleClient, Handler>,
    process: Option<Process>,
    ledger: Option<Ledger>,
    era: Era,
}

/// Why an upstream is not available, for its two audiences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    /// Fixed wording, for programs.
    pub text: String,
    /// What the system or the upstream said, for the operator only.
    pub detail: Option<String>,
}

impl Reason {
    /// A reason without detail.
    pub(crate) fn plain(text: impl Into<String>) -> Reason {
        Reason { text: text.into(), detail: None }
    }

    /// Both texts on one line, for the operator.
    pub(crate) fn for_operator(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{}: {detail}", self.text),
            None => self.text.clone(),
        }
    }
}

/// Why a connection could not be made.
pub(crate) struct StartFailure {
    /// Why.
    pub reason: Reason,
    /// Whether another protocol era may succeed.
    pub may_be_era: bool,
}

/// Why a request that was not sent was not.
const CLOSED: &str = "its connection closed";

/// Why a request has no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No byte of it was sent, and why: it may be tried again on a new connection.
    NotSent(&'static str),
    /// The connection ended, or the answer cannot come any more; the upstream may have received the request.
    Closed(String),
    /// No answer in time; the upstream was told that nobody waits.
    Timeout,
    /// The upstream answered with an error.
    Rejected(ErrorData),
    /// The answer was larger than the limit.
    TooLarge,
    /// The answer was nested deeper than the limit.
    TooDeep,
    /// The answer was not a JSON-RPC answer.
    Malformed,
}

impl Connection {
    /// Starts the child or opens the endpoint and shakes hands; `era` is `None` to find the era out. The caller bounds the time.
    /// What a child writes to its standard error goes to `stderr`.
    pub(crate) async fn open(config: &ServerConfig, era: Option<Era>, limits: WireLimits, stderr: Tail) -> Result<Connection, StartFailure> {
        let handler = Handler::default();
        let (service, process, ledger) = match &config.transport {
            Transport::Stdio { command, .. } => {
                let (process, stdin, stdout) = Process::start(&config.transport, stderr).map_err(|error| StartFailure {
                    reason: Reason { text: "its command cannot be started".to_owned(), detail: Some(format!("{command}: {error}")) },
                    may_be_era: false,
                })?;
                let ledger = Ledger::default();
                let transport = StdioTransport::new(stdout, stdin, ledger.clone(), limits.bytes, limits.depth, process.exited().clone());
                match handler.serve_with_lifecycle(transport, lifecycle(era)).await {
                    Ok(service) => (service, Some(process), Some(ledger)),
                    Err(error) => return Err(failed_start(&process, &error.to_string()).await),
                }
            }
            Transport::Http { .. } => {
                let http = http(config, limits).map_err(|detail| StartFailure {
                    reason: Reason { text: "its headers are not valid".to_owned(), detail: Some(detail) },
                    may_be_era: false,
                })?;
                let transport = StreamableHttpClientTransport::from_config(http);
                let service = handler.serve_with_lifecycle(transport, lifecycle(era)).await.map_err(|error| StartFailure {
                    reason: Reason {
                        text: "its URL cannot be reached or does not speak MCP".to_owned(),
                        detail: Some(clean_line(&without_url_secrets(&error.to_string()), 300)),
                    },
                    may_be_era: true,
                })?;
                (service, None, None)
            }
        };
        let info = service.peer().peer_info();
        let era = match &info {
            Some(info) if !info.protocol_version.has_initialize() => Era::Modern,
            _ => Era::Legacy,
        };
        let announces_changes = info.and_then(|info| info.capabilities.tools.as_ref()?.list_changed) == Some(true);
        if era == Era::Modern && announces_changes {
            tokio::spawn(listen(service.peer().clone(), service.service().clone()));
        }
        Ok(Connection { service, process, ledger, era })
    }

    /// Whether requests can be sent.
    pub(crate) fn is_alive(&self) -> bool {
        !self.service.peer().is_transport_closed() && self.process.as_ref().is_none_or(|process| process.ended().is_none())
    }

    /// The era of the handshake.
    pub(crate) fn era(&self) -> Era {
        self.era
    }

    /// Set while the upstream has announced a change of its tools that nobody has looked at.
    pub(crate) fn changed(&self) -> &AtomicBool {
        &self.service.service().changed
    }

    /// The result of a request and its size on the wire in bytes (0 over HTTP). Dropping the future tells the upstream so.
    pub(crate) async fn request(&self, request: ClientRequest, wait: Duration) -> Result<(ServerResult, usize), Failure> {
        let deadline = Instant::now() + wait;
        let sending = self.service.peer().send_cancellable_request(request, PeerRequestOptions::no_options());
        let handle = match timeout_at(deadline, sending).await {
            Ok(Ok(handle)) => handle,
            Ok(Err(_)) => return Err(Failure::NotSent(CLOSED)),
            Err(_) => return Err(Failure::Timeout),
        };
        let mut pending = Pending { handle: Some(handle), ledger: self.ledger.clone() };
        let answer = timeout_at(deadline, pending.answer()).await;
        let written = pending.settle(answer.is_ok());
        match answer {
            Ok(Ok(result)) => Ok((result, written.unwrap_or(0))),
            Ok(Err(ServiceError::McpError(error))) => Err(match error.code {
                TOO_LARGE => Failure::TooLarge,
                TOO_DEEP => Failure::TooDeep,
                MALFORMED => Failure::Malformed,
                _ => Failure::Rejected(error),
            }),
            Ok(Err(_)) if self.ledger.is_some() && written.is_none() => Err(Failure::NotSent(CLOSED)),
            Ok(Err(ServiceError::TransportSend(error))) if self.process.is_none() => {
                let unconnected =
                    matches!(error.error.downcast_ref(), Some(StreamableHttpError::<reqwest::Error>::Client(http)) if http.is_connect());
                Err(if unconnected {
                    Failure::NotSent("it could not be reached")
                } else if error.error.to_string().contains("exceeded the maximum size") {
                    Failure::TooLarge
                } else {
                    Failure::Closed("it did not answer as it should".to_owned())
                })
            }
            Ok(Err(_)) => Err(Failure::Closed(self.why_closed().await)),
            Err(_) => {
                if self.ledger.is_some() && written.is_none() {
                    // It does not even read its input: what waits to be written would pile up here.
                    tracing::warn!("an upstream does not read its input; closing the connection");
                    self.service.cancellation_token().cancel();
                }
                Err(Failure::Timeout)
            }
        }
    }

    async fn why_closed(&self) -> String {
        let Some(process) = &self.process else {
            return "the connection closed before the answer was complete, or the answer was larger than the limit".to_owned();
        };
        let _ = timeout(Duration::from_millis(500), process.exited().cancelled()).await;
        process.ended().map_or_else(|| "it closed its output".to_owned(), |status| format!("it ended ({status})"))
    }

    /// Closes the connection and ends the child, within about three seconds.
    pub(crate) async fn close(&self) {
        self.service.cancellation_token().cancel();
        if let Some(process) = &self.process {
            process.stop().await;
        }
    }

    /// How the child ended and what it said last, for the operator; `None` while it runs.
    pub(crate) fn epitaph(&self) -> Option<String> {
        let process = self.process.as_ref()?;
        Some(Reason { text: format!("it ended ({})", process.ended()?), detail: process.stderr().last_line() }.for_operator())
    }
}

fn lifecycle(era: Option<Era>) -> ClientLifecycleMode {
    let modern = vec![ProtocolVersion::V_2026_07_28];
    match era {
        Some(Era::Legacy) => ClientLifecycleMode::Initialize,
        Some(Era::Modern) => ClientLifecycleMode::Discover { preferred_versions: modern },
        None => ClientLifecycleMode::Auto { preferred_versions: modern, legacy_version: Some(ProtocolVersion::LATEST_WITH_INITIALIZE) },
    }
}

async fn failed_start(process: &Process, error: &str) -> StartFailure {
    // The process may be about to say why.
    let _ = timeout(Duration::from_millis(300), process.exited().cancelled()).await;
    let reason = match process.ended() {
        Some(status) => Reason { text: format!("it ended while it started ({status})"), detail: process.stderr().last_line() },
        None => Reason { text: "it does not speak MCP as it should".to_owned(), detail: Some(clean_line(error, 200)) },
    };
    StartFailure { reason, may_be_era: true }
}

fn http(config: &ServerConfig, limits: WireLimits) -> Result<StreamableHttpClientTransportConfig, String> {
    let Transport::Http { url, headers } = &config.transport else {
        return Err("not a URL".to_owned());
    };
    let mut http = StreamableHttpClientTransportConfig::with_uri(url.as_str()).max_sse_event_size(limits.bytes).max_json_response_size(limits.bytes);
    for (name, value) in headers {
        let value = value.parse().map_err(|_| format!("the value of header {name:?} has characters that a header may not have"))?;
        http.custom_headers.insert(name.parse().map_err(|_| format!("{name:?} is not a header name"))?, value);
    }
    http.custom_headers.values_mut().for_each(|value| value.set_sensitive(true));
    Ok(http)
}

/// Hears of changed tools from a modern upstream, which tells them on a subscription only.
async fn listen(peer: rmcp::Peer<RoleClient>, handler: Handler) {
    let Ok(mut subscription) = peer.listen(SubscriptionFilter::builder().tools_list_changed().build()).await else {
        return;
    };
    while let Ok(Some(notification)) = subscription.next().await {
        if matches!(notification, ServerNotification::ToolListChangedNotification(_)) {
            handler.changed.store(true, Ordering::Release);
        }
    }
}

/// A request that waits for its answer; dropped before, it tells the upstream that nobody waits.
struct Pending {
    handle: Option<RequestHandle<RoleClient>>,
    ledger: Option<Ledger>,
}

impl Pending {
    async fn answer(&mut self) -> Result<ServerResult, ServiceError> {
        match &mut self.handle {
            Some(handle) => (&mut handle.rx).await.unwrap_or(Err(ServiceError::TransportClosed)),
            None => Err(ServiceError::TransportClosed),
        }
    }

    /// Ends the wait; what the ledger says of the request.
    fn settle(&mut self, answered: bool) -> Option<usize> {
        let handle = self.handle.take()?;
        let written = self.ledger.as_ref().and_then(|ledger| ledger.settle(&handle.id));
        if !answered && let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(handle.cancel(Some("nobody waits for the answer".to_owned())));
        }
        written
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.settle(false);
    }
}
