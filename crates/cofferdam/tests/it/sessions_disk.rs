//! Sessions and the disk: full, read-only, at the quota, with hostile trees and with what killed servers left.

use crate::place::Place;
use crate::sessions::{begins, command, directory, fails, handle, says, serve};
use serde_json::Value;
use std::fs;
use std::process::Command;

/// Runs a shell script in the place with a small file system of its own for one directory of the state, which the script calls `$S`; `None`: this
/// system does not let a user mount one.
pub(crate) fn with_small_disk(place: &Place, what: &str, size: &str, script: &str) -> Option<String> {
    let mounted = place.path().join(".local/state/cofferdam").join(what);
    fs::create_dir_all(&mounted).unwrap();
    let script =
        format!("set -e; S={}; mount -t tmpfs -o size={size} none $S; cofferdam() {{ \"$0\" \"$@\" || true; }}; {script}", mounted.display());
    let environment = place.command();
    let mut shell = Command::new("unshare");
    shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]).arg(environment.get_program()).current_dir(place.path());
    shell.env_clear().envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output().unwrap();
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if errors.starts_with("unshare:") {
        println!("not tried: {errors}");
        return None;
    }
    println!("{errors}");
    Some(out.into_owned())
}

#[test]
fn a_full_disk_keeps_the_state_before() {
    let place = Place::new();
    let script = r#"
H=$(cofferdam run --session new -e 'x = 1' | sed -n 's/^\[session \(.*\)\]$/\1/p')
cofferdam run --session $H -e 'import os; y = os.urandom(8_000_000); x = 2; x'
ls -a $S/$H | grep -c '^.checkpoint$' || true
cofferdam run --session $H -e '["y" in globals(), x]'
head -c 100M /dev/zero > $S/$H/workspace/filler 2> /dev/null || true
cofferdam run --session $H -e 'x = 3; x' 2>&1 | grep -o 'the disk that sessions .* nothing ran'
rm $S/$H/workspace/filler
cofferdam run --session $H -e 'x'
mount -o remount,ro $S
cofferdam run --session $H -e 'x = 4; x' 2>&1 | grep -o 'internal error: the run could not be carried out'
mount -o remount,rw $S
cofferdam run --session $H -e 'x = x + 10; x'
cofferdam run --session $H -e 'x'
"#;
    let Some(text) = with_small_disk(&place, "sessions", "6m", script) else { return };
    let undone = "Session: what this run changed in variables could not be saved (the checkpoint could not be written: No space left on device \
                  (os error 28)) and is undone; files are as it left them.";
    let (full, internal) =
        ("the disk that sessions and workspaces are kept on is full; nothing ran", "internal error: the run could not be carried out");
    assert_eq!(text, format!("2\n{undone}\n0\n[false,1]\n{full}\n1\n{internal}\n11\n11\n"));
}

#[test]
fn the_quota_ends_a_write_and_not_the_session() {
    let place = Place::new();
    let mut server = serve(&place, "workspace = \"1MiB\"\nworkspace_files = 200");
    let write = "wrote = 0\ntry:\n  with open('f', 'wb', buffering=0) as f:\n    while True: wrote += f.write(b'x' * 100_000)\nexcept OSError as e: print(e.errno)\nwrote";
    let session = begins(&mut server, "new", "python", write, "51\n1000000");
    server.kill();
    let mut server = serve(&place, "workspace = \"1MiB\"\nworkspace_files = 200");
    // What is there counts in the next worker too.
    let more = "import os\ntry: open('g', 'wb', buffering=0).write(b'x' * 48_577)\nexcept OSError as e: print(e.errno)\n[wrote, os.path.getsize('f'), os.path.getsize('g')]";
    says(&mut server, &session, "python", more, "51\n[1000000,1000000,0]");
    says(&mut server, &session, "python", "open('g', 'wb', buffering=0).write(b'x' * 48_576)", "48576");
    says(&mut server, &session, "python", "os.remove('f')\nopen('h', 'wb', buffering=0).write(b'x' * 1_000_000)", "1000000");
    // f is gone; g and h are there.
    let many = "n = 0\ntry:\n  while True:\n    open(f'many{n}', 'x').close()\n    n += 1\nexcept OSError as e: print(e.errno)\nn";
    says(&mut server, &session, "python", many, "51\n198");
    let full = "try: os.mkdir('d')\nexcept OSError as e: print(e.errno)\ntry: os.symlink('g', 's')\nexcept OSError as e: print(e.errno)";
    says(&mut server, &session, "python", full, "51\n51\n");
}

#[test]
fn loading_artifacts_makes_the_quota_no_larger() {
    let place = Place::new();
    let mut server = serve(&place, "workspace = \"4MiB\"");
    let session = begins(
        &mut server,
        "new",
        "python",
        "kept = artifacts.save('big', bytes(3_000_000))",
        "(no output: the program printed nothing and its last expression has no value)",
    );
    for _ in 0..3 {
        says(&mut server, &session, "python", "len(artifacts.load('big'))", "3000000");
    }
    let write = "wrote = 0\ntry:\n  with open('f', 'wb', buffering=0) as f:\n    while True: wrote += f.write(b'x' * 100_000)\nexcept OSError as e: print(e.errno)\nwrote";
    // 4,194,304 bytes and no more.
    says(&mut server, &session, "python", write, "51\n4100000");
}

