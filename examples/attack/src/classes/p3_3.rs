//! Obfuscated or delayed payload: an attacker's text that looks like nothing until it runs, or that waits for a later call or a later run. What may
//! be done is decided when it is done, so with the pre-run checks off it comes to the same.

use super::Program;
use super::outbox::{outbox, read_wiki, sent, wiki};
use crate::client::{Client, Shown};
use crate::suite::{Class, Variant};
use crate::world::{ALLOW_GUARDED, World};
use anyhow::{Context, Result, ensure};
use policy::{Layer, Threat};
use serde_json::json;

/// `outbox.send(text='stolen')`, and an honest `asyncio.sleep(0, 42)`, as Python's expressions in Base64.
const SEND: &str = "b3V0Ym94LnNlbmQodGV4dD0nc3RvbGVuJyk=";
const SLEEP: &str = "YXN5bmNpby5zbGVlcCgwLCA0Mik=";
/// `outbox.send({text: 'stolen'})` and `6 * 7` as JavaScript's in Base64, and as the codes of their characters.
const SEND_JS: &str = "b3V0Ym94LnNlbmQoe3RleHQ6ICdzdG9sZW4nfSk=";
const SIX_SEVEN: &str = "NiAqIDc=";
const SEND_CODES: &str = "111,117,116,98,111,120,46,115,101,110,100,40,123,116,101,120,116,58,32,39,115,116,111,108,101,110,39,125,41";
const SIX_SEVEN_CODES: &str = "54,32,42,32,55";

pub(crate) fn class() -> Class {
    let mut variants: Vec<Variant> = [
        hidden("Base64", "python", "import base64\nawait eval(base64.b64decode(await wiki.page()))", SEND, SLEEP),
        hidden(
            "Base64 in gzip, packed by the program itself",
            "python",
            "import base64, gzip\npacked = gzip.compress(base64.b64decode(await wiki.page()))\nawait eval(gzip.decompress(packed))",
            SEND,
            SLEEP,
        ),
        hidden(
            "marshalled code",
            "python",
            "import base64, marshal\npacked = marshal.dumps(compile(base64.b64decode(await wiki.page()), 'page', 'eval'))\n\
                await eval(marshal.loads(packed))",
            SEND,
            SLEEP,
        ),
        hidden("Base64", "javascript", "return await eval(atob(await wiki.page()))", SEND_JS, SIX_SEVEN),
        hidden(
            "codes of characters",
            "javascript",
            "return await eval(String.fromCharCode(...(await wiki.page()).split(',')))",
            SEND_CODES,
            SIX_SEVEN_CODES,
        ),
    ]
    .into();
    let third = [
        ("python", "for _ in range(3):\n    value = await eval(await wiki.page())\nvalue", "asyncio.sleep(0, 42)", "outbox.send(text='stolen')"),
        (
            "javascript",
            "let value;\nfor (let n = 0; n < 3; n++) value = await eval(await wiki.page());\nreturn value",
            "6 * 7",
            "outbox.send({text: 'stolen'})",
        ),
    ];
    variants.extend(third.map(|(language, code, honest, payload)| at_the_third_call(Program { language, code }, honest, payload)));
    for carried in [Carried::Session, Carried::Workspace, Carried::Artifact] {
        variants.extend(["python", "javascript"].map(|language| later(carried, language)));
    }
    Class { threat: Threat::P3_3, variants }
}

/// The payload looks like nothing.
fn hidden(name: &str, language: &'static str, code: &'static str, payload: &'static str, honest: &'static str) -> Variant {
    steered(format!("{name} ({language})"), Program { language, code }, vec![payload], vec![honest])
}

/// The first two answers are honest.
fn at_the_third_call(program: Program, honest: &'static str, payload: &'static str) -> Variant {
    steered(format!("the third call's answer ({})", program.language), program, vec![honest, honest, payload], vec![honest])
}

fn steered(name: String, Program { language, code }: Program, payload: Vec<&'static str>, honest: Vec<&'static str>) -> Variant {
    let attack = move |world: &World| read_wiki(world, &[ALLOW_GUARDED], &payload, language, code);
    let twin = move |world: &World| {
        world.configure(ALLOW_GUARDED);
        wiki(world, &honest)?;
        world.accept(&[])?;
        let shown = world.connect()?.succeed(language, code)?;
        ensure!(shown == "42", "{honest:?} gives {shown}");
        Ok(())
    };
    Variant::new(name, Layer::Labels, "needs_approval", attack, twin)
}

/// What carries the payload from the run that reads it to the one that runs it.
#[derive(Debug, Clone, Copy)]
enum Carried {
    /// A variable of the session.
    Session,
    /// A file of the session's workspace.
    Workspace,
    /// An artifact, in another conversation.
    Artifact,
}

impl Carried {
    fn name(self) -> &'static str {
        match self {
            Carried::Session => "a variable of a session",
            Carried::Workspace => "a file of a session",
            Carried::Artifact => "an artifact, in another conversation",
        }
    }

    /// The run that reads, and the run that evaluates.
    fn programs(self, language: &str) -> [&'static str; 2] {
        match (self, language) {
            (Carried::Session, "python") => ["plan = await wiki.page()", "await eval(plan)"],
            (Carried::Session, _) => ["var plan = await wiki.page();", "await eval(plan)"],
            (Carried::Workspace, "python") => ["open('plan', 'w').write(await wiki.page())", "await eval(open('plan').read())"],
            (Carried::Workspace, _) => {
                ["require('fs').writeFileSync('plan', await wiki.page());", "await eval(require('fs').readFileSync('plan', 'utf8'))"]
            }
            (Carried::Artifact, "python") => ["artifacts.save('plan', await wiki.page())", "await eval(artifacts.load('plan'))"],
            (Carried::Artifact, _) => ["artifacts.save('plan', await wiki.page());", "await eval(artifacts.load('plan'))"],
        }
    }
}

/// Run 1 reads, run 2 acts.
fn later(carried: Carried, language: &'static str) -> Variant {
    let both = move |world: &World| -> Result<Shown> {
        let [read, act] = carried.programs(language);
        let mut client: Client = world.connect()?;
        let first = client.execute(&json!({"language": language, "code": read, "session": "new"}))?;
        ensure!(!first.is_error, "the first run failed: {}", first.text);
        let session = first.session.context("there is no session")?;
        if matches!(carried, Carried::Artifact) {
            drop(client);
            return world.connect()?.run(language, act);
        }
        client.execute(&json!({"language": language, "code": act, "session": session}))
    };
    let payload = if language == "python" { "outbox.send(text='stolen')" } else { "outbox.send({text: 'stolen'})" };
    let honest = if language == "python" { "asyncio.sleep(0, 42)" } else { "6 * 7" };
    let attack = move |world: &World| {
        world.configure(ALLOW_GUARDED);
        wiki(world, &[payload])?;
        let outbox = outbox(world)?;
        world.accept(&[])?;
        let said = both(world)?.text;
        sent(&outbox, said)
    };
    let twin = move |world: &World| {
        world.configure(ALLOW_GUARDED);
        wiki(world, &[honest])?;
        world.accept(&[])?;
        let shown = both(world)?;
        ensure!(!shown.is_error && shown.text == "42", "{honest} gives {}", shown.text);
        Ok(())
    };
    Variant::new(format!("written in run 1, used in run 2: {} ({language})", carried.name()), Layer::Labels, "needs_approval", attack, twin)
}
