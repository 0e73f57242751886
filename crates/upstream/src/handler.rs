//! What an upstream may ask of us: nothing. No sampling, no roots, no elicitation is declared, and each request for one is refused with
//! `method not found`. Of its notifications only "my tools changed" is heard.
#![expect(deprecated, reason = "roots are deprecated by the protocol; this is where they are refused")]

use rmcp::ErrorData;
use rmcp::RoleClient;
use rmcp::model::{ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ErrorCode, Implementation, ListRootsResult, ProtocolVersion};
use rmcp::service::{NotificationContext, RequestContext};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Our side of a connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Handler {
    /// Set when the upstream says that its tools changed; whoever lists them again clears it.
    pub changed: Arc<AtomicBool>,
}

impl rmcp::ClientHandler for Handler {
    fn get_info(&self) -> ClientConfig {
        ClientConfig::new(ClientCapabilities::default(), Implementation::new("cofferdam", env!("CARGO_PKG_VERSION")))
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }

    async fn list_roots(&self, _context: RequestContext<RoleClient>) -> Result<ListRootsResult, ErrorData> {
        Err(refused("roots/list"))
    }

    async fn create_elicitation(&self, _request: ElicitRequestParams, _context: RequestContext<RoleClient>) -> Result<ElicitResult, ErrorData> {
        Err(refused("elicitation/create"))
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.changed.store(true, Ordering::Release);
    }
}

fn refused(method: &'static str) -> ErrorData {
    ErrorData::new(ErrorCode::METHOD_NOT_FOUND, method, None)
}
