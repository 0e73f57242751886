//! A large artifact: saved from a file of the workspace and read in ranges, while the server's own memory is watched.

use crate::{Language, client::Client, memory, milliseconds, report::Row, setup::Setup};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::time::Instant;

/// Lines of 1,000 bytes, each a number: what a range must begin with is known.
const LINE_BYTES: usize = 1000;
const LINES: usize = 200_000;
/// Read at a time.
const RANGE_LINES: usize = 1000;
const TARGET_MB: f64 = 32.0;

/// Saves 200 MB, reads all of it, and tells by how much the server's peak memory grew.
pub(crate) fn large(setup: &Setup) -> Result<Vec<Row>> {
    let state = setup.state("artifact")?;
    let mut client = Client::connect(&mut setup.parking(&state, &["serve"]))?;
    // What any run and any artifact needs is there before.
    client.run(Language::Python.name(), "artifacts.save('little', 'x')['uri']")?;
    let before = memory::most(&client)?;
    let code = format!(
        "import pathlib\nwith open('large.txt', 'w') as file:\n    for n in range({LINES}):\n        file.write(f'{{n:0{width}}}\\n')\n\
         import time\nbegan = time.perf_counter()\nsaved = artifacts.save('large', pathlib.Path('large.txt'))\n\
         print(saved['uri'], saved['size'], (time.perf_counter() - began) * 1e3)",
        width = LINE_BYTES - 1
    );
    let run = client.run(Language::Python.name(), &code)?;
    let mut words = run.text.split_whitespace();
    let (uri, size, saved_ms) = (words.next().context("no URI")?, words.next(), words.next().context("no time")?.parse()?);
    ensure!(size == Some(&(LINES * LINE_BYTES).to_string()), "saved {size:?} bytes");
    let mut times = Vec::new();
    for first in (0..LINES).step_by(RANGE_LINES) {
        let (offset, length) = (first * LINE_BYTES, RANGE_LINES * LINE_BYTES);
        let began = Instant::now();
        let result = client.request("resources/read", &json!({"uri": format!("{uri}?offset={offset}&length={length}")}))?;
        times.push(milliseconds(began.elapsed()));
        let text = result["contents"][0]["text"].as_str().context("the range is no text")?;
        let sound = text.len() == length && text.get(..LINE_BYTES - 1).and_then(|line| line.parse().ok()) == Some(first);
        ensure!(sound, "another range than the one from {offset}");
    }
    let grown = memory::most(&client)? - before;
    client.end()?;
    Ok(vec![
        Row::new("artifact of 200 MB, saved, in the program", "ms", vec![saved_ms]),
        Row::new("range of 1 MB of it, read by the client", "ms", times),
        Row::new("peak memory of the server, besides what it was before", "MB", vec![grown]).below(TARGET_MB),
    ])
}
