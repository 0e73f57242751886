//! What is said of programs before they run: flags are recorded, and refuse only where the operator forbids them.

use crate::connection::Shown;
use crate::place::Place;
use crate::sessions::{command, serve};
use serde_json::{Value, json};

/// A program of each language that evaluates a text which nobody wrote, and gets 42 by it.
const EVALUATING: [(&str, &str); 3] =
    [("python", "n = '6*7'\neval(n)"), ("javascript", "const n = '6*7';\neval(n)"), ("typescript", "const n: string = '6*7';\neval(n)")];

fn document(place: &Place, arguments: &[&str]) -> Value {
    let (code, text, errors) = command(place, arguments);
    assert_eq!((code, errors.as_str()), (0, ""));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn flags_are_recorded_with_the_run_and_refuse_nothing() {
    let place = Place::new();
    let mut server = serve(&place, "");
    for (language, program) in EVALUATING {
        assert_eq!(server.run(language, program), "42");
    }
    assert_eq!(server.run("python", "().__class__.__base__.__subclasses__()[0].__name__"), "type");
    drop(server);
    let runs = document(&place, &["log", "--json"]);
    let runs: Vec<&str> = runs.as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap()).collect();
    let evaluates = json!([{"kind": "dynamic_evaluation", "what": "eval", "line": 2}]);
    let escapes = json!([{"kind": "escape_idiom", "what": "__subclasses__", "line": 1}]);
    let flags: Vec<Value> = runs.iter().map(|run| document(&place, &["log", "show", run, "--json"])["lines"][0]["flags"].clone()).collect();
    assert_eq!(flags, [evaluates.clone(), evaluates.clone(), evaluates, escapes]);
    let (_, text, _) = command(&place, &["log", "show", runs[0]]);
    assert!(text.lines().any(|line| line.trim() == "flagged   dynamic_evaluation in line 2: eval"), "{text}");
}

#[test]
fn what_the_operator_forbids_does_not_run() {
    let place = Place::new();
    let mut server = serve(&place, "[programs]\nforbid = [\"dynamic_evaluation\", \"escape_idiom\"]\n");
    for (language, program) in EVALUATING {
        let text = "refused before it ran (forbidden): line 2: `eval` is forbidden by the operator's policy (dynamic_evaluation); write the code itself \
                    out, and read data with json.loads or JSON.parse";
        assert_eq!(server.execute(json!({"language": language, "code": program})), Shown { text: text.to_owned(), is_error: true });
    }
    let text = "refused before it ran (forbidden): line 1: `ctypes` is forbidden by the operator's policy (escape_idiom); use the servers, `tools`, \
                `artifacts`, `fetch` and /workspace, which are all that there is";
    assert_eq!(server.execute(json!({"code": "import ctypes"})), Shown { text: text.to_owned(), is_error: true });
    // The benign twin does the same without.
    assert_eq!(server.run("python", "n = '[6, 7]'\nimport json\na, b = json.loads(n)\na * b"), "42");
    drop(server);
    let runs = document(&place, &["log", "--json"]);
    let fates: Vec<&Value> = runs.as_array().unwrap().iter().map(|run| &run["fate"]).collect();
    let refused = json!({"fate": "refused", "code": "forbidden"});
    assert_eq!(fates, [&refused, &refused, &refused, &refused, &json!({"fate": "ended", "outcome": "value"})]);
}
