//! Calls that a person has to allow: asked once for all that wait, in every way that a client knows, and carried out once, as they were shown.

use crate::connection::{Connection, Era, Shown};
use crate::place::{FAILURES, Place, built, own};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A home with the misbehaving server, of which `count` was accepted as a read that stays here, and `echo` as a write.
pub(crate) struct Home {
    pub(crate) place: Place,
    pub(crate) configuration: String,
}

impl Home {
    pub(crate) fn new(more: &str) -> Self {
        let place = Place::new();
        let (server, log) = (json!(built("examples/faulty_server")), json!(place.path().join("server.log")));
        let text = format!("{FAILURES}{more}\n[servers.faulty]\ncommand = {server}\nargs = [\"normal\"]\nenv = {{ TEST_LOG = {log} }}\n");
        let configuration = place.write("c/cofferdam.toml", text).to_str().unwrap().to_owned();
        let home = Home { place, configuration };
        for (accept, effect, external) in [("faulty.count", "read", "no"), ("faulty.swap", "read", "no"), ("faulty.echo", "write", "yes")] {
            let out =
                home.cofferdam(&["lock", "--accept", accept, "--effect", effect, "--external", external]).stdout(Stdio::null()).status().unwrap();
            assert!(out.success());
        }
        home
    }

    pub(crate) fn cofferdam(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.place.command();
        command.args(arguments).args(["--config", &self.configuration]);
        command
    }

