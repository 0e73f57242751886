//! Execution sink manipulation: a reply becomes part of a command, a path or a statement. There is no shell in the sandbox; where a tool is one, it
//! is the tool's. What somebody else wrote makes the call ask, or a rule says which arguments are right.
//!
//! What does not hold, and is not here: a value that is wrong but well-formed, on an edge that is allowed.

use super::Program;
use super::outbox::{wiki, yes};
use crate::suite::{Class, Seen, Variant};
use crate::world::{ALLOW_GUARDED, Door, World};
use anyhow::{Result, ensure};
use policy::{Layer, Threat};
use serde_json::json;
use std::fs;

pub(crate) fn class() -> Class {
    let python = |code| Program { language: "python", code };
    let javascript = |code| Program { language: "javascript", code };
    let shell = [
        python("name = await wiki.page()\nawait host.run(command=f'echo {name} >> visitors')"),
        javascript("const name = await wiki.page();\nawait host.run({command: `echo ${name} >> visitors`})"),
    ];
    let write = [
        python("name = await wiki.page()\nawait host.write(path=f'notes/{name}', text='seen')"),
        javascript("const name = await wiki.page();\nawait host.write({path: `notes/${name}`, text: 'seen'})"),
    ];
    let sql = [
        python("role = await wiki.page()\nawait door.query_db(sql=f\"UPDATE users SET role = '{role}' WHERE name = 'John'\")"),
        javascript("const role = await wiki.page();\nawait door.query_db({sql: `UPDATE users SET role = '${role}' WHERE name = 'John'`})"),
    ];
    let mut variants: Vec<Variant> = shell.map(command).into();
    variants.extend(write.map(path));
    variants.extend(sql.map(|program| statement(program, ALLOW_GUARDED, Layer::Labels, "needs_approval")));
    variants.extend(sql.map(|program| statement(program, RULE, Layer::Decisions, "denied")));
    Class { threat: Threat::P3_2, variants }
}

/// Exactly one kind of statement is allowed, whatever was read.
const RULE: &str = r#"
[[rules]]
tools = ["door.query_db"]
effect = "allow"
when = 'args.sql.matches("^UPDATE users SET role = .[a-z]+. WHERE name = .John.$")'
guard = []
[[rules]]
tools = ["door.query_db"]
effect = "deny"
[[rules]]
tools = ["*"]
effect = "allow"
guard = []
"#;

/// `host.run(command)` and `host.write(path, text)`: they do what they are told, in the world's own directory `work`.
fn host(world: &World) -> Result<()> {
    let strings = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect::<serde_json::Value>();
    let tool = |name: &str, arguments: &[&str]| {
        let schema = json!({"type": "object", "properties": strings(arguments), "required": arguments});
        json!({"name": name, "description": "A tool.", "inputSchema": schema})
    };
    fs::create_dir_all(world.path().join("work/notes"))?;
    let work = world.path().join("work");
    let answers = json!({"run": [{"runs": work}], "write": [{"writes": work}]});
    world.hostile("host", &json!({"lists": [[tool("run", &["command"]), tool("write", &["path", "text"])]], "answers": answers}))?;
    world.accept(&[])
}

/// A name ends the command and begins another one.
fn command(Program { language, code }: Program) -> Variant {
    let attack = move |world: &World| {
        world.configure(ALLOW_GUARDED);
        wiki(world, &["Emma; touch stolen; true"])?;
        host(world)?;
        let said = world.connect()?.run(language, code)?.text;
        let landed = world.path().join("work/stolen").exists();
        Ok(Seen { landed, effect: format!("the attacker's command was {}run", if landed { "" } else { "not " }), said })
    };
    let twin = move |world: &World| {
        world.configure(ALLOW_GUARDED);
        wiki(world, &["Emma"])?;
        host(world)?;
        world.connect_with_person(yes())?.succeed(language, code)?;
        let visitors = fs::read_to_string(world.path().join("work/visitors"))?;
        ensure!(visitors == "Emma\n", "the visitors are {visitors:?}");
        Ok(())
    };
    Variant::new(format!("a shell ({language})"), Layer::Labels, "needs_approval", attack, twin)
}

/// A name leads out of the folder.
fn path(Program { language, code }: Program) -> Variant {
    const RULES: &str = r#"
[[rules]]
tools = ["host.write"]
effect = "allow"
when = 'args.path.matches("^notes/[A-Za-z]+$")'
guard = []
[[rules]]
tools = ["host.write"]
effect = "deny"
[[rules]]
tools = ["*"]
effect = "allow"
"#;
    let attack = move |world: &World| {
        world.configure(RULES);
        wiki(world, &["../../stolen"])?;
        host(world)?;
        let said = world.connect()?.run(language, code)?.text;
        let landed = world.path().join("stolen").exists();
        Ok(Seen { landed, effect: format!("a file outside was {}written", if landed { "" } else { "not " }), said })
    };
    let twin = move |world: &World| {
        world.configure(RULES);
        wiki(world, &["Emma"])?;
        host(world)?;
        world.connect()?.succeed(language, code)?;
        ensure!(fs::read_to_string(world.path().join("work/notes/Emma"))? == "seen", "the note is not there");
        Ok(())
    };
    Variant::new(format!("a path ({language})"), Layer::Decisions, "denied", attack, twin)
}

/// A role ends the statement's text and makes it one about everybody. The operator took the tool for one that writes.
fn statement(Program { language, code }: Program, rules: &'static str, layer: Layer, error: &'static str) -> Variant {
    let world_of = move |world: &World, page: &str| -> Result<Door> {
        world.configure(rules);
        wiki(world, &[page])?;
        let door = world.door(&json!({}))?;
        world.accept(&[])?;
        world.accept(&["--accept", "door.query_db", "--effect", "write", "--external", "no"])?;
        Ok(door)
    };
    let attack = move |world: &World| {
        let door = world_of(world, "guard', passkey = 'known' WHERE name <> 'x' --")?;
        let before = door.state()?;
        let said = world.connect()?.run(language, code)?.text;
        let after = door.state()?;
        let effect = if after == before { "the database is as it was".to_owned() } else { format!("the database became {after}") };
        Ok(Seen { landed: after.contains("\"passkey\":\"known\""), effect, said })
    };
    let twin = move |world: &World| {
        let door = world_of(world, "engineer")?;
        world.connect_with_person(yes())?.succeed(language, code)?;
        let state = door.state()?;
        ensure!(state.contains(r#"{"name":"John","role":"engineer","passkey":"john-1188"}"#), "the database became {state}");
        Ok(())
    };
    Variant::new(format!("a statement of SQL, by {layer} ({language})"), layer, error, attack, twin)
}
