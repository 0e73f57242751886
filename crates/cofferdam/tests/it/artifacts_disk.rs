//! What artifacts cost: the broker's memory while a large one passes through it, and a disk that is full.

use crate::connection::Era;
use crate::place::Place;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::process::Command;

const MIB: u64 = 1 << 20;

/// Peak memory of a process since the last call, in bytes.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn two_hundred_megabytes_pass_through_little_memory() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    server.still_serves();
    let pid = server.pid();
    let _since_start = peak(pid);
    let before = peak(pid);
    let code = r#"
import pathlib
with open("big.bin", "wb") as file:
    for n in range(200):
        file.write(n.to_bytes(4, "little") * 262_144)
saved = artifacts.save("big", pathlib.Path("big.bin"))
print(saved["size"], saved["id"])
with artifacts.open("big", "rb") as file:
    file.seek(150 << 20)
    print(int.from_bytes(file.read(4), "little"))
"#;
    let text = server.run("python", code);
    let (saved, seen) = text.trim_end().split_once('\n').unwrap();
    let id = saved.strip_prefix("209715200 ").unwrap();
    assert_eq!(seen, "150");
    let saved = peak(pid).saturating_sub(before);
    assert!(saved < 16 * MIB, "{saved} bytes");
    for at in [0, 100 * MIB - 2, 199 * MIB] {
        let length = MIB;
        let request = server.request("resources/read", json!({"uri": format!("artifact://{id}?offset={at}&length={length}")}));
        let answer: Value = server.answer(request);
        let bytes = STANDARD.decode(answer["result"]["contents"][0]["blob"].as_str().unwrap()).unwrap();
        assert_eq!(bytes.len() as u64, length);
        let expected = (at..at + length).map(|at| (at / MIB).to_le_bytes()[usize::try_from(at % 4).unwrap()]);
        assert!(bytes.iter().copied().eq(expected), "{at}");
    }
    let grown = peak(pid).saturating_sub(before);
    println!("the broker's memory grew by {} KiB while it saved, by {} KiB while it was read", saved / 1024, grown / 1024);
    assert!(grown < 32 * MIB, "{grown} bytes");
}

#[test]
fn a_full_disk_is_told_of_and_nothing_is_half_there() {
    let place = Place::new();
    let state = place.path().join("state/cofferdam/artifacts");
    std::fs::create_dir_all(&state).unwrap();
    let code = r#"
import os
kept = []
try:
    for n in range(100):
        kept.append(artifacts.save(f"n{n}", os.urandom(600_000))["id"])
except ToolError as error:
    print(error)
print(len(kept), [len(artifacts.load(id)) for id in kept], len(artifacts.list()))
"#;
    place.write("full.py", code);
    // Two megabytes of disk for artifacts, seen by this process and its children alone.
    let script = "mount -t tmpfs -o size=2m none state/cofferdam/artifacts && \"$0\" run full.py; ls state/cofferdam/artifacts/temporary";
    let mut shell = Command::new("unshare");
    let environment = place.command();
    shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(environment.get_program()).current_dir(place.path());
    shell.env_clear().envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("XDG_STATE_HOME", place.path().join("state"));
    let output = shell.output().unwrap();
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if errors.starts_with("unshare:") {
        println!("not tried: this system lets no user mount a file system of their own");
        return;
    }
    let full = "the disk that artifacts are kept on is full; nothing was saved [limit_exceeded]\n3 [600000, 600000, 600000] 3\n";
    assert!(out.starts_with(full), "{out}{errors}");
    // Three links, and nothing temporary.
    assert_eq!(out.lines().count(), 5, "{out}");
}
