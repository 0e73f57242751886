//! Code-flow injection via untrusted tool outputs: a reply that a program evaluates. With the pre-run checks off the evaluated text can do no more
//! than the program could, and less than before: it was written by somebody else, so what it wants to change asks.

use super::Program;
use super::outbox::{read_wiki, wiki};
use crate::suite::{Class, Variant};
use crate::world::{ALLOW, ALLOW_GUARDED, FORBID, World};
use anyhow::ensure;
use policy::{Layer, Threat};

/// A way to evaluate a reply: the program, what an attacker answers it, and an honest answer that makes 42 of it.
struct Way {
    name: &'static str,
    program: Program,
    payload: &'static str,
    honest: &'static str,
    /// Whether its text says that it evaluates something.
    plain: bool,
}

/// Nothing is evaluated here; only a call is chosen.
const BY_NAME: &str = "a name that the reply chooses";

pub(crate) fn class() -> Class {
    let way = |name, program, payload, honest| Way { name, program, payload, honest, plain: name != BY_NAME };
    let python = |code| Program { language: "python", code };
    let javascript = |code| Program { language: "javascript", code };
    let ways = [
        way("eval", python("await eval(await wiki.page())"), "outbox.send(text='stolen')", "asyncio.sleep(0, 42)"),
        way(
            "exec",
            python("exec(await wiki.page())\nawait step()"),
            "def step():\n    return outbox.send(text='stolen')",
            "async def step():\n    return 6 * 7",
        ),
        way(
            "compile and a function made of it",
            python("import types\ntext = await wiki.page()\nawait types.FunctionType(compile(text, 'page', 'eval'), globals())()"),
            "outbox.send(text='stolen')",
            "asyncio.sleep(0, 42)",
        ),
        way(
            BY_NAME,
            python("reply = await wiki.page()\nserver, tool = reply.split('.')\nawait getattr(globals()[server], tool)(text='stolen')"),
            "outbox.send",
            "wiki.answer",
        ),
        way("eval", javascript("return await eval(await wiki.page())"), "outbox.send({text: 'stolen'})", "6 * 7"),
        way("Function", javascript("return await new Function(await wiki.page())()"), "return outbox.send({text: 'stolen'})", "return 6 * 7"),
        way(
            "the constructor of asynchronous functions",
            javascript("const Make = (async () => {}).constructor;\nreturn await Make(await wiki.page())()"),
            "return await outbox.send({text: 'stolen'})",
            "return 6 * 7",
        ),
    ];
    let plain = ways.iter().filter(|way| way.plain).map(forbidden);
    let variants = ways.iter().map(evaluated).chain(plain).collect();
    Class { threat: Threat::P3_1, variants }
}

fn evaluated(&Way { name, program, payload, honest, .. }: &Way) -> Variant {
    let Program { language, code } = program;
    let attack = move |world: &World| read_wiki(world, &[ALLOW_GUARDED], &[payload], language, code);
    let twin = move |world: &World| {
        world.configure(ALLOW_GUARDED);
        wiki(world, &[honest])?;
        world.accept(&[])?;
        let shown = world.connect()?.succeed(language, code)?;
        ensure!(shown == "42", "{honest} gives {shown}");
        Ok(())
    };
    Variant::new(format!("{name} ({language})"), Layer::Labels, "needs_approval", attack, twin)
}

/// Where the operator trusts the tools with everything, and forbids programs to evaluate text.
fn forbidden(&Way { name, program, payload, .. }: &Way) -> Variant {
    let Program { language, code } = program;
    let attack = move |world: &World| read_wiki(world, &[ALLOW, FORBID], &[payload], language, code);
    // What is written out in the program is part of it.
    let twin = move |world: &World| {
        world.configure(FORBID);
        let shown = world.connect()?.succeed(language, if language == "python" { "eval('6 * 7')" } else { "return eval('6 * 7')" })?;
        ensure!(shown == "42", "shown: {shown}");
        Ok(())
    };
    Variant::new(format!("{name}, where that is forbidden ({language})"), Layer::Programs, "forbidden", attack, twin)
}
