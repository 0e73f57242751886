//! The page of `cofferdam approve --web` in a real browser: what a person reads there, and that each press of a button counts once.

use crate::approvals::{Home, Page};
use crate::connection::{Connection, Era};
use crate::place::{node, own};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Where Debian's package has it.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Chromium, and the script that drives it.
struct Browser {
    script: Child,
    steps: Option<ChildStdin>,
    seen: BufReader<ChildStdout>,
}

impl Browser {
    fn start(home: &Path) -> Self {
        let playwright = node("playwright-core");
        assert!(playwright.exists(), "{} is not there; run `cargo xtask test`, which installs it", playwright.display());
        let how = "run `cargo xtask test --install`, which installs it, or\n    sudo apt-get install --yes --no-install-recommends chromium";
        assert!(Path::new(CHROMIUM).exists(), "{CHROMIUM} is not there; {how}");
        let mut command = Command::new("node");
        command.arg(own("clients/page.mjs")).arg(playwright).arg(CHROMIUM).current_dir(home);
        command.env_clear().env("HOME", home).env("TMPDIR", home).env("PATH", std::env::var_os("PATH").unwrap());
        let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (steps, seen) = (script.stdin.take(), BufReader::new(script.stdout.take().unwrap()));
        Browser { script, steps, seen }
    }

    /// One step, and what was seen.
    fn step(&mut self, step: &Value) -> Value {
        writeln!(self.steps.as_mut().unwrap(), "{step}").unwrap();
        let mut line = String::new();
        self.seen.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the browser ended at {step}; its last words are above"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The script closes the browser when there are no more steps; it has a deadline of its own.
        drop(self.steps.take());
        let _reaped = self.script.wait();
    }
}

/// What would run where a page did not escape it.
const ATTACK: &str = "<script>alert(1)</script>";

/// Sends an attack, an entity, and a character that turns text around.
const SEND: &str = "text = '<script>alert(1)</script> &lt; \u{202e}evil'\n(await faulty.echo(text=text))['text'] == text";
const SHOWN: &str = r#"A program wants to make this call:

1. faulty.echo (write, external)
     text = "<script>alert(1)</script> &lt; \u{202e}evil"
   Asked because it changes something and no rule allows it.

Nothing was read before.
The model says that it is for: "<b>thanks</b>""#;
const PROGRAM: &str = r"text = '<script>alert(1)</script> &lt; \u{202e}evil'
(await faulty.echo(text=text))['text'] == text";

#[test]
fn the_page_in_a_browser_shows_calls_as_text_and_each_answer_counts_once() {
    let home = Home::new("approval = \"60s\"");
    let page = Page::open(&home);
    let mut browser = Browser::start(home.place.path());
    assert_eq!(browser.step(&json!({"attack": ATTACK})), json!({"dialog": "1"}));
    let door = browser.step(&json!({"open": format!("http://{}/", page.address)}));
    assert_eq!(door["shown"], "What waits for you\nThe code that your terminal shows:  Open");
    let inside = browser.step(&json!({"code": page.code}));
    assert_eq!(inside["shown"], "What waits for you\n\nNothing waits for you.");

    let mut server = Connection::open(home.child(), Era::Modern);
    let id = server.call(json!({"code": SEND, "intent": "<b>thanks</b>"}));
    let read = browser.step(&json!({"read": true}));
    assert_eq!(read, json!({"question": SHOWN, "closed": true, "program": PROGRAM, "scripts": 0, "dialogs": []}));
    assert_eq!(home.echoes(), 0);
    let once = browser.step(&json!({"answer": "These calls, once"}));
    assert_eq!(once, json!({"status": "once", "left": 0}));
    assert_eq!((server.shown(id).text.as_str(), home.echoes()), ("true", 1));

    // The page that is open finds the next question by itself.
    let id = server.call(json!({"code": "try: await faulty.echo(text='a')\nexcept ToolError as e: print(e.code, e)"}));
    let read = browser.step(&json!({"read": true}));
    assert!(read["question"].as_str().unwrap().contains("\n     text = \"a\"\n"), "{read}");
    let denied = browser.step(&json!({"answer": "Deny", "reason": "not <today> & not \"so\""}));
    assert_eq!(denied, json!({"status": "deny", "left": 0}));
    let told = "denied faulty.echo: a person did not allow this call: not <today> & not \"so\"; it was not sent [denied]\n";
    assert_eq!((server.shown(id).text.as_str(), home.echoes()), (told, 1));
}
