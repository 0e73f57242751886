//! The server over standard input and output: how it ends. Where guests are not built it does not start, and says so.

use crate::cofferdam;
use crate::place::Place;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

#[test]
fn without_guests_the_server_says_what_to_do_and_keeps_standard_output_clean() {
    let home = tempfile::tempdir().unwrap();
    let mut child = cofferdam(home.path()).stdin(Stdio::piped()).spawn().unwrap();
    let _ended_already = child.stdin.take().unwrap().write_all(b"{}\n");
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*output.stdout), (Some(5), &b""[..]), "{errors}");
    assert!(errors.contains("cofferdam guests build") || errors.contains("cargo xtask guests"), "{errors}");
}

/// A server that was sent these calls of `execute`, numbered from 1 after the handshake.
fn asked(place: &Place, programs: &[&str]) -> Child {
    let arguments = ["serve", "--config", place.path().join("c.toml").to_str().unwrap()].map(str::to_owned);
    place.write("c.toml", "[limits]\nwall = \"4s\"\n");
    let mut child = place.command().args(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let client = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "pipe", "version": "1"}});
    let mut text = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": client}).to_string() + "\n";
    text += "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n";
    for (id, code) in (1..).zip(programs) {
        let params = json!({"name": "execute", "arguments": {"code": code}});
        text += &(json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string() + "\n");
    }
    child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    child
}

/// What was answered to the calls, by id.
fn answers(output: &[u8]) -> Vec<(u64, String)> {
    let lines = std::str::from_utf8(output).unwrap().lines();
    let answers = lines.map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|answer| answer["id"] != 0);
    let mut answers: Vec<(u64, String)> =
        answers.map(|answer| (answer["id"].as_u64().unwrap(), answer["result"]["content"][0]["text"].as_str().unwrap().to_owned())).collect();
    answers.sort();
    answers
}

#[test]
fn a_client_that_closes_its_input_gets_its_answers() {
    let place = Place::new();
    let mut child = asked(&place, &["await asyncio.sleep(1.5)\n'slow'", "'quick'", "await asyncio.sleep(3600)"]);
    drop(child.stdin.take());
    let begin = Instant::now();
    let output = child.wait_with_output().unwrap();
    let deadline = "deadline: the program was ended after 4 s, its limit. Do less per run, or make calls side by side";
    let expected = [(1, "slow"), (2, "quick"), (3, deadline)].map(|(id, text)| (id, text.to_owned()));
    assert_eq!(answers(&output.stdout), expected);
    assert!(output.status.success(), "{output:?}");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

#[test]
fn a_signal_ends_at_once_what_a_closed_input_does_not() {
    let place = Place::new();
    let mut child = asked(&place, &["print('begun', flush=True)\nawait asyncio.sleep(3600)"]);
    drop(child.stdin.take());
    // The handshake's answer: the server is up. Then the run gets a moment to begin.
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(child.try_wait().unwrap(), None, "it did not wait for the run");
    let begin = Instant::now();
    let sent = std::process::Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id())]).status().unwrap();
    assert!(sent.success());
    assert!(child.wait().unwrap().success());
    assert!(begin.elapsed() < Duration::from_millis(2800), "{:?}", begin.elapsed());
}