    pub(crate) fn child(&self) -> Child {
        self.cofferdam(&["serve"]).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// How often `echo` was called.
    pub(crate) fn echoes(&self) -> usize {
        let log = std::fs::read_to_string(self.place.path().join("server.log")).unwrap_or_default();
        log.lines().filter(|line| *line == "tools/call echo").count()
    }

    /// What waits, as scripts see it.
    fn waiting(&self) -> Vec<Value> {
        let output = self.cofferdam(&["approve", "--json"]).output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap().as_array().unwrap().clone()
    }
}

/// Reads, then writes twenty times at once: one question.
const PYTHON: &str = "
import asyncio
n = await faulty.count()
sent = await asyncio.gather(*(faulty.echo(text=f'to {i}') for i in range(20)), return_exceptions=True)
[s if isinstance(s, dict) else str(s) for s in sent][:2]
";
const JAVASCRIPT: &str = "
await faulty.count();
const sent = await Promise.allSettled(Array.from({length: 20}, (_, i) => faulty.echo({text: `to ${i}`})));
return sent.map(s => s.value ?? s.reason.message).slice(0, 2);
";
const SENT: &str = r#"[{"text":"to 0"},{"text":"to 1"}]"#;

/// Answers the question of a legacy client, which must be the only one; what a model is then shown, and the question.
pub(crate) fn legacy(server: &mut Connection, arguments: Value, result: &Value) -> (Shown, String) {
    let id = server.call(arguments);
    let question = server.asked();
    assert_eq!(question["method"], "elicitation/create");
    server.send_line(json!({"jsonrpc": "2.0", "id": question["id"], "result": result}).to_string().as_bytes());
    let shown = server.shown(id);
    assert!(server.notifications.iter().all(|message| message["id"].is_null()), "there was a second question");
    (shown, question["params"]["message"].as_str().unwrap().to_owned())
}

/// The same for a modern client.
fn modern(server: &mut Connection, arguments: &Value, result: &Value) -> (Shown, String) {
    let id = server.call(arguments.clone());
    let needed = server.answer(id)["result"].clone();
    assert_eq!(needed["resultType"], "input_required", "{needed}");
    let id = again(server, arguments, &needed["requestState"], result);
    let message = needed["inputRequests"]["approval"]["params"]["message"].as_str().unwrap().to_owned();
    (server.shown(id), message)
}

fn again(server: &mut Connection, arguments: &Value, state: &Value, result: &Value) -> u64 {
    let params = json!({"name": "execute", "arguments": arguments, "requestState": state, "inputResponses": {"approval": result}});
    server.request("tools/call", params)
}

pub(crate) fn accept(decision: &str) -> Value {
    json!({"action": "accept", "content": {"decision": decision}})
}

#[test]
fn a_program_that_reads_is_not_asked_about_and_its_writes_are_one_question() {
    for (language, code) in [("python", PYTHON), ("javascript", JAVASCRIPT)] {
        let home = Home::new("");
        let mut server = Connection::asking(home.child(), Era::Legacy);
        assert_eq!(server.run(language, "await faulty.count()"), "1");
        let arguments = json!({"language": language, "code": code, "intent": "tell \u{202e}them"});
        let (shown, question) = legacy(&mut server, arguments.clone(), &accept("once"));
        assert_eq!((shown.text.as_str(), home.echoes()), (SENT, 20));
        assert!(
            question.starts_with("A program wants to make these 20 calls:\n\n1. faulty.echo (write, external)\n     text = \"to 0\"\n"),
            "{question}"
        );
        assert!(
            question.contains(
                "\n20. faulty.echo (write, external)\n     text = \"to 19\"\n   Asked because it changes something and no rule allows it.\n"
            ),
            "{question}"
        );
        assert!(
            question.contains("\nRead before: private (faulty), untrusted (faulty).\n")
                || question.contains("\nRead before: untrusted (faulty), private (faulty).\n"),
            "{question}"
        );
        // What would turn the text around is written out.
        assert!(question.ends_with("The model says that it is for: \"tell \\\\u{202e}them\"\n"), "{question}");
        let mut server = Connection::asking(home.child(), Era::Modern);
        let (shown, _) = modern(&mut server, &arguments, &accept("once"));
        assert_eq!((shown.text.as_str(), home.echoes()), (SENT, 40));
    }
}

/// The program that the design counts questions by: a list of work, a register, and a message to each of twenty people.
#[test]
fn three_upstreams_and_twenty_recipients_are_one_question() {
    let _built = built("shop");
    let shop = |name: &str| format!("[servers.{name}]\ncommand = \"shop\"\nargs = [\"--serve\", \"{name}\"]\n");
    let home = Home::new(&format!("\n{}{}", shop("orders"), shop("crm")));
    for read in ["orders.list_orders", "crm.list_customers"] {
        let accepted = home.cofferdam(&["lock", "--accept", read, "--effect", "read", "--external", "no"]).stdout(Stdio::null()).status().unwrap();
        assert!(accepted.success());
    }
    let code = "
import asyncio
placed, register = await asyncio.gather(orders.list_orders(limit=1000), crm.list_customers(limit=20))
of = {c['id']: sum(o['customer_id'] == c['id'] for o in placed['orders']) for c in register['customers']}
sent = await asyncio.gather(*(faulty.echo(text=f'customer {id}: {n} orders') for id, n in of.items()))
len(sent)
";
    let mut server = Connection::asking(home.child(), Era::Legacy);
    let (shown, question) = legacy(&mut server, json!({"code": code}), &accept("once"));
    assert_eq!((shown.text.as_str(), home.echoes()), ("20", 20));
    for origin in ["private (crm)", "private (orders)", "untrusted (crm)", "untrusted (orders)"] {
        assert!(question.contains(origin), "{question}");
    }
}

#[test]
fn a_no_reaches_the_program_with_its_reason() {
    let home = Home::new("");
    let arguments = json!({"code": "try: await faulty.echo(text='a')\nexcept ToolError as e: print(e.code, e)"});
    let denied = "denied faulty.echo: a person did not allow this call: not today; it was not sent [denied]\n";
    let no = json!({"action": "accept", "content": {"decision": "deny", "reason": "not today"}});
    let mut server = Connection::asking(home.child(), Era::Legacy);
    assert_eq!(legacy(&mut server, arguments.clone(), &no).0.text, denied);
    let mut server = Connection::asking(home.child(), Era::Modern);
    assert_eq!(modern(&mut server, &arguments, &no).0.text, denied);
    let declined = "denied faulty.echo: a person did not allow this call; it was not sent [denied]\n";
    assert_eq!(modern(&mut server, &arguments, &json!({"action": "decline"})).0.text, declined);
    assert_eq!(home.echoes(), 0);
}

#[test]
fn an_answer_counts_once_and_for_nothing_else() {
    let home = Home::new("");
    let mut server = Connection::asking(home.child(), Era::Modern);
    let arguments = json!({"code": "await faulty.echo(text='a')"});
    let id = server.call(arguments.clone());
    let needed = server.answer(id)["result"].clone();
    let state = &needed["requestState"];
    // Another program, another state, no state of ours: nothing is sent.
    for (arguments, state) in
        [(json!({"code": "await faulty.echo(text='b')"}), state.clone()), (arguments.clone(), json!("0".repeat(32))), (arguments.clone(), json!(""))]
    {
        let id = again(&mut server, &arguments, &state, &accept("once"));
        let message = server.answer(id)["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("no run of this request waits under this requestState"), "{message}");
    }
    // What is not an answer leaves the question open.
    for wrong in [accept("always"), json!({"action": "accept"}), json!({"action": "perhaps"}), json!(1)] {
        let id = again(&mut server, &arguments, state, &wrong);
        assert_eq!(server.answer(id)["error"]["code"], -32602, "{wrong}");
    }
    let id = server.request("tools/call", json!({"name": "execute", "arguments": arguments, "requestState": state}));
    assert_eq!(server.answer(id)["result"]["requestState"], *state);
    assert_eq!(home.echoes(), 0);
    let id = again(&mut server, &arguments, state, &accept("once"));
    assert_eq!(server.shown(id).text, r#"{"text":"a"}"#);
    // The same answer again gets the same reply, and no second call.
    let id = again(&mut server, &arguments, state, &accept("once"));
    assert_eq!((server.shown(id).text.as_str(), home.echoes()), (r#"{"text":"a"}"#, 1));
    // The next call is another question.
    let id = server.call(arguments);
    assert_eq!(server.answer(id)["result"]["resultType"], "input_required");
}

#[test]
fn lasting_answers_count_for_what_they_say_in_this_conversation() {
    let home = Home::new("");
    let mut server = Connection::asking(home.child(), Era::Legacy);
    let echo = |text: &str| json!({"code": format!("await faulty.echo(text='{text}')")});
    legacy(&mut server, echo("a"), &accept("same-arguments"));
    assert_eq!(server.execute(echo("a")).text, r#"{"text":"a"}"#);
    // Other arguments are another question; the edge then holds for all arguments.
    legacy(&mut server, echo("b"), &accept("edge"));
    assert_eq!(server.execute(echo("c")).text, r#"{"text":"c"}"#);
    // Not in a session, and not for another conversation.
    legacy(&mut server, json!({"code": "await faulty.echo(text='a')", "session": "new"}), &accept("once"));
    let mut other = Connection::open(home.child(), Era::Legacy);
    assert!(other.execute(echo("a")).is_error);
}

#[test]
fn a_tool_that_changes_while_a_person_thinks_is_not_called() {
    let home = Home::new("");
    let mut server = Connection::asking(home.child(), Era::Legacy);
    let code = "
import asyncio
async def ask():
    try: return await faulty.echo(text='a')
    except ToolError as error: return error.code
asked = asyncio.create_task(ask())
await asyncio.sleep(0)
await faulty.swap()
await asked
";
    let (shown, _) = legacy(&mut server, json!({"code": code}), &accept("once"));
    assert_eq!((shown.text.as_str(), home.echoes()), ("tool_quarantined", 0));
}

#[test]
fn without_a_client_that_asks_the_call_fails_and_a_later_yes_counts_for_the_next_try() {
    let home = Home::new("");
    let mut server = Connection::open(home.child(), Era::Modern);
    let echo = json!({"code": "await faulty.echo(text='a')"});
    let refused = "faulty.echo: a person has to allow this call; it was not sent [needs_approval]";
    assert!(server.execute(echo.clone()).text.ends_with(refused));
    let waiting = home.waiting();
    assert_eq!((waiting.len(), &waiting[0]["calls"][0]["args"], &waiting[0]["waits"]), (1, &json!({"text": "a"}), &json!(false)));
    // Not a terminal: nothing can be answered here.
    let output = wrapped(&home.cofferdam(&["approve"]), "setsid", &["--wait"]).stdin(Stdio::null()).output().unwrap();
    let told = "cofferdam: answers are taken on a terminal, or on the page of `cofferdam approve --web`\n";
    assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stderr)), (Some(1), told));
    let mut page = Page::open(&home);
    page.enter();
    page.answer(&waiting[0], "once");
    assert_eq!(server.execute(echo.clone()).text, r#"{"text":"a"}"#);
    assert!(server.execute(echo).text.ends_with(refused));
    assert_eq!(home.echoes(), 1);
}

/// The same command started by a program that takes it as its last arguments.
fn wrapped(command: &std::process::Command, program: &str, arguments: &[&str]) -> std::process::Command {
    let mut outer = std::process::Command::new(program);
    outer.args(arguments).arg(command.get_program()).args(command.get_args());
    outer.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer.current_dir(command.get_current_dir().unwrap());
    outer
}

#[test]
fn a_yes_on_the_terminal_needs_the_code_and_a_guesser_is_sent_away() {
    let home = Home::new("");
    let mut server = Connection::open(home.child(), Era::Modern);
    let echo = json!({"code": "await faulty.echo(text='a')"});
    assert!(server.execute(echo.clone()).is_error);
    let talk = |lines: &str| {
        let terminal = own("clients/terminal.py");
        let output = wrapped(&home.cofferdam(&["approve"]), "python3", &[terminal.to_str().unwrap(), "or skip: ", lines]).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n"))
    };
    let (code, seen) = talk("once\n12345 once\nCODE1 once");
    assert_eq!(code, Some(1), "{seen}");
    assert!(seen.contains("1. faulty.echo (write, external)\n     text = \"a\"\n"), "{seen}");
    assert!(seen.ends_with("three codes were wrong: nothing more is answered; start the command again\n"), "{seen}");
    assert_eq!(home.waiting().len(), 1);
    assert!(server.execute(echo.clone()).is_error);
    // Each of the two tries left a question.
    let (code, seen) = talk("CODE once\nskip");
    assert_eq!(code, Some(0), "{seen}");
    assert_eq!(server.execute(echo).text, r#"{"text":"a"}"#);
    assert_eq!(home.echoes(), 1);
}

#[test]
fn a_run_waits_for_the_page_where_the_operator_lets_it_and_its_clock_stands_still() {
    let home = Home::new("wall = \"3s\"\napproval = \"60s\"");
    let mut server = Connection::open(home.child(), Era::Modern);
    let mut other = Connection::open(home.child(), Era::Modern);
    assert_eq!(other.run("python", "1"), "1");
    let id = server.call(json!({"code": "await faulty.echo(text='<script>alert(1)</script>')"}));
    let begun = Instant::now();
    let waiting = loop {
        let waiting = home.waiting();
        if !waiting.is_empty() && begun.elapsed() > Duration::from_secs(4) {
            break waiting;
        }
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(200));
    };
    let mut page = Page::open(&home);
    page.enter();
    let shown = page.get();
    assert!(shown.contains("text = &quot;&lt;script&gt;alert(1)&lt;/script&gt;&quot;"), "{shown}");
    assert!(!shown.contains("<script"), "{shown}");
    page.answer(&waiting[0], "always");
    assert_eq!(server.shown(id).text, r#"{"text":"<script>alert(1)</script>"}"#);
    let text = std::fs::read_to_string(&home.configuration).unwrap();
    assert!(text.contains("[[rules]]\ntools = [\"faulty.echo\"]\neffect = \"allow\"\n"), "{text}");
    // The rule counts for everybody: who asked, who runs beside it, who starts next.
    for server in [&mut server, &mut other, &mut Connection::open(home.child(), Era::Modern)] {
        assert_eq!(server.run("python", "await faulty.echo(text='b')"), r#"{"text":"b"}"#);
    }
}

#[test]
fn the_page_is_closed_to_whoever_does_not_know_the_code() {
    let home = Home::new("");
    let mut server = Connection::open(home.child(), Era::Modern);
    server.execute(json!({"code": "await faulty.echo(text='a')"}));
    let waiting = home.waiting();
    let mut page = Page::open(&home);
    assert!(!page.get().contains("faulty.echo"));
    let body = format!("token=x&id={}&decision=once", waiting[0]["id"].as_str().unwrap());
    assert!(page.post("/answer", &body, &[]).starts_with("HTTP/1.1 403 "));
    // Another site's page, and a name that was made to point here.
    let code = format!("code={}", page.code);
    assert!(page.post("/code", &code, &[("Origin", "http://evil.example")]).starts_with("HTTP/1.1 403 "));
    let host = std::mem::replace(&mut page.host, "evil.example".to_owned());
    assert!(page.post("/code", &code, &[]).starts_with("HTTP/1.1 403 "));
    page.host = host;
    page.enter();
    // Inside, a form without its token counts for nothing, and a code opens once.
    assert!(page.post("/answer", &body, &[]).starts_with("HTTP/1.1 403 "));
    assert!(page.post("/code", &code, &[]).starts_with("HTTP/1.1 403 "));
    assert_eq!(home.waiting().len(), 1);
    for _ in 0..4 {
        page.post("/code", "code=nothing", &[]);
    }
    assert_eq!(page.process.wait().unwrap().code(), Some(1));
}

/// `cofferdam approve --web` and a browser reduced to the wire.
pub(crate) struct Page {
    process: Child,
    _output: BufReader<std::process::ChildStdout>,
    pub(crate) address: String,
    host: String,
    pub(crate) code: String,
    cookie: String,
}

impl Page {
    pub(crate) fn open(home: &Home) -> Self {
        let mut process = home.cofferdam(&["approve", "--web"]).stderr(Stdio::null()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = || {
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            line.trim().to_owned()
        };
        let address = line().strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
        let code = line().strip_prefix("code ").unwrap().to_owned();
        Page { process, _output: output, host: address.clone(), address, code, cookie: String::new() }
    }

    fn send(&self, head: &str, body: &str, more: &[(&str, &str)]) -> String {
        let mut stream = std::net::TcpStream::connect(&self.address).unwrap();
        let more: String = more.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let form = "Content-Type: application/x-www-form-urlencoded";
        let (host, cookie, length) = (&self.host, &self.cookie, body.len());
        write!(
            stream,
            "{head} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n{form}\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    fn get(&self) -> String {
        self.send("GET /", "", &[])
    }

    fn post(&self, path: &str, body: &str, more: &[(&str, &str)]) -> String {
        self.send(&format!("POST {path}"), body, more)
    }

    /// Comes in with the code.
    fn enter(&mut self) {
        let reply = self.post("/code", &format!("code={}", self.code), &[]);
        assert!(reply.starts_with("HTTP/1.1 303 "), "{reply}");
        let cookie = reply.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
        self.cookie = cookie.split(';').next().unwrap().to_owned();
    }

    /// Presses a button.
    fn answer(&self, question: &Value, decision: &str) {
        let page = self.get();
        let token = page.split_once("name=token value=").unwrap().1.split('>').next().unwrap();
        let id = question["id"].as_str().unwrap();
        let reply =
            self.post("/answer", &format!("token={token}&id={id}&decision={decision}&reason="), &[("Origin", &format!("http://{}", self.host))]);
        assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}
