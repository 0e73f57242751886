//! What an upstream was given to keep, and gives away: it is not shown, not kept and not logged.

use crate::connection::{Connection, Era};
use crate::place::{ALLOW, FAILURES, Place, built};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Stdio;

const WORD: &str = "correct horse \"battery\" staple";
const REMOVED: &str = "[secret removed]";

/// How the word comes to the upstream. One that is written out under a name that says nothing does not count: the layer is off.
const GIVEN: &str = "${WORD}";
const OFF: &str = WORD;

fn configuration(place: &Place, mode: &str, word: &str) -> String {
    let server = json!(built("examples/faulty_server"));
    let table = format!("[servers.faulty]\ncommand = {server}\nargs = [\"{mode}\"]\nenv = {{ TEST_WORD = {} }}\n", json!(word));
    place.write("cofferdam.toml", format!("{ALLOW}{FAILURES}{table}")).to_str().unwrap().to_owned()
}

fn serve(place: &Place, word: &str) -> Connection {
    let file = configuration(place, "normal", word);
    let mut command = place.command();
    command.args(["serve", "--log", "info", "--config", &file]).env("WORD", WORD).stdin(Stdio::piped());
    Connection::open(command.stderr(fs::File::create(place.path().join("log")).unwrap()).spawn().unwrap(), Era::Modern)
}

/// The word as it is, and as JSON writes it.
fn written() -> [String; 2] {
    [WORD.to_owned(), json!(WORD).to_string().trim_matches('"').to_owned()]
}

/// The files below a directory that hold the word.
fn holding(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(holding(&entry.path()));
        } else if let Ok(bytes) = fs::read(entry.path())
            && written().iter().any(|word| bytes.windows(word.len()).any(|part| part == word.as_bytes()))
        {
            found.push(entry.path().display().to_string());
        }
    }
    found
}

/// Gives the word away in many ways: what is shown, and the answer as a whole.
fn give_away(server: &mut Connection, language: &str, code: &str) -> (String, String) {
    let arguments = json!({"language": language, "code": code, "intent": format!("print {WORD}")});
    let id = server.request("tools/call", json!({"name": "execute", "arguments": arguments, "_meta": {"progressToken": 1}}));
    let answer = server.answer(id);
    let all = Value::Array(server.notifications.clone()).to_string() + &answer.to_string();
    (answer["result"]["content"][0]["text"].as_str().unwrap().to_owned(), all)
}

const PYTHON: &str = r#"
import base64, pathlib
word = await faulty.word()
try:
    await getattr(faulty, word)()
except ToolError as error:
    print("error:", error)
print("printed:", word, base64.b64encode(f"user:{word}".encode()).decode())
print("split: " + word[:9] + "\x1b[0m" + word[9:])
progress(1, message=word)
artifacts.save("kept " + word[:10], {"word": word})
pathlib.Path("file").write_text("x" * ((1 << 18) - 5) + word)
artifacts.save("long", pathlib.Path("file"))
{"value": word, "list": [word, 1]}
"#;

const JAVASCRIPT: &str = r#"
const word = await faulty.word();
try { await faulty[word]() } catch (error) { console.log("error:", error.message) }
console.log("printed:", word, Buffer.from(`user:${word}`).toString("base64"));
console.log("split: " + word.slice(0, 9) + "\u001b[0m" + word.slice(9));
progress(1, undefined, word);
artifacts.save("kept " + word.slice(0, 10), { word });
fs.writeFileSync("file", "x".repeat((1 << 18) - 5) + word);
artifacts.save("long", artifacts.file("file"));
({ value: word, list: [word, 1] })
"#;

#[test]
fn what_an_upstream_gives_away_is_neither_shown_nor_kept_nor_logged() {
    for (language, code) in [("python", PYTHON), ("javascript", JAVASCRIPT)] {
        // With the layer off it is shown, kept and logged.
        let place = Place::new();
        let (text, all) = give_away(&mut serve(&place, OFF), language, code);
        assert!(text.contains(&format!("printed: {WORD} ")) && text.contains(&format!("split: {WORD}\n")), "{text}");
        assert!(all.contains("notifications/progress"), "{all}");
        assert!(holding(place.path()).len() >= 4, "{:?}", holding(place.path()));

        let place = Place::new();
        let mut server = serve(&place, GIVEN);
        let (text, all) = give_away(&mut server, language, code);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("error:") && lines[0].contains(REMOVED), "{text}");
        // Before it stands what was encoded with it, after it the digits that pad it.
        let encoded = lines[1].strip_prefix("printed: [secret removed] ").unwrap_or_else(|| panic!("{text}"));
        assert!(encoded.starts_with("dXNlcj") && encoded.contains(REMOVED) && encoded.len() < REMOVED.len() + 12, "{text}");
        assert_eq!(lines[2..], ["split: [secret removed]", r#"{"value":"[secret removed]","list":["[secret removed]",1]}"#]);
        assert!(all.contains("notifications/progress") && written().iter().all(|word| !all.contains(word)), "{all}");
        for (artifact, end) in [("kept correct ho", r#"{"word":"[secret removed]"}"#), ("long", "xxx[secret removed]")] {
            let output = place.command().args(["artifacts", "cat", artifact]).output().unwrap();
            let content = String::from_utf8(output.stdout).unwrap();
            assert!(content.ends_with(end), "{}", &content[content.len().saturating_sub(80)..]);
        }
        // The program itself has it whole: this keeps accidents from becoming leaks, and no more.
        let length = if language == "python" { "len(await faulty.word())" } else { "(await faulty.word()).length" };
        assert_eq!(server.run(language, length), WORD.len().to_string());
        drop(server);
        assert_eq!(holding(place.path()), Vec::<String>::new());
        assert!(fs::read_to_string(place.path().join("log")).unwrap().contains("intent=\"print [secret removed]\""));
    }
}

#[test]
fn an_error_that_tells_a_secret_is_shown_without_it() {
    let place = Place::new();
    let mut server = serve(&place, GIVEN);
    let shown = server.execute(json!({"code": "raise ValueError(await faulty.word())"}));
    assert!(shown.is_error && shown.text.contains("\nValueError: [secret removed]\n"), "{}", shown.text);
    let shown = server.execute(json!({"language": "javascript", "code": "throw new Error(await faulty.word())"}));
    assert!(shown.is_error && shown.text.contains("Error: [secret removed]"), "{}", shown.text);
}

#[test]
fn doctor_shows_what_a_server_complained_of_without_its_secrets() {
    let place = Place::new();
    let complaint = |word: &str, arguments: &[&str]| {
        let file = configuration(&place, "crash_at_start", word);
        let output = place.command().args(["doctor", "--config", &file]).args(arguments).env("WORD", WORD).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(complaint(OFF, &[]).contains(&format!("was given {WORD}")));
    for arguments in [&[][..], &["--json"]] {
        let text = complaint(GIVEN, arguments);
        assert!(text.contains("was given [secret removed]"), "{text}");
    }
}
