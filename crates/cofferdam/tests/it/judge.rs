//! The operator's judge: what it blocks does not run, or is not shown; one that gives no answer has allowed nothing.

use crate::approvals::{accept, legacy};
use crate::connection::{Connection, Era, Shown};
use crate::place::{ALLOW, FAILURES, Place, built, modern, own};
use crate::sessions::command;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;

/// A value that is taken out of everything.
const SECRET: &str = "f3a9c1d0b7e24586a0c9e1d2";

/// An upstream that writes down its calls, and this judge, if any.
fn configuration(place: &Place, judge: &str) -> String {
    let outbox = json!(built("examples/faulty_server"));
    let log = json!(place.path().join("outbox.log"));
    let servers = format!("[servers.outbox]\ncommand = {outbox}\nargs = [\"normal\"]\nenv = {{ TEST_LOG = {log}, TEST_WORD = \"{SECRET}\" }}\n");
    place.write("cofferdam.toml", format!("{ALLOW}{FAILURES}{servers}{judge}\n")).to_str().unwrap().to_owned()
}

fn serve(place: &Place, judge: &str) -> Connection {
    place.serve(Era::Modern, &["--config", &configuration(place, judge)])
}

/// A judge that is a command.
fn judge(place: &Place, how: &str, when: &str) -> String {
    let line = json!([modern("python"), own("servers/judge.py"), how, place.path().join("seen")]);
    let timeout = if how == "slow" { "500ms" } else { "60s" };
    format!("[judge]\ncommand = {line}\nwhen = \"{when}\"\ntimeout = \"{timeout}\"\n")
}

/// How often the outbox was called.
fn sent(place: &Place) -> usize {
    std::fs::read_to_string(place.path().join("outbox.log")).unwrap_or_default().lines().filter(|line| *line == "tools/call echo").count()
}