#[test]
fn ten_thousand_files_are_forked_shown_and_removed() {
    let place = Place::new();
    let mut server = serve(&place, "");
    let many =
        "n = 0\ntry:\n  while n < 20_000:\n    with open(f'f{n}', 'w') as f: f.write('12345')\n    n += 1\nexcept OSError as e: print(e.errno)\nn";
    let session = begins(&mut server, "new", "python", many, "51\n10000");
    let check = "[open('f0').read(), open('f9999').read()]";
    let fork = begins(&mut server, &format!("fork:{session}"), "python", check, "[\"12345\",\"12345\"]");
    let shown: Value = serde_json::from_str(&command(&place, &["sessions", "show", &fork, "--json"]).1).unwrap();
    assert_eq!((shown["workspace_files"].as_u64(), shown["workspace_bytes"].as_u64()), (Some(10_000), Some(50_000)));
    assert_eq!(command(&place, &["sessions", "rm", "--all"]).0, 0);
    assert_eq!(fs::read_dir(directory(&place, "")).unwrap().count(), 0);
}

#[test]
fn links_lead_nowhere_and_cost_nothing() {
    let place = Place::new();
    let secret = place.write("secret", "the operator's");
    let mut server = serve(&place, "");
    // From the workspace to the home: workspace, session, sessions, cofferdam, state, .local.
    let links = "import os\nos.symlink('../../../../../../secret', 'up')\nos.symlink('.', 'round')\nos.symlink('big', 'inside')\n\
                 open('big', 'wb').write(b'x' * 2_000_000)\nfor n in range(50): os.link('big', f'l{n}')\n\
                 def attempt(path):\n  try: return len(open(path).read())\n  except OSError as e: return e.errno\n[attempt('up'), attempt('inside')]";
    let session = begins(&mut server, "new", "python", links, "[63,2000000]");
    let up = directory(&place, &session).join("workspace/up");
    assert_eq!(fs::canonicalize(&up).unwrap(), fs::canonicalize(&secret).unwrap(), "the attack is one");
    let fork = begins(&mut server, &format!("fork:{session}"), "python", "[attempt('up'), attempt('inside')]", "[63,2000000]");
    let copied = directory(&place, &fork).join("workspace");
    assert!(fs::symlink_metadata(copied.join("up")).unwrap().is_symlink());
    for handle in [&session, &fork] {
        let shown: Value = serde_json::from_str(&command(&place, &["sessions", "show", handle, "--json"]).1).unwrap();
        // One file under 51 names, and three links.
        assert_eq!((shown["workspace_bytes"].as_u64(), shown["workspace_files"].as_u64()), (Some(2_000_000), Some(54)));
    }
    let on_disk = Command::new("du").args(["-s", "--block-size=1"]).arg(&copied).output().unwrap();
    let on_disk: u64 = String::from_utf8(on_disk.stdout).unwrap().split_whitespace().next().unwrap().parse().unwrap();
    assert!(on_disk < 3_000_000, "{on_disk} bytes");
    // What the fork writes is its own.
    says(&mut server, &fork, "python", "open('l0', 'w').write('new')\nopen('big').read()", "new");
    says(&mut server, &session, "python", "os.path.getsize('l0')", "2000000");
    assert_eq!(command(&place, &["sessions", "rm", "--all"]).0, 0);
    assert_eq!(fs::read_to_string(secret).unwrap(), "the operator's");
}

#[test]
fn directories_deeper_than_a_path_is_long_are_removed_all_the_same() {
    let place = Place::new();
    let mut server = serve(&place, "");
    let deep = "import os\nfor n in range(3):\n  path = str(n)\n  os.mkdir(path)\n  for _ in range(800):\n    path += '/d'\n    os.mkdir(path)\n  \
                if n: os.rename(str(n - 1), path + '/x')\nos.listdir()";
    assert_eq!(server.run("python", deep), "[\"2\"]");
    let session = begins(&mut server, "new", "python", deep, "[\"2\"]");
    let damaged = "refused before it ran (session_damaged): this session is damaged: the directories of its workspace are nested too deep to be looked at. \
                   Start one with session \"new\"";
    fails(&mut server, &format!("fork:{session}"), "python", "1", damaged);
    assert_eq!(command(&place, &["sessions", "rm", &session]), (0, String::new(), String::new()));
    assert_eq!(fs::read_dir(directory(&place, "")).unwrap().count(), 0);
    server.still_serves();
    drop(server);
    // Of the stateless run and of the server nothing is left either.
    assert_eq!(fs::read_dir(place.path().join(".local/state/cofferdam/runs")).unwrap().count(), 0);
}

#[test]
fn what_killed_servers_left_is_removed_when_it_is_old() {
    let place = Place::new();
    let session = handle(command(&place, &["run", "--session", "new", "-e", "x = 1"]).1.trim_end());
    let at = |name: &str| directory(&place, name);
    for name in [".new-old", ".new-young", ".removed-old", ".removed-young"] {
        fs::create_dir_all(at(name).join("session/workspace")).unwrap();
        fs::write(at(name).join("session/workspace/f"), "x").unwrap();
    }
    let old = [at(".new-old"), at(".removed-old")];
    assert!(Command::new("touch").args(["-d", "2 hours ago"]).args(&old).status().unwrap().success());
    let list = command(&place, &["sessions", "list"]).1;
    assert!(list.starts_with(&session) && list.lines().count() == 1, "{list}");
    let mut left: Vec<_> = fs::read_dir(at("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, [".new-young".to_owned(), ".removed-young".to_owned(), session]);
}
