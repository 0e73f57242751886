//! One `cofferdam serve` and the pipes to it, in either era of the protocol. Blocking, one thread: nothing is read ahead, so that a client can vanish
//! at any moment.

use anyhow::{Context, Result, bail};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

/// How long a handshake may take on a machine at saturation.
const GREETING: Duration = Duration::from_secs(60);

/// Which protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// With `initialize`.
    Legacy,
    /// Without.
    Modern,
}

/// What a server said, or did not.
#[derive(Debug)]
pub(crate) enum Heard {
    /// An answer to this request.
    Answer(u64, Value),
    /// Something that is neither an answer nor a notification: never right.
    Nonsense(String),
    /// Nothing in time.
    Nothing,
    /// The end of its output.
    End,
}

/// A server and the connection to it.
pub(crate) struct Connection {
    pub(crate) child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    received: Vec<u8>,
    era: Era,
    last: u64,
}

impl Connection {
    /// Starts a server and greets it, if its era does that.
    pub(crate) fn start(command: &mut Command, era: Era) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().with_context(|| format!("{command:?}"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("the server has no standard output")?;
        let mut it = Connection { child, input, output, received: Vec::new(), era, last: 0 };
        if era == Era::Legacy {
            let about = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "soak", "version": "1"}});
            let id = it.request("initialize", about)?;
            match it.hear(GREETING)? {
                Heard::Answer(answered, answer) if answered == id && answer.get("result").is_some() => {}
                heard => bail!("the server did not greet: {heard:?}"),
            }
            it.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
        }
        Ok(it)
    }

    /// The server's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a call of `execute`; its id.
    pub(crate) fn execute(&mut self, arguments: &Value) -> Result<u64> {
        self.request("tools/call", json!({"name": "execute", "arguments": arguments}))
    }

    /// Says that nobody waits for a request any more.
    pub(crate) fn cancel(&mut self, id: u64) -> Result<()> {
        self.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id, "reason": "soak"}}))
    }

    fn request(&mut self, method: &str, mut params: Value) -> Result<u64> {
        self.last += 1;
        if self.era == Era::Modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": {"name": "soak", "version": "1"},
            });
        }
        self.send(&json!({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}))?;
        Ok(self.last)
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        let line = message.to_string() + "\n";
        self.input.as_mut().context("the connection is closed")?.write_all(line.as_bytes()).context("the server is gone")
    }

    /// Closes the input, as a client that leaves does: answers still come.
    pub(crate) fn close(&mut self) {
        drop(self.input.take());
    }

    /// What the server says next. Notifications are skipped.
    pub(crate) fn hear(&mut self, wait: Duration) -> Result<Heard> {
        let until = Instant::now() + wait;
        loop {
            while let Some(line) = self.line() {
                let Ok(message) = serde_json::from_slice::<Value>(&line) else {
                    return Ok(Heard::Nonsense(String::from_utf8_lossy(&line).into_owned()));
                };
                match (message["id"].as_u64(), message.get("method")) {
                    (Some(id), None) => return Ok(Heard::Answer(id, message)),
                    (None, Some(_)) => {}
                    _ => return Ok(Heard::Nonsense(message.to_string())),
                }
            }
            let timeout = Timespec::try_from(until.saturating_duration_since(Instant::now()))?;
            match poll(&mut [PollFd::new(&self.output, PollFlags::IN)], Some(&timeout)) {
                Ok(0) => return Ok(Heard::Nothing),
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
                Ok(_) => {}
            }
            let mut chunk = [0; 65536];
            let read = self.output.read(&mut chunk)?;
            if read == 0 {
                return Ok(Heard::End);
            }
            self.received.extend_from_slice(&chunk[..read]);
        }
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        let end = self.received.iter().position(|byte| *byte == b'\n')?;
        let rest = self.received.split_off(end + 1);
        Some(std::mem::replace(&mut self.received, rest))
    }

    /// Vanishes: both pipes are closed at once. What is left is the server's process.
    pub(crate) fn vanish(self) -> Child {
        self.child
    }
}
