//! P5.5: many runs at once, and many calls of one run.

use super::outbox::outbox;
use super::p5_5::{LIMITS, WALL};
use crate::ground::Ground;
use crate::open;
use crate::suite::{Seen, Variant};
use crate::world::{ALLOW, World};
use anyhow::{Result, ensure};
use policy::Guest::JavaScript;
use policy::Layer;
use serde_json::json;
use std::time::{Duration, Instant};

/// Endless programs at once, more than there are workers.
pub(super) fn many_at_once() -> Variant {
    const MANY: usize = 40;
    let flood = |world: &World, program: &str| -> Result<Vec<String>> {
        world.configure(&format!("[limits]\n{LIMITS}workers = 4\nqueue = \"60s\"\n"));
        let mut client = world.connect()?;
        let arguments = json!({"name": "execute", "arguments": {"language": "javascript", "code": program, "timeout_ms": 100}});
        let sent = (0..MANY).map(|_| client.submit("tools/call", &arguments)).collect::<Result<Vec<u64>>>()?;
        let shown = sent.into_iter().map(|id| Ok(client.wait(id)?["content"][0]["text"].to_string())).collect::<Result<_>>()?;
        ensure!(client.succeed("python", "1 + 1")? == "2", "the next run is not served");
        Ok(shown)
    };
    let attack = move |world: &World| {
        let begin = Instant::now();
        let shown = flood(world, "while (true) {}")?;
        let other = shown.iter().find(|text| !text.contains("deadline: the program was ended after 0.1 s"));
        let landed = other.is_some() || begin.elapsed() > Duration::from_secs(60);
        Ok(Seen { landed, effect: format!("{MANY} runs took {:?}", begin.elapsed()), said: other.or(shown.first()).cloned().unwrap_or_default() })
    };
    let native = |_: &World| {
        let (ground, aside) = (Ground::new()?, tempfile::tempdir()?);
        let mut children = (0..4).map(|_| open::start(&ground, JavaScript, "while (true) {}", aside.path())).collect::<Result<Vec<_>>>()?;
        std::thread::sleep(WALL);
        let mut running = 0;
        for child in &mut children {
            running += usize::from(child.try_wait()?.is_none());
            child.kill()?;
            child.wait()?;
        }
        Ok(Seen { landed: running == 4, effect: format!("{running} of 4 still run"), said: String::new() })
    };
    let twin = move |world: &World| {
        let shown = flood(world, "return 6 * 7")?;
        ensure!(shown.iter().all(|text| text == "\"42\""), "{shown:?}");
        Ok(())
    };
    Variant::new("forty endless programs at once (javascript)", Layer::Limits, "deadline: ", attack, twin).repeatedly(MANY..=MANY).natively(native)
}

/// A flood of calls: the upstream gets as many as a run may make.
pub(super) fn many_calls(language: &'static str) -> Variant {
    let flood = move |world: &World, calls: usize| -> Result<(usize, String)> {
        // Whoever raises a limit takes it away.
        let limit = if world.layers.has(Layer::Limits) { 20 } else { 1000 };
        world.configure(&format!("{ALLOW}[limits]\ncalls = {limit}\n"));
        let outbox = outbox(world)?;
        world.accept(&[])?;
        let code = match language {
            "python" => format!(
                "import asyncio\nsent = await asyncio.gather(*(outbox.send(text=str(n)) for n in range({calls})), return_exceptions=True)\n\
                    [str(s) for s in sent][-1]"
            ),
            _ => format!(
                "const sent = await Promise.allSettled(Array.from({{length: {calls}}}, (_, n) => outbox.send({{text: String(n)}})));\n\
                    return sent.at(-1).value ?? sent.at(-1).reason.message"
            ),
        };
        let said = world.connect()?.succeed(language, &code)?;
        Ok((outbox.called("send")?, said))
    };
    let attack = move |world: &World| {
        let (calls, said) = flood(world, 60)?;
        ensure!(calls > 20 || said.contains("20 calls"), "the end is not told of: {said}");
        Ok(Seen { landed: calls > 20, effect: format!("{calls} calls arrived"), said })
    };
    let twin = move |world: &World| {
        let (calls, said) = flood(world, 19)?;
        ensure!(calls == 19 && said == "sent", "{calls} calls arrived: {said}");
        Ok(())
    };
    Variant::new(format!("a flood of calls ({language})"), Layer::Limits, "a run may make 20 calls", attack, twin)
}
