//! What persists from one session to another: variables, patched modules, files, the environment. In one interpreter the next program finds them;
//! here each stateless run and each session begins anew.

use crate::act::language;
use crate::ground::Ground;
use crate::open;
use crate::suite::{Class, Seen, Variant};
use crate::world::World;
use anyhow::{Context, Result, ensure};
use policy::Guest::{self, JavaScript, Python};
use policy::Threat;
use serde_json::json;

/// What the first program leaves and the second prints, which does not have it in its text.
const LEFT: &str = "left-over-quince";

struct Way {
    name: &'static str,
    guest: Guest,
    leaves: &'static str,
    finds: &'static str,
}

const WAYS: &[Way] = &[
    Way { name: "a variable", guest: Python, leaves: "kept = '@LEFT@'", finds: "print(globals().get('kept'))" },
    Way {
        name: "a name of all modules",
        guest: Python,
        leaves: "import builtins\nbuiltins.kept = '@LEFT@'",
        finds: "import builtins\nprint(getattr(builtins, 'kept', None))",
    },
    Way {
        name: "a patched module",
        guest: Python,
        leaves: "import json\njson.dumps = lambda value: '@LEFT@'",
        finds: "import json\nprint(json.dumps(1))",
    },
    Way {
        name: "a module",
        guest: Python,
        leaves: "import sys\nsys.modules['kept'] = '@LEFT@'",
        finds: "import sys\nprint(sys.modules.get('kept'))",
    },
    Way {
        name: "the environment",
        guest: Python,
        leaves: "import os\nos.environ['KEPT'] = '@LEFT@'",
        finds: "import os\nprint(os.environ.get('KEPT'))",
    },
    Way {
        name: "a file",
        guest: Python,
        leaves: "open('kept', 'w').write('@LEFT@')",
        finds: "import os\nprint([open(name).read() for name in os.listdir('.') if os.path.isfile(name)])",
    },
    Way { name: "a variable", guest: JavaScript, leaves: "globalThis.kept = '@LEFT@';", finds: "console.log(globalThis.kept);" },
    Way { name: "a patched prototype", guest: JavaScript, leaves: "Object.prototype.kept = '@LEFT@';", finds: "console.log({}.kept);" },
    Way { name: "a patched function", guest: JavaScript, leaves: "JSON.stringify = () => '@LEFT@';", finds: "console.log(JSON.stringify(1));" },
    Way {
        name: "a file",
        guest: JavaScript,
        leaves: "require('fs').writeFileSync('kept', '@LEFT@');",
        finds: "console.log(require('fs').readdirSync('.').filter(name => name === 'kept').map(name => require('fs').readFileSync(name, 'utf8')));",
    },
];

pub(crate) fn class() -> Class {
    let variants = WAYS.iter().flat_map(|way| [("stateless runs", None), ("sessions", Some("new"))].map(|(what, session)| left(way, what, session)));
    Class { threat: Threat::S8, variants: variants.collect() }
}

fn seen(said: String) -> Seen {
    let landed = said.contains(LEFT);
    Seen { landed, effect: format!("what the first program left {} found", if landed { "was" } else { "was not" }), said }
}

fn left(way: &'static Way, what: &str, session: Option<&'static str>) -> Variant {
    let leaves = || way.leaves.replace("@LEFT@", LEFT);
    let run = move |world: &World, same: bool| -> Result<String> {
        let mut client = world.connect()?;
        let language = language(way.guest);
        let first = client.execute(&json!({"language": language, "code": leaves(), "session": session}))?;
        ensure!(!first.is_error, "nothing was left: {}", first.text);
        let session = if same { Some(first.session.context("there is no session")?) } else { session.map(str::to_owned) };
        Ok(client.execute(&json!({"language": language, "code": way.finds, "session": session}))?.text)
    };
    let attack = move |world: &World| Ok(seen(run(world, false)?));
    let native = move |_: &World| Ok(seen(open::run(&Ground::new()?, way.guest, &format!("{}\n{}", leaves(), way.finds))?));
    // Within one session it stays.
    let twin = move |world: &World| {
        if session.is_some() {
            let said = run(world, true)?;
            ensure!(said.contains(LEFT), "the session forgot: {said}");
        } else {
            let said = world.connect()?.succeed(language(way.guest), &format!("{}\n{}", leaves(), way.finds))?;
            ensure!(said.contains(LEFT), "the run forgot: {said}");
        }
        Ok(())
    };
    Variant::standing(format!("{}, between {what} ({})", way.name, language(way.guest)), attack, native, twin)
}
