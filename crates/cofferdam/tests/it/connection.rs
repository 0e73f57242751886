//! A client reduced to the wire: JSON-RPC lines over the pipes of `cofferdam serve`, in either era of the protocol.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long any answer may take, on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Which protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// With `initialize`.
    Legacy,
    /// Without.
    Modern,
}

/// One connection. The server ends with it.
pub(crate) struct Connection {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    era: Era,
    last: u64,
    answers: BTreeMap<u64, Value>,
    /// Notifications and requests of the server, in their order.
    pub(crate) notifications: Vec<Value>,
    /// What the client says that it can.
    capabilities: Value,
}

/// What a model is shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) is_error: bool,
}

impl Connection {
    pub(crate) fn open(child: Child, era: Era) -> Self {
        Connection::with(child, era, json!({}))
    }

    /// A client that can ask a person.
    pub(crate) fn asking(child: Child, era: Era) -> Self {
        Connection::with(child, era, json!({"elicitation": {}}))
    }

    fn with(mut child: Child, era: Era, capabilities: Value) -> Self {
        let output = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).all(|line| send.send(line).is_ok()));
        let input = child.stdin.take();
        let mut it = Connection { child, input, lines, era, last: 0, answers: BTreeMap::new(), notifications: Vec::new(), capabilities };
        if era == Era::Legacy {
            let client = json!({"name": "tests", "version": "1"});
            let id = it.request("initialize", json!({"protocolVersion": "2025-11-25", "capabilities": it.capabilities, "clientInfo": client}));
            assert_eq!(it.answer(id)["result"]["protocolVersion"], "2025-11-25");
            it.notify("notifications/initialized", &json!({}));
        }
        it
    }

    /// The server's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn send_line(&mut self, line: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(line).unwrap();
        input.write_all(b"\n").unwrap();
        input.flush().unwrap();
    }

    pub(crate) fn notify(&mut self, method: &str, params: &Value) {
        self.send_line(json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string().as_bytes());
    }

    /// Sends a request; its id.
    pub(crate) fn request(&mut self, method: &str, mut params: Value) -> u64 {
        self.last += 1;
        if self.era == Era::Modern {
            params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
            params["_meta"]["io.modelcontextprotocol/clientInfo"] = json!({"name": "tests", "version": "1"});
            params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = self.capabilities.clone();
        }
        self.send_line(json!({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}).to_string().as_bytes());
        self.last
    }

    /// Sends a call of `execute`; its id.
    pub(crate) fn call(&mut self, arguments: Value) -> u64 {
        self.request("tools/call", json!({"name": "execute", "arguments": arguments}))
    }

    /// The next message, whatever it is.
    pub(crate) fn message(&mut self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).expect("the server sent nothing more");
        let message: Value = serde_json::from_str(&line).expect("the server sent a line that is not JSON");
        assert_eq!(message.to_string(), line, "the server writes JSON as short as it can be");
        message
    }

    /// The answer to one request. What comes before it is kept.
    pub(crate) fn answer(&mut self, id: u64) -> Value {
        loop {
            if let Some(answer) = self.answers.remove(&id) {
                return answer;
            }
            let message = self.message();
            match message["id"].as_u64().filter(|_| message["method"].is_null()) {
                Some(id) => drop(self.answers.insert(id, message)),
                None => self.notifications.push(message),
            }
        }
    }

    /// The next request of the server.
    pub(crate) fn asked(&mut self) -> Value {
        loop {
            if let Some(at) = self.notifications.iter().position(|message| !message["id"].is_null()) {
                return self.notifications.remove(at);
            }
            let message = self.message();
            match message["id"].as_u64().filter(|_| message["method"].is_null()) {
                Some(id) => drop(self.answers.insert(id, message)),
                None => self.notifications.push(message),
            }
        }
    }

    /// The text of a call as a model is shown it; after it there may be links to artifacts.
    pub(crate) fn shown(&mut self, id: u64) -> Shown {
        let answer = self.answer(id);
        let result = &answer["result"];
        let (text, links) = result["content"].as_array().and_then(|content| content.split_first()).expect("there is a text");
        assert_eq!(text["type"], "text", "{answer}");
        assert!(links.iter().all(|link| link["type"] == "resource_link"), "{answer}");
        Shown { text: result["content"][0]["text"].as_str().unwrap().to_owned(), is_error: result["isError"] == true }
    }

    /// Calls `execute` and waits for what a model is shown.
    pub(crate) fn execute(&mut self, arguments: Value) -> Shown {
        let id = self.call(arguments);
        self.shown(id)
    }

    /// Runs a program that must succeed.
    pub(crate) fn run(&mut self, language: &str, code: &str) -> String {
        let Shown { text, is_error } = self.execute(json!({"language": language, "code": code}));
        assert!(!is_error, "{text}");
        text
    }

    /// Kills the server as the kernel would: it gets no say. What it had written before is still read.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// What a model is shown of a call, if the server still answered it.
    pub(crate) fn shown_if_answered(&mut self, id: u64) -> Option<Shown> {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            let message: Value = serde_json::from_str(&line).ok()?;
            self.answers.extend(message["id"].as_u64().map(|id| (id, message)));
        }
        self.answers.contains_key(&id).then(|| self.shown(id))
    }

    /// Nothing that happened before keeps the server from serving.
    #[track_caller]
    pub(crate) fn still_serves(&mut self) {
        assert_eq!(self.run("python", "1 + 1"), "2");
        assert_eq!(self.run("javascript", "1 + 1"), "2");
    }
}

impl Drop for Connection {
    /// The end of its input is the end of the server. One that does not end in time is killed.
    fn drop(&mut self) {
        drop(self.input.take());
        for _ in 0..200 {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
