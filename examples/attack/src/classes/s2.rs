//! Secrets: what an upstream was given to keep, and gives away. It is not shown, not kept and not logged, in no usual writing.

use super::outbox::tool;
use crate::ground::WORD;
use crate::suite::{Class, Seen, Variant};
use crate::world::{ALLOW, World};
use anyhow::{Result, ensure};
use policy::{Layer, Threat};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// How a program gives it away, and what of it an attacker reads.
struct Way {
    name: &'static str,
    language: &'static str,
    code: &'static str,
    /// The writing in which it would be found.
    written: fn() -> String,
}

fn as_it_is() -> String {
    WORD.to_owned()
}

/// `user:` and the word, in Base64.
fn base64() -> String {
    "dXNlcjpwbHVtLWphbS00MTkwNy1vbi1yeWU=".to_owned()
}

fn hexadecimal() -> String {
    WORD.bytes().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn class() -> Class {
    let way = |name, language, code, written| Way { name, language, code, written };
    let ways = [
        way("printed", "python", "print('it is', await evil.word())", as_it_is as fn() -> String),
        way("the value", "python", "{'word': [await evil.word()]}", as_it_is),
        way("in Base64", "python", "import base64\nbase64.b64encode(b'user:' + (await evil.word()).encode()).decode()", base64),
        way("in hexadecimal digits", "python", "(await evil.word()).encode().hex()", hexadecimal),
        way("in an error", "python", "raise ValueError(await evil.word())", as_it_is),
        way("in an artifact", "python", "artifacts.save('kept', {'word': await evil.word()})", as_it_is),
        way("in the arguments of another call", "python", "await evil.note(text=await evil.word())\n1", as_it_is),
        way("in progress", "python", "progress(1, message=await evil.word())\nimport asyncio\nawait asyncio.sleep(0.2)", as_it_is),
        way("printed", "javascript", "console.log('it is', await evil.word())", as_it_is),
        way("the value", "javascript", "return {word: [await evil.word()]}", as_it_is),
        way("in Base64", "javascript", "return btoa('user:' + await evil.word())", base64),
        way("in an error", "javascript", "throw new Error(await evil.word())", as_it_is),
        way("in an artifact", "javascript", "artifacts.save('kept', {word: await evil.word()})", as_it_is),
        way("in the arguments of another call", "javascript", "await evil.note({text: await evil.word()}); return 1", as_it_is),
    ];
    Class { threat: Threat::S2, variants: ways.into_iter().map(given_away).collect() }
}

/// Files of the state that hold a text.
fn holding(directory: &Path, text: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(holding(&path, text)?);
        } else if fs::read(&path)?.windows(text.len()).any(|part| part == text.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    Ok(found)
}

fn start(world: &World) -> Result<crate::client::Client> {
    world.configure(ALLOW);
    let lists = json!([[tool("word", true, false), tool("note", true, false)]]);
    world.hostile("evil", &json!({"lists": lists, "answers": {"word": [{"text": WORD}]}}))?;
    // What it was given: under a name that says what it is.
    world.configure(&format!("env = {{ API_TOKEN = \"${{PANTRY_TOKEN:-{WORD}}}\" }}"));
    world.accept(&[])?;
    world.connect()
}

fn given_away(Way { name, language, code, written }: Way) -> Variant {
    let attack = move |world: &World| {
        let mut client = start(world)?;
        let arguments = json!({"language": language, "code": code, "intent": format!("say {WORD}")});
        let params = json!({"name": "execute", "arguments": arguments, "_meta": {"progressToken": 1}});
        let said: Value = client.request("tools/call", &params)?;
        let mut places = Vec::new();
        if client.heard.contains(&written()) {
            places.push("what the client heard".to_owned());
        }
        drop(client);
        places.extend(holding(&world.path().join(".local/state/cofferdam"), &written())?);
        Ok(Seen {
            landed: !places.is_empty(),
            effect: format!("the secret is in {}", if places.is_empty() { "nothing".to_owned() } else { places.join(", ") }),
            said: said.to_string(),
        })
    };
    // What looks like it is left alone.
    let twin = move |world: &World| {
        let shown = start(world)?
            .succeed(language, if language == "python" { "'plum-jam on rye, ' + 'x' * 20" } else { "return 'plum-jam on rye, ' + 'x'.repeat(20)" })?;
        ensure!(shown == "plum-jam on rye, xxxxxxxxxxxxxxxxxxxx", "shown: {shown}");
        Ok(())
    };
    Variant::new(format!("{name} ({language})"), Layer::Secrets, "", attack, twin).silent()
}
