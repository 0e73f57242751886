//! `[files]` and `[env]` in both languages, through the binary: what is granted is there, and no way leads further.

use crate::connection::{Connection, Era};
use crate::place::Place;
use serde_json::{Value, json};
use std::os::unix::fs::symlink;

/// A home with a granted directory, a secret beside it, and links from one to the other.
fn place(access: &str, more: &str) -> (Place, Connection) {
    let place = Place::new();
    place.write("data/a.txt", "granted");
    place.write("data/sub/b.txt", "too");
    let secret = place.write("secret.txt", "secret");
    symlink(&secret, place.path().join("data/absolute")).unwrap();
    symlink("../secret.txt", place.path().join("data/relative")).unwrap();
    symlink("..", place.path().join("data/up")).unwrap();
    // On the host the links lead to the secret: the attacks below have something to reach.
    for link in ["data/absolute", "data/relative", "data/up/secret.txt"] {
        assert_eq!(std::fs::read_to_string(place.path().join(link)).unwrap(), "secret");
    }
    let data = place.path().join("data");
    place.write(".config/cofferdam/cofferdam.toml", format!("[files]\n\"/data\" = {{ path = {data:?}, access = \"{access}\" }}\n{more}"));
    let server = place.serve(Era::Modern, &[]);
    (place, server)
}

/// What of these programs succeeds: each adds its number to `done`.
fn done(server: &mut Connection, language: &str, attempts: &[&str]) -> Value {
    let code: String = match language {
        "python" => {
            attempts.iter().enumerate().fold("import os, shutil\ndone = []\n".to_owned(), |code, (at, attempt)| {
                format!("{code}try:\n    {attempt}\n    done.append({at})\nexcept OSError:\n    pass\n")
            }) + "done"
        }
        _ => {
            attempts.iter().enumerate().fold("const fs = require('fs'); const done = [];\n".to_owned(), |code, (at, attempt)| {
                format!("{code}try {{ {attempt}; done.push({at}) }} catch {{ }}\n")
            }) + "return done"
        }
    };
    serde_json::from_str(&server.run(language, &code)).unwrap()
}

const PYTHON_ESCAPES: [&str; 8] = [
    "open('/data/../secret.txt').read()",
    "open('/data/absolute').read()",
    "open('/data/relative').read()",
    "open('/data/up/secret.txt').read()",
    "os.listdir('/data/up')",
    "os.symlink('/data/../secret.txt', '/workspace/l1'); open('/workspace/l1').read()",
    "os.symlink('../../../../../../secret.txt', '/workspace/l2'); open('/workspace/l2').read()",
    "open('/data/../data/../secret.txt', 'w').write('x')",
];
const JAVASCRIPT_ESCAPES: [&str; 5] = [
    "fs.readFileSync('/data/../secret.txt')",
    "fs.readFileSync('/data/absolute')",
    "fs.readFileSync('/data/relative')",
    "fs.readFileSync('/data/up/secret.txt')",
    "fs.readdirSync('/data/up')",
];

