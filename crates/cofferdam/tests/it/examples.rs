//! Every program of `examples/` answers over the two upstreams of its configuration what SQL says of the same data.

use crate::connection::{Era, Shown};
use crate::place::{Place, built};
use serde_json::json;
use std::path::Path;

#[test]
fn every_example_answers_as_expected() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let _built = built("shop");
    let place = Place::new();
    let configuration = examples.join("cofferdam.toml");
    let mut server = place.serve(Era::Modern, &["--config", configuration.to_str().unwrap()]);
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(&examples).unwrap() {
        let program = entry.unwrap().path();
        let language = match program.extension().and_then(|ending| ending.to_str()) {
            Some("py") => "python",
            Some("js") => "javascript",
            Some("ts") => "typescript",
            _ => continue,
        };
        let name = program.file_stem().unwrap().to_str().unwrap().to_owned();
        let expected = std::fs::read_to_string(examples.join("expected").join(format!("{name}.txt"))).unwrap();
        let Shown { text, is_error } = server.execute(json!({"code": std::fs::read_to_string(&program).unwrap(), "language": language}));
        assert_eq!((text.trim_end(), is_error), (expected.trim_end(), false), "{name}");
        seen.push(name);
    }
    let texts = std::fs::read_dir(examples.join("expected")).unwrap().map(|entry| entry.unwrap().path());
    let expected = texts.filter(|path| path.extension().is_some_and(|ending| ending == "txt")).count();
    assert_eq!(seen.len(), expected, "{seen:?}");
}
