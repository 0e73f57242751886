//! The operator stops a principal: its programs end, none begins, in any server, until it is lifted.

use crate::connection::{Connection, Era, Shown};
use crate::place::{ALLOW, FAILURES, Place, built};
use serde_json::json;
use std::time::Instant;

const STOPPED: &str = "the operator stopped all programs: it deletes too much. Only the operator can allow them again";

fn serve(place: &Place) -> Connection {
    let faulty = json!(built("examples/faulty_server"));
    let log = json!(place.path().join("calls.log"));
    let table = format!("[servers.faulty]\ncommand = {faulty}\nargs = [\"normal\"]\nenv = {{ TEST_LOG = {log} }}\n");
    let file = place.write("cofferdam.toml", format!("{ALLOW}{FAILURES}{table}"));
    place.serve(Era::Modern, &["--config", file.to_str().unwrap()])
}

/// Runs `cofferdam stop`: what it prints.
fn stop(place: &Place, arguments: &[&str]) -> String {
    let output = place.command().arg("stop").args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Waits until the upstream was called this often.
fn called(place: &Place, tool: &str, times: usize) {
    let (begin, line) = (Instant::now(), format!("tools/call {tool}"));
    while std::fs::read_to_string(place.path().join("calls.log")).unwrap_or_default().lines().filter(|said| **said == line).count() < times {
        assert!(begin.elapsed().as_secs() < 60, "it was never called");
    }
}

#[test]
fn programs_of_a_stopped_principal_end_and_none_begins_until_it_is_lifted() {
    let place = Place::new();
    let (mut one, mut other) = (serve(&place), serve(&place));
    let busy = "stopped: the run was ended, because ";
    let busy = format!("{busy}{STOPPED}\nCalls already made, not undone: faulty.echo");
    let waits = format!("stopped: the run was ended, because {STOPPED}\nCalls whose fate is unknown: faulty.slow");
    // One program computes for ever, in either language; one waits for an upstream that never answers.
    let python = one.call(json!({"code": "await faulty.echo(text='a')\nwhile True: pass"}));
    let javascript = other.call(json!({"language": "javascript", "code": "await faulty.echo({text: 'a'});\nwhile (true);"}));
    let waiting = other.call(json!({"code": "await faulty.slow()"}));
    called(&place, "echo", 2);
    called(&place, "slow", 1);
    let printed = stop(&place, &["--reason", "it deletes too much"]);
    assert_eq!(printed, "local is stopped: its programs end now, and no other one begins until `cofferdam stop --lift local`\n");
    let begin = Instant::now();
    assert_eq!(one.shown(python), Shown { text: busy.clone(), is_error: true });
    println!("a program that computes ended {:?} after the command", begin.elapsed());
    assert_eq!(other.shown(javascript), Shown { text: busy, is_error: true });
    assert_eq!(other.shown(waiting), Shown { text: waits, is_error: true });
    // Neither here, nor there, nor in a server that starts now.
    let refused = Shown { text: format!("refused before it ran (stopped): {STOPPED}"), is_error: true };
    for server in [&mut one, &mut other, &mut serve(&place)] {
        assert_eq!(server.execute(json!({"code": "await faulty.echo(text='b')"})), refused);
    }
    // Somebody else's stop is somebody else's.
    stop(&place, &["somebody"]);
    let lifted = "local may run programs again; what was approved for it before has to be approved again\n";
    assert_eq!(stop(&place, &["--lift"]), lifted);
    for server in [&mut one, &mut other] {
        assert_eq!(server.run("python", "(await faulty.echo(text='c'))['text']"), "c");
    }
    called(&place, "echo", 4);
    let again = place.command().args(["stop", "--lift"]).output().unwrap();
    assert_eq!((again.status.code(), &*again.stderr), (Some(2), &b"cofferdam: \"local\" is not stopped\n"[..]));
}

#[test]
fn a_session_goes_on_from_before_the_run_that_was_stopped() {
    let place = Place::new();
    let mut server = serve(&place);
    let begun = server.execute(json!({"session": "new", "code": "n = 1\nn"}));
    let session = begun.text.rsplit_once("[session ").unwrap().1.trim_end_matches(']').to_owned();
    let running = server.call(json!({"session": session, "code": "n = 2\nawait faulty.echo(text='a')\nwhile True: pass"}));
    called(&place, "echo", 1);
    stop(&place, &[]);
    let shown = server.shown(running);
    let words = "stopped: the run was ended, because the operator stopped all programs. Only the operator can allow them again\n\
                 Calls already made, not undone: faulty.echo\nSession: variables are as they were before this run; files are as it left them.";
    assert_eq!(shown, Shown { text: words.to_owned(), is_error: true });
    stop(&place, &["--lift"]);
    assert_eq!(server.execute(json!({"session": session, "code": "n"})), Shown { text: "1".to_owned(), is_error: false });
}