#[test]
fn a_directory_to_read_is_read_and_never_changed() {
    let (place, mut server) = place("read", "");
    assert_eq!(
        server.run("python", "import os\nopen('/data/a.txt').read() + ' ' + open('/data/sub/b.txt').read() + ' ' + os.getcwd()"),
        "granted too /workspace"
    );
    assert_eq!(server.run("javascript", "return require('fs').readFileSync('/data/a.txt', 'utf8')"), "granted");
    let writes = [
        "open('/data/a.txt', 'w')",
        "open('/data/new', 'x')",
        "open('/data/a.txt', 'r+').write('x')",
        "os.truncate('/data/a.txt', 0)",
        "os.remove('/data/a.txt')",
        "os.rename('/data/a.txt', '/data/c.txt')",
        "os.rename('/data/a.txt', '/workspace/c.txt')",
        "os.link('/data/a.txt', '/workspace/d.txt')",
        "os.mkdir('/data/d')",
        "os.symlink('a.txt', '/data/l')",
        "os.rmdir('/data/sub')",
        "os.utime('/data/a.txt', (1, 1))",
    ];
    assert_eq!(done(&mut server, "python", &writes), json!([]));
    let writes =
        ["fs.writeFileSync('/data/a.txt', 'x')", "fs.appendFileSync('/data/a.txt', 'x')", "fs.unlinkSync('/data/a.txt')", "fs.mkdirSync('/data/d')"];
    assert_eq!(done(&mut server, "javascript", &writes), json!([]));
    assert_eq!(done(&mut server, "python", &PYTHON_ESCAPES), json!([]));
    assert_eq!(done(&mut server, "javascript", &JAVASCRIPT_ESCAPES), json!([]));
    let mut names: Vec<_> = std::fs::read_dir(place.path().join("data")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.txt", "absolute", "relative", "sub", "up"]);
    assert_eq!(std::fs::read_to_string(place.path().join("data/a.txt")).unwrap(), "granted");
}

#[test]
fn a_directory_to_write_is_written_and_nothing_beside_it() {
    let (place, mut server) = place("write", "");
    server.run("python", "open('/data/new.txt', 'w').write('p')\nopen('/data/a.txt', 'a').write('!')");
    server.run("javascript", "const fs = require('fs'); fs.mkdirSync('/data/d'); fs.writeFileSync('/data/d/js.txt', 'j')");
    for (file, text) in [("new.txt", "p"), ("a.txt", "granted!"), ("d/js.txt", "j")] {
        assert_eq!(std::fs::read_to_string(place.path().join("data").join(file)).unwrap(), text);
    }
    assert_eq!(done(&mut server, "python", &PYTHON_ESCAPES), json!([]));
    assert_eq!(done(&mut server, "javascript", &JAVASCRIPT_ESCAPES), json!([]));
    let writes = [
        "open('/data/relative', 'w').write('x')",
        "open('/data/up/secret.txt', 'w').write('x')",
        "os.rename('/data/new.txt', '/data/up/stolen.txt')",
        "os.symlink('../secret.txt', '/data/l3'); open('/data/l3', 'w').write('x')",
    ];
    assert_eq!(done(&mut server, "python", &writes), json!([]));
    assert_eq!(std::fs::read_to_string(place.path().join("secret.txt")).unwrap(), "secret");
    assert!(!place.path().join("stolen.txt").exists());
    // Where the operator lets programs change nothing, nothing is changed here either.
    let mut server = place.serve(Era::Modern, &["--read-only"]);
    assert_eq!(done(&mut server, "python", &["open('/data/a.txt').read()", "open('/data/a.txt', 'w')"]), json!([0]));
}

#[test]
fn who_may_read_a_directory_has_its_labels_from_the_start() {
    let rule = "[[http.rules]]\nallow = [\"GET http://localhost:1/**\"]\n";
    let code = "try:\n    await fetch('http://localhost:1/')\nexcept ToolError as e:\n    out = e.code\nout";
    let (place, mut server) = place("read", rule);
    assert_eq!(server.run("python", code), "needs_approval");
    let data = place.path().join("data");
    place.write(".config/cofferdam/cofferdam.toml", format!("[files]\n\"/data\" = {{ path = {data:?}, access = \"read\", data = [] }}\n{rule}"));
    // Allowed by what was read, and then refused because of where the name leads. The context is another one.
    let mut server = place.serve(Era::Modern, &[]);
    assert_eq!(server.run("python", code), "denied");
}

#[test]
fn open_files_and_grants_last_in_a_session() {
    let (place, mut server) = place("write", "");
    let first =
        server.execute(json!({"session": "new", "code": "f = open('/workspace/w.txt', 'w+')\nf.write('w')\ng = open('/data/a.txt')\ng.read(3)"}));
    let handle = crate::sessions::handle(&first.text);
    // The next server restores the session from its checkpoint.
    server.kill();
    let mut server = place.serve(Era::Modern, &[]);
    let text = server.execute(json!({"session": handle, "code": "f.seek(0)\nf.read() + open('/data/sub/b.txt').read()"})).text;
    assert!(text.starts_with("wtoo"), "{text}");
}

#[test]
fn what_is_granted_is_shown_and_a_run_that_had_it_is_not_repeated() {
    let (place, server) = place("read", "[env]\nREGION = \"eu\"\n");
    drop(server);
    let run = |arguments: &[&str]| {
        let output = place.command().args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (_, shown) = run(&["policy", "show"]);
    let path = place.path().canonicalize().unwrap().join("data");
    let grants = format!(
        "directories that programs may use\n  /data           read   {}; labels: untrusted (file:/data), private (file:/data)\n",
        path.display()
    );
    assert!(shown.contains(&grants) && shown.contains("\nvariables that programs see\n  REGION=eu\n"), "{shown}");
    assert_eq!(run(&["run", "-e", "open('/data/a.txt').read()"]).1.trim(), "granted");
    let (_, log) = run(&["log", "--limit", "1", "--json"]);
    let id = serde_json::from_str::<Value>(&log).unwrap()[0]["run"].as_str().unwrap().to_owned();
    let (code, text) = run(&["replay", &id]);
    let why = "not replayable: it could read directories of the host, which may hold something else by now";
    assert_eq!((code, text.lines().next()), (Some(3), Some(why)));
}

#[test]
fn variables_are_seen_in_both_languages() {
    let place = Place::new();
    place.write(".config/cofferdam/cofferdam.toml", "[env]\nREGION = \"eu\"");
    let mut server = place.serve(Era::Modern, &[]);
    assert_eq!(server.run("python", "import os\nos.environ['REGION'] + os.environ['HOME']"), "eu/workspace");
    assert_eq!(server.run("javascript", "return process.env.REGION + process.env.HOME"), "eu/workspace");
}