/// What the judge was shown.
fn seen(place: &Place) -> Vec<Value> {
    let text = std::fs::read_to_string(place.path().join("seen")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Programs that say the word, and those that put it together when they run; each sends it and shows it in every way there is.
const PROGRAMS: [(&str, &str, &str); 2] = [
    (
        "python",
        "await outbox.echo(text='SECRET-PLAN')\n'done'",
        "word = 'SECRET-' + 'PLAN'\nawait outbox.echo(text=word)\nartifacts.save(word, [1])\ntry: await getattr(outbox, word)()\nexcept ToolError: progress(5, 9, word)\nprint(word)\nword",
    ),
    (
        "javascript",
        "await outbox.echo({text: 'SECRET-PLAN'}); return 'done'",
        "const word = 'SECRET-' + 'PLAN'; await outbox.echo({text: word}); artifacts.save(word, [1]); try { await outbox[word]() } catch { progress(5, 9, word) } console.log(word); return word",
    ),
];

const BLOCKED: &str = "refused before it ran (judge_blocked): the operator's judge does not allow it";
const WITHHELD: &str = "the outcome is withheld (judge_blocked): the operator's judge does not allow it\nCalls already made, not undone: outbox.echo";
const UNANSWERED: &str = "the operator's judge gave no answer, so a person has to look at it; the operator finds the reason in the log";

#[test]
fn what_it_blocks_does_not_run() {
    for (language, says, _) in PROGRAMS {
        // Without a judge the call is made.
        let place = Place::new();
        assert_eq!(serve(&place, "").run(language, says), "done");
        assert_eq!(sent(&place), 1);
        let mut server = serve(&place, &judge(&place, "words", "before"));
        assert_eq!(server.execute(json!({"language": language, "code": says})), Shown { text: BLOCKED.to_owned(), is_error: true });
        assert_eq!(sent(&place), 1);
        // Another program runs, and its outcome is not looked at.
        assert_eq!(server.run(language, "'SECRET-' + 'PLAN'"), "SECRET-PLAN");
        drop(server);
        let stages: Vec<Value> = seen(&place).iter().map(|one| one["stage"].clone()).collect();
        assert_eq!(stages, ["before", "before"]);
        let (_, runs, _) = command(&place, &["log", "--json"]);
        let runs: Value = serde_json::from_str(&runs).unwrap();
        assert_eq!(runs[1]["fate"], json!({"fate": "refused", "code": "judge_blocked"}));
        let (_, shown, _) = command(&place, &["log", "show", runs[1]["run"].as_str().unwrap()]);
        assert!(shown.contains("judged    the judge blocked the program: because of SECRET-PLAN\n"), "{shown}");
    }
}

#[test]
fn an_outcome_that_it_blocks_is_shown_in_no_way() {
    for (language, _, hides) in PROGRAMS {
        let place = Place::new();
        // Without a judge the word is in the text, among the artifacts and in the progress.
        let mut server = serve(&place, "");
        let ask = |server: &mut Connection| {
            let meta = json!({"progressToken": "p"});
            let id = server.request("tools/call", json!({"name": "execute", "arguments": {"language": language, "code": hides}, "_meta": meta}));
            let answer = server.answer(id);
            (answer["result"].clone(), Value::from(server.notifications.clone()).to_string())
        };
        let (answer, progress) = ask(&mut server);
        assert!(progress.contains("SECRET-PLAN") && answer["content"][1].to_string().contains("SECRET-PLAN"), "{answer} {progress}");
        // A tool that there is not can be called all the same.
        assert!(answer["_meta"].to_string().contains("SECRET-PLAN"), "{answer}");
        let mut server = serve(&place, &judge(&place, "words", "both"));
        let (answer, progress) = ask(&mut server);
        assert_eq!((&answer["content"], &answer["isError"]), (&json!([{"type": "text", "text": WITHHELD}]), &json!(true)));
        assert!(!answer.to_string().contains("SECRET-PLAN") && !progress.contains("SECRET-PLAN"), "{answer} {progress}");
        // The benign twin.
        assert_eq!(server.run(language, "'PUBLIC-' + 'PLAN'"), "PUBLIC-PLAN");
    }
}

#[test]
fn one_that_gives_no_answer_has_allowed_nothing() {
    for how in ["slow", "crash", "nonsense", "maybe", "huge"] {
        let place = Place::new();
        let mut server = serve(&place, &judge(&place, how, "before"));
        let text = format!("refused before it ran (needs_approval): {UNANSWERED}");
        assert_eq!(server.execute(json!({"code": PROGRAMS[0].1})), Shown { text, is_error: true }, "{how}");
        assert_eq!((sent(&place), seen(&place).len()), (0, 1), "{how}");
        let mut server = serve(&place, &judge(&place, how, "after"));
        let text = format!("the outcome is withheld (needs_approval): {UNANSWERED}\nCalls already made, not undone: outbox.echo");
        assert_eq!(server.execute(json!({"code": PROGRAMS[0].1})), Shown { text, is_error: true }, "{how}");
        assert_eq!((sent(&place), seen(&place).len()), (1, 2), "{how}");
    }
    let place = Place::new();
    let mut server = serve(&place, "[judge]\ncommand = [\"/no/such/judge\"]\n");
    let text = format!("refused before it ran (needs_approval): {UNANSWERED}");
    assert_eq!(server.execute(json!({"code": "1"})), Shown { text, is_error: true });
}

#[test]
fn where_it_gives_no_answer_a_person_can() {
    for (when, question) in [
        (
            "before",
            "1. execute: program (write, external)\n     language = \"python\"\n     program = \"await outbox.echo(text='SECRET-PLAN')\\n'done'\"\n",
        ),
        ("after", "1. execute: outcome (write, external)\n     outcome = \"done\"\n"),
    ] {
        let place = Place::new();
        let file = configuration(&place, &judge(&place, "nonsense", when));
        let child = place.command().args(["serve", "--config", &file]).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut server = Connection::asking(child, Era::Legacy);
        let arguments = json!({"code": PROGRAMS[0].1});
        let made = usize::from(when == "after");
        let (shown, asked) = legacy(&mut server, arguments.clone(), &json!({"action": "decline"}));
        let text = if when == "before" { "refused before it ran (denied)" } else { "the outcome is withheld (denied)" };
        assert!(
            shown.is_error && shown.text.starts_with(&format!("{text}: the operator's judge gave no answer, and a person did not allow it")),
            "{shown:?}"
        );
        assert_eq!(sent(&place), made);
        assert!(asked.contains(&format!("{question}   Asked because your judge gave no answer.\n")), "{asked}");
        let (shown, _) = legacy(&mut server, arguments, &accept("once"));
        assert_eq!(shown, Shown { text: "done".to_owned(), is_error: false });
        assert_eq!(sent(&place), made + 1);
    }
}

#[test]
fn it_is_shown_the_run_without_secrets_and_given_no_environment() {
    let place = Place::new();
    let mut server = serve(&place, &judge(&place, "words", "both"));
    let code = format!("import os\nx = '{SECRET}'\nprint(await outbox.word())\neval('1') + len(await outbox.echo(text='a'))");
    assert_eq!(server.execute(json!({"code": code, "intent": format!("to try {SECRET}")})).text, "[secret removed]\n2");
    let seen = seen(&place);
    assert!(!Value::from(seen.clone()).to_string().contains(SECRET), "{seen:?}");
    let [before, after] = seen.as_slice() else { panic!("{seen:?}") };
    let program = code.replace(SECRET, "[secret removed]");
    let about = |stage: &str| json!([stage, "python", "to try [secret removed]", program, "local"]);
    for (one, stage) in [(before, "before"), (after, "after")] {
        assert_eq!(json!([one["stage"], one["language"], one["intent"], one["program"], one["principal"]]), about(stage));
        // Python adds the second where there is no locale.
        let environment: Vec<&str> = one["environment"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert!(environment.contains(&"PATH") && environment.iter().all(|name| ["PATH", "LC_CTYPE"].contains(name)), "{environment:?}");
    }
    assert_eq!(before["flags"], json!([]));
    assert_eq!(after["outcome"], json!({"text": "[secret removed]\n2", "bytes": 18, "ending": "value"}));
    let calls = json!([{"tool": "outbox.word", "ok": true, "read_only": false}, {"tool": "outbox.echo", "ok": true, "read_only": false}]);
    assert_eq!(after["calls"], calls);
}

#[test]
fn it_need_not_read_what_it_is_shown() {
    let place = Place::new();
    let mut server = serve(&place, &judge(&place, "deaf", "both"));
    assert_eq!(server.run("python", &format!("x = '{}'\nlen(x)", "a".repeat(200_000))), "200000");
}

/// An endpoint that gives these answers, one to each request; what it was sent.
fn endpoint(answers: &'static [&'static str]) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/judge", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let serve = |answer: &&str| {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut text, mut chunk) = (String::new(), [0; 4096]);
            while !text.ends_with('}') {
                let read = stream.read(&mut chunk).unwrap();
                text.push_str(std::str::from_utf8(&chunk[..read]).unwrap());
            }
            stream.write_all(answer.as_bytes()).unwrap();
            text
        };
        answers.iter().map(serve).collect()
    });
    (url, thread)
}

