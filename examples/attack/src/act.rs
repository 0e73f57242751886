//! Acts on the host: programs that are run as they are, first in the open and then in the sandbox.

use crate::ground::{Ground, VARIABLE, WORD};
use crate::open;
use crate::suite::{Seen, Variant};
use crate::world::{FORBID, World};
use anyhow::{Result, ensure};
use policy::{Guest, Layer};

/// One act. `@CANARY@`, `@SECRET@`, `@DATA@`, `@PORT@` and `@VICTIM@` in its program stand for places of its ground.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    /// What it tries, for the report.
    pub(crate) name: &'static str,
    pub(crate) guest: Guest,
    pub(crate) program: &'static str,
    /// What the model is told instead.
    pub(crate) told: Told,
    /// A program that does the same kind of thing within its rights, and its answer.
    pub(crate) twin: (&'static str, &'static str),
}

/// What is shown of an act inside the sandbox.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Told {
    /// An error with these words.
    Error(&'static str),
    /// The program ends well, having got this.
    Text(&'static str),
}

/// The language of a guest, as `execute` takes it.
pub(crate) fn language(guest: Guest) -> &'static str {
    match guest {
        Guest::Python => "python",
        Guest::JavaScript => "javascript",
    }
}

impl Act {
    fn title(&self) -> String {
        format!("{} ({})", self.name, language(self.guest))
    }

    /// The act in the open, where it must succeed, and in the sandbox, where it must not, whatever layers are on.
    pub(crate) fn variant(self) -> Variant {
        let native = move |_: &World| {
            let ground = Ground::new()?;
            let said = open::run(&ground, self.guest, self.program)?;
            seen(&ground, said)
        };
        Variant::standing(self.title(), move |world: &World| self.in_the_sandbox(world), native, move |world: &World| self.honestly(world))
    }

    /// The act in the sandbox alone: it must succeed once every layer is off, and not with this one.
    pub(crate) fn inside(self, layer: Layer) -> Variant {
        let name = format!("{}, against {layer}", self.title());
        Variant::new(name, layer, "", move |world: &World| self.in_the_sandbox(world), move |world: &World| self.honestly(world)).silent()
    }

    /// The same where the operator forbids programs that say plainly what they are: refused before it runs.
    pub(crate) fn forbidden(self) -> Variant {
        let attack = move |world: &World| {
            world.configure(FORBID);
            let (ground, mut client) = start(world)?;
            let shown = client.run(language(self.guest), &ground.fill(self.program, "/data"))?;
            seen(&ground, shown.text)
        };
        let native = move |_: &World| {
            let ground = Ground::new()?;
            let said = open::run(&ground, self.guest, self.program)?;
            seen(&ground, said)
        };
        let twin = move |world: &World| {
            world.configure(FORBID);
            let shown = world.connect()?.succeed(language(self.guest), "6 * 7")?;
            ensure!(shown == "42", "shown: {shown}");
            Ok(())
        };
        Variant::new(format!("{}, where that is forbidden", self.title()), Layer::Programs, "forbidden", attack, twin).natively(native)
    }

    fn in_the_sandbox(&self, world: &World) -> Result<Seen> {
        let (ground, mut client) = start(world)?;
        let shown = client.run(language(self.guest), &ground.fill(self.program, "/data"))?;
        let seen = seen(&ground, shown.text)?;
        if !seen.landed {
            let (is_error, words) = match self.told {
                Told::Error(words) => (true, words),
                Told::Text(words) => (false, words),
            };
            ensure!(shown.is_error == is_error && seen.said.contains(words), "the model is told otherwise than {words:?}: {}", seen.said);
            // Nothing of it keeps the server from serving.
            ensure!(client.succeed("python", "1 + 1")? == "2", "the next run is not served");
        }
        Ok(seen)
    }

    fn honestly(&self, world: &World) -> Result<()> {
        let (ground, mut client) = start(world)?;
        let (program, answer) = self.twin;
        let shown = client.succeed(language(self.guest), &ground.fill(program, "/data"))?;
        ensure!(shown == answer, "{program} gives {shown} instead of {answer}");
        Ok(())
    }
}

/// A ground whose data directory is granted to be read, and a server that has the word in its environment.
fn start(world: &World) -> Result<(Ground, crate::client::Client)> {
    let ground = Ground::new()?;
    world.configure(&format!("[files]\n\"/data\" = {{ path = {:?}, access = \"read\" }}", ground.path("data")));
    let client = world.connect_with(&[(VARIABLE, WORD)])?;
    Ok((ground, client))
}

fn seen(ground: &Ground, said: String) -> Result<Seen> {
    let effects = ground.effects(&said)?;
    let effect = if effects.is_empty() { "nothing was touched".to_owned() } else { effects.join("; ") };
    Ok(Seen { landed: !effects.is_empty(), effect, said })
}
