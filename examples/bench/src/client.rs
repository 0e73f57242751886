//! A stdio MCP client that adds as little as it can to what is measured: one blocking thread, one line of JSON out, one line in. No async
//! runtime and no queue between it and the pipe. Only the revision with `initialize` is spoken.

use anyhow::{Context, Result, bail, ensure};
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

/// How long a server may be silent: longer than any single measurement, short enough that a hang is noticed.
const SILENCE: Duration = Duration::from_secs(120);

/// How long a server may take to end when its input is closed.
const FAREWELL: Duration = Duration::from_secs(10);

/// A server process and the connection to it. Killed when it is dropped.
pub(crate) struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    received: Vec<u8>,
    last_id: u64,
}

impl Client {
    /// Starts a server, without a word to it.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().with_context(|| format!("{command:?}"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("the server has no standard output")?;
        Ok(Client { child, input, output, received: Vec::new(), last_id: 0 })
    }

    /// Starts a server and greets it.
    pub(crate) fn connect(command: &mut Command) -> Result<Self> {
        let mut client = Self::start(command)?;
        client.greet()?;
        Ok(client)
    }

    /// The handshake.
    pub(crate) fn greet(&mut self) -> Result<()> {
        let about = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "cofferdam-bench", "version": "1"}});
        self.request("initialize", &about)?;
        self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
    }

    /// The server's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends one request and waits for its result.
    pub(crate) fn request(&mut self, method: &str, params: &Value) -> Result<Value> {
        let sent = self.submit(method, params)?;
        let (id, result) = self.reply()?;
        ensure!(id == sent, "a reply to request {id} instead of {sent}");
        Ok(result)
    }

    /// Sends one request; its reply comes from [`Client::reply`].
    pub(crate) fn submit(&mut self, method: &str, params: &Value) -> Result<u64> {
        self.last_id += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}))?;
        Ok(self.last_id)
    }

    /// The next reply, whichever request it is to.
    pub(crate) fn reply(&mut self) -> Result<(u64, Value)> {
        loop {
            let line = self.line()?;
            let mut message: Value = serde_json::from_slice(&line).context("the server sent something that is not JSON")?;
            if let Some(error) = message.get("error") {
                bail!("the server refused: {error}");
            }
            // Notifications are none of our business.
            if let Some(id) = message["id"].as_u64().filter(|_| message.get("result").is_some()) {
                return Ok((id, message["result"].take()));
            }
        }
    }

    /// Calls a tool of a server and throws the result away.
    pub(crate) fn call(&mut self, tool: &str) -> Result<()> {
        let result = self.request("tools/call", &json!({"name": tool, "arguments": {}}))?;
        ensure!(result["isError"] != true, "{tool} failed: {result}");
        Ok(())
    }

    /// Runs one program.
    pub(crate) fn run(&mut self, language: &str, code: &str) -> Result<Run> {
        self.execute(&execute(language, code))
    }

    /// Runs one program in a session: `new`, a handle, or `fork:HANDLE`.
    pub(crate) fn run_in(&mut self, session: &str, language: &str, code: &str) -> Result<Run> {
        let mut params = execute(language, code);
        params["arguments"]["session"] = session.into();
        self.execute(&params)
    }

    fn execute(&mut self, params: &Value) -> Result<Run> {
        let sent = Instant::now();
        let result = self.request("tools/call", params)?;
        Run::read(&result, sent.elapsed())
    }

    /// Ends the server as a client does, and waits for it, so that it does not disturb what is measured next.
    pub(crate) fn end(mut self) -> Result<()> {
        drop(self.input.take());
        let closed = Instant::now();
        while self.child.try_wait()?.is_none() {
            ensure!(closed.elapsed() < FAREWELL, "the server did not end when its input was closed");
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        // In one write: a second one would be a second wake-up of the server.
        self.input.as_mut().context("the connection is closed")?.write_all(&line).context("the server is gone")
    }

    fn line(&mut self) -> Result<Vec<u8>> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.received[searched..].iter().position(|byte| *byte == b'\n') {
                let rest = self.received.split_off(searched + end + 1);
                return Ok(std::mem::replace(&mut self.received, rest));
            }
            searched = self.received.len();
            self.wait()?;
            let mut chunk = [0; 65536];
            let n = self.output.read(&mut chunk)?;
            ensure!(n > 0, "the server ended");
            self.received.extend_from_slice(&chunk[..n]);
        }
    }

    /// Waits until there is something to read.
    fn wait(&self) -> Result<()> {
        let timeout = Timespec::try_from(SILENCE)?;
        loop {
            match poll(&mut [PollFd::new(&self.output, PollFlags::IN)], Some(&timeout)) {
                Ok(0) => bail!("the server said nothing for {} s", SILENCE.as_secs()),
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // After `end` both fail, and that is well.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// The parameters of one `execute`.
pub(crate) fn execute(language: &str, code: &str) -> Value {
    json!({"name": "execute", "arguments": {"code": code, "language": language}})
}

/// How a program ended.
pub(crate) struct Run {
    /// What the model would see.
    pub(crate) text: String,
    /// From the request to its reply.
    pub(crate) seen: Duration,
    /// What the server says the run took: bind, turn, outcome.
    pub(crate) inside_ms: f64,
    /// All that the server says of it.
    figures: Value,
}

impl Run {
    /// A program that fails makes every figure worthless, so it is an error here.
    pub(crate) fn read(result: &Value, seen: Duration) -> Result<Self> {
        let text = result["content"][0]["text"].as_str().unwrap_or_default().trim().to_owned();
        ensure!(result["isError"] != true, "a program failed: {text}");
        let figures = result["_meta"]["cofferdam/run"].clone();
        let inside_ms = figures["wall_ms"].as_f64().context("the reply has no figures in _meta")?;
        Ok(Run { text, seen, inside_ms, figures })
    }

    /// The session that it ran in.
    pub(crate) fn session(&self) -> Result<String> {
        self.figures["session"].as_str().map(str::to_owned).context("the run was in no session")
    }

    /// One of the server's figures of the run, in milliseconds.
    pub(crate) fn server_ms(&self, name: &str) -> Result<f64> {
        self.figures[name].as_f64().with_context(|| format!("the reply has no {name}: {}", self.figures))
    }

    /// The figure that the program printed.
    pub(crate) fn figure(&self) -> Result<f64> {
        self.text.parse().with_context(|| format!("not a number: {:?}", self.text))
    }
}