#[test]
fn it_may_be_an_endpoint() {
    let place = Place::new();
    let (url, thread) = endpoint(&[
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 20\r\n\r\n{\"verdict\": \"allow\"}",
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 20\r\n\r\n{\"verdict\": \"block\"}",
        "HTTP/1.1 500 No\r\nconnection: close\r\ncontent-length: 20\r\n\r\n{\"verdict\": \"allow\"}",
        // Whoever it leads to is not the judge.
        "HTTP/1.1 307 Go\r\nconnection: close\r\nlocation: /other\r\ncontent-length: 20\r\n\r\n{\"verdict\": \"allow\"}",
    ]);
    let mut server = serve(&place, &format!("[judge]\nurl = \"{url}\"\nwhen = \"before\"\ntimeout = \"60s\"\n"));
    assert_eq!(server.run("python", "1 + 1"), "2");
    assert_eq!(server.execute(json!({"code": "1"})).text, BLOCKED);
    for _ in 0..2 {
        assert_eq!(server.execute(json!({"code": "1"})).text, format!("refused before it ran (needs_approval): {UNANSWERED}"));
    }
    let sent = thread.join().unwrap();
    assert!(sent[0].starts_with("POST /judge HTTP/1.1\r\n") && sent[0].contains("\"program\":\"1 + 1\""), "{}", sent[0]);
}
