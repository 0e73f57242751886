//! Approvals as agents' own MCP packages show them: a program that reads and then writes twenty times is one question in either era, and a
//! client that cannot ask has nothing called.

use crate::approvals::Home;
use crate::clients::{in_python, in_typescript, printed};
use serde_json::{Value, json};
use std::process::Command;

/// Reads, then writes twenty times at once; what came of each write.
const PYTHON: &str = "
await faulty.count()
sent = await asyncio.gather(*(faulty.echo(text=f'to {i}') for i in range(20)), return_exceptions=True)
[s['text'] if isinstance(s, dict) else f'{type(s).__name__} {s.code}' for s in sent]
";
const TYPESCRIPT: &str = "
await faulty.count();
const sent = await Promise.allSettled(Array.from({ length: 20 }, (_, i: number) => faulty.echo({ text: `to ${i}` })));
return sent.map((s) => s.status === 'fulfilled' ? s.value.text : `${s.reason.name} ${s.reason.code}`);
";

/// The one question: every call with its tool and its argument.
fn question() -> String {
    let call = |i: usize| {
        let (number, why) = (i + 1, "Asked because it changes something and no rule allows it.");
        format!("\n{number}. faulty.echo (write, external)\n     text = \"to {i}\"\n   {why}\n")
    };
    let calls: String = (0..20).map(call).collect();
    format!("A program wants to make these 20 calls:\n{calls}\nRead before: private (faulty), untrusted (faulty).\n")
}

/// A new conversation of a client that reads, which nobody is asked about, and then runs the program. `answer`: what a person says; without one
/// the client cannot ask. What came of each write, and what the person was asked.
fn run(home: &Home, mut client: Command, first: &Value, language: &str, answer: Option<&Value>) -> (Vec<String>, Value) {
    let code = if language == "python" { PYTHON } else { TYPESCRIPT };
    let mut steps = json!([{"language": language, "code": "await faulty.count()"}, {"language": language, "code": code}]);
    let mut read = json!({"text": ["1"], "error": false, "structured": null, "progress": []});
    if let Some(answer) = answer {
        (steps[0]["answers"], steps[1]["answers"], read["asked"]) = (json!([]), json!([answer]), json!([]));
    }
    let lines = printed(&home.place, &mut client, &["--config", &home.configuration], &steps);
    let [opened, before, ran] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((opened, before, &ran["error"]), (first, &read, &json!(false)), "{ran}");
    (serde_json::from_str(ran["text"][0].as_str().unwrap()).unwrap(), ran["asked"].clone())
}

/// Everything that a person can say to a client, and what it comes to.
fn every_answer(client: impl Fn() -> Command, first: &Value, language: &str) {
    let home = Home::new("");
    let each = |what: &str| vec![what.to_owned(); 20];
    let one = json!([question()]);
    assert_eq!(run(&home, client(), first, language, None), (each("ToolError needs_approval"), Value::Null));
    let deny = json!({"action": "accept", "content": {"decision": "deny", "reason": "not today"}});
    for no in [json!({"action": "decline"}), json!({"action": "cancel"}), deny] {
        assert_eq!(run(&home, client(), first, language, Some(&no)), (each("ToolError denied"), one.clone()), "{no}");
    }
    assert_eq!(home.echoes(), 0);
    let once = json!({"action": "accept", "content": {"decision": "once"}});
    let sent: Vec<String> = (0..20).map(|i| format!("to {i}")).collect();
    assert_eq!(run(&home, client(), first, language, Some(&once)), (sent, one));
    assert_eq!(home.echoes(), 20);
}

#[test]
fn the_python_client_asks_in_the_modern_era() {
    let first = json!({"protocol": "2026-07-28", "server": "cofferdam", "tools": ["execute"]});
    every_answer(|| in_python("auto"), &first, "python");
}

#[test]
fn the_python_client_asks_in_the_legacy_era() {
    let first = json!({"protocol": "2025-11-25", "server": "cofferdam", "tools": ["execute"]});
    every_answer(|| in_python("legacy"), &first, "python");
}

#[test]
fn the_typescript_client_asks() {
    every_answer(in_typescript, &json!({"server": "cofferdam", "tools": ["execute"]}), "typescript");
}
