//! The hijacked client, reduced to the wire: JSON-RPC lines over the pipes of a server. It speaks the protocol with `initialize`, and keeps every
//! line that it got.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

/// How long any answer may take, on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a server may take to end when its input is closed.
const FAREWELL: Duration = Duration::from_secs(10);

/// One connection. The server ends with it.
pub(crate) struct Client {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    last: u64,
    answers: BTreeMap<u64, Value>,
    /// What a person answers when the server asks one; `None`: nobody can be asked.
    answer: Option<Value>,
    /// Every line that the server sent.
    pub(crate) heard: String,
}

/// What a model is shown of a run.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) is_error: bool,
    /// The session that it ran in.
    pub(crate) session: Option<String>,
}

impl Client {
    /// Starts a server and greets it. Nobody can be asked anything.
    pub(crate) fn connect(command: &mut Command) -> Result<Self> {
        Client::open(command, None)
    }

    /// The same, with a person who gives `answer` to every question.
    pub(crate) fn with_person(command: &mut Command, answer: Value) -> Result<Self> {
        Client::open(command, Some(answer))
    }

    fn open(command: &mut Command, answer: Option<Value>) -> Result<Self> {
        let mut it = Client::silent(command, answer)?;
        let capabilities = if it.answer.is_some() { json!({"elicitation": {}}) } else { json!({}) };
        let about = json!({"protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": {"name": "attack", "version": "1"}});
        it.request("initialize", &about)?;
        it.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
        Ok(it)
    }

    /// Starts a server without a word to it: for the revision without `initialize`, whose requests say everything themselves.
    pub(crate) fn silent(command: &mut Command, answer: Option<Value>) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().with_context(|| format!("{command:?}"))?;
        let output = BufReader::new(child.stdout.take().context("the server has no standard output")?);
        let (send, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).all(|line| send.send(line).is_ok()));
        let input = child.stdin.take();
        Ok(Client { child, input, lines, last: 0, answers: BTreeMap::new(), answer, heard: String::new() })
    }

    /// The server's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends one request and waits for its answer: `result`, or an object with `error`.
    pub(crate) fn request(&mut self, method: &str, params: &Value) -> Result<Value> {
        let id = self.submit(method, params)?;
        self.wait(id)
    }

    /// Sends one request; its id, for [`Client::wait`].
    pub(crate) fn submit(&mut self, method: &str, params: &Value) -> Result<u64> {
        self.last += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}))?;
        Ok(self.last)
    }

    /// The answer to one request.
    pub(crate) fn wait(&mut self, id: u64) -> Result<Value> {
        loop {
            if let Some(mut answer) = self.answers.remove(&id) {
                return Ok(if answer["error"].is_null() { answer["result"].take() } else { answer });
            }
            let line = self.lines.recv_timeout(PATIENCE).context("the server sent nothing more")?;
            self.heard.push_str(&line);
            self.heard.push('\n');
            let message: Value = serde_json::from_str(&line).context("the server sent a line that is not JSON")?;
            match (message["id"].as_u64(), message["method"].as_str()) {
                (Some(id), None) => drop(self.answers.insert(id, message)),
                (_, Some("elicitation/create")) => {
                    let Some(result) = self.answer.clone() else { bail!("the server asked a person though it was told that there is none") };
                    self.send(&json!({"jsonrpc": "2.0", "id": message["id"], "result": result}))?;
                }
                _ => {}
            }
        }
    }

    /// Runs one program.
    pub(crate) fn run(&mut self, language: &str, code: &str) -> Result<Shown> {
        self.execute(&json!({"language": language, "code": code}))
    }

    /// Calls `execute` with these arguments.
    pub(crate) fn execute(&mut self, arguments: &Value) -> Result<Shown> {
        let result = self.request("tools/call", &json!({"name": "execute", "arguments": arguments}))?;
        let text = result["content"][0]["text"].as_str().map_or_else(|| result.to_string(), str::to_owned);
        let session = result["_meta"]["cofferdam/run"]["session"].as_str().map(str::to_owned);
        Ok(Shown { text, is_error: result["isError"] != false && !result["isError"].is_null(), session })
    }

    /// Runs a program of a benign twin, which must succeed; what it shows.
    pub(crate) fn succeed(&mut self, language: &str, code: &str) -> Result<String> {
        let shown = self.run(language, code)?;
        ensure!(!shown.is_error, "an honest program failed: {}", shown.text);
        Ok(shown.text)
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.input.as_mut().context("the connection is closed")?.write_all(&line).context("the server is gone")
    }
}

impl Drop for Client {
    /// The end of its input is the end of the server. One that does not end in time is killed.
    fn drop(&mut self) {
        drop(self.input.take());
        let closed = Instant::now();
        while closed.elapsed() < FAREWELL {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
