//! Artifacts from a program to the client and back: both languages, both eras, several servers on one state, real upstreams.

use crate::connection::{Connection, Era};
use crate::place::{Place, built, node};
use serde_json::{Value, json};
use std::path::Path;

/// The content blocks of a run that must succeed.
#[track_caller]
fn content(server: &mut Connection, language: &str, code: &str) -> Vec<Value> {
    let id = server.call(json!({"language": language, "code": code}));
    let mut answer = server.answer(id);
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    serde_json::from_value(answer["result"]["content"].take()).unwrap()
}

fn request(server: &mut Connection, method: &str, params: Value) -> Value {
    let id = server.request(method, params);
    let mut answer = server.answer(id);
    if answer["error"].is_null() { answer["result"].take() } else { answer["error"].take() }
}

/// The one content of a resource.
#[track_caller]
fn read(server: &mut Connection, uri: &str) -> Value {
    let mut answer = request(server, "resources/read", json!({"uri": uri}));
    assert_eq!(answer["contents"].as_array().map(Vec::len), Some(1), "{answer}");
    answer["contents"][0].take()
}

#[test]
fn a_saved_value_is_linked_listed_and_read_in_ranges() {
    let place = Place::new();
    for era in [Era::Modern, Era::Legacy] {
        let mut server = place.serve(era, &[]);
        let blocks = content(&mut server, "python", "x = artifacts.save('words', 'zwölf Boxkämpfer')\nprint(x['size'], x['media_type'])\nx['id']");
        let id = blocks[0]["text"].as_str().unwrap().strip_prefix("18 text/plain\n").unwrap().to_owned();
        let uri = format!("artifact://{id}");
        let link =
            json!({"type": "resource_link", "uri": uri, "name": "words", "description": "zwölf Boxkämpfer", "mimeType": "text/plain", "size": 18});
        assert_eq!(blocks[1..], *std::slice::from_ref(&link));
        let mut resource = link;
        resource.as_object_mut().unwrap().shift_remove("type");
        assert_eq!(request(&mut server, "resources/list", json!({}))["resources"][0], resource);
        let templates = request(&mut server, "resources/templates/list", json!({}));
        assert_eq!(templates["resourceTemplates"][0]["uriTemplate"], "artifact://{id}{?offset,length}");

        assert_eq!(read(&mut server, &uri), json!({"uri": uri, "mimeType": "text/plain", "text": "zwölf Boxkämpfer"}));
        // Pieces of three bytes: the letter at bytes 2 and 3 belongs to the piece in which it begins, and the next begins behind it.
        let mut next = Some(format!("{uri}?offset=0&length=3"));
        let mut pieces = Vec::new();
        while let Some(uri) = next {
            let piece = read(&mut server, &uri);
            pieces.push(piece["text"].as_str().unwrap().to_owned());
            let range = &piece["_meta"]["cofferdam/range"];
            assert_eq!(range["size"], 18);
            next = range["next"].as_str().map(str::to_owned);
        }
        assert_eq!(pieces, ["zwö", "lf ", "Box", "kä", "mpf", "er"]);
        let code = if era == Era::Modern { -32602 } else { -32002 };
        for (uri, code, message) in [
            ("artifact://0123456789abcdef", code, "there is no such artifact"),
            ("artifact://../../etc/passwd", code, "there is no such artifact"),
            ("file:///etc/passwd", code, "the resources of this server begin with artifact://"),
            (&format!("{uri}?offset=x"), -32602, "\"x\" is not a number of bytes"),
            (&format!("{uri}?length=5000000"), -32602, "5000000 bytes are more than can be read at once; the most is 4194304"),
        ] {
            assert_eq!(request(&mut server, "resources/read", json!({"uri": uri})), json!({"code": code, "message": message}), "{uri}");
        }
    }
}

#[test]
fn languages_and_servers_share_artifacts() {
    let place = Place::new();
    let mut one = place.serve(Era::Modern, &[]);
    let mut other = place.serve(Era::Legacy, &[]);
    let python = r#"
import dataclasses, datetime, pathlib
@dataclasses.dataclass
class Row:
    id: int
    on: datetime.date
artifacts.save("rows", [Row(1, datetime.date(2026, 1, 2)), Row(2, None)])
artifacts.save("bytes", bytes(range(256)) * 8000)
pathlib.Path("sub").mkdir()
pathlib.Path("sub/t.csv").write_text("a,b\n1,2\n")
artifacts.save("t.csv", pathlib.Path("sub/t.csv"))
artifacts.save("long", "ä" * 600_000, media_type="text/markdown")
None
"#;
    one.run("python", python);
    let javascript = r#"
const rows = await artifacts.load("rows");
const bytes = artifacts.load("bytes");
const csv = fs.readFileSync(artifacts.open("t.csv"), "utf8");
const long = artifacts.load("long");
const kept = artifacts.save("back", { rows, length: bytes.length, at: bytes[2047999] });
artifacts.save("blob", bytes);
artifacts.save("file", artifacts.file("/workspace/none")) ?? 0;
"#;
    let failed = other.execute(json!({"language": "javascript", "code": javascript}));
    assert!(failed.is_error && failed.text.contains("\"none\" is not a file in the workspace"), "{}", failed.text);
    let seen = other.run(
        "javascript",
        "[artifacts.load('back'), artifacts.load('long').length, artifacts.load('blob').equals(artifacts.load('bytes')),\n\
         artifacts.list().map((a) => `${a.name} ${a.media_type} ${a.size}`), fs.readdirSync('.')]",
    );
    assert_eq!(
        seen,
        r#"[{"rows":[{"id":1,"on":"2026-01-02"},{"id":2,"on":null}],"length":2048000,"at":255},600000,true,["blob application/octet-stream 2048000","back application/json 82","long text/markdown 1200000","t.csv text/csv 8","bytes application/octet-stream 2048000","rows application/json 47"],[]]"#
    );
    let python = "with artifacts.open('t.csv') as file: rows = file.read()\n[rows, artifacts.load('back')['at'], artifacts.load('blob')[-1]]";
    assert_eq!(one.run("python", python), r#"["a,b\n1,2\n",255,255]"#);
    // A name means what was saved under it last; the old one is still there by its id.
    let ids = one.run("python", "old = artifacts.save('v', 1)['id']\nartifacts.save('v', 2)\n[artifacts.load('v'), artifacts.load(old)]");
    assert_eq!(ids, "[2,1]");
}

#[test]
fn what_cannot_be_saved_is_refused_and_the_run_goes_on() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let python = r#"
import os, pathlib
os.symlink("../../../../../../../etc/passwd", "link")
os.symlink("../../../../../../../../etc", "etc")
endless = []
endless.append(endless)
def told(save):
    try:
        save()
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
for name in ["", "../up", "a/b", "nul\0", "x" * 10_000]:
    told(lambda: artifacts.save(name, 1))
told(lambda: artifacts.save("n", object()))
told(lambda: artifacts.save("n", endless))
told(lambda: artifacts.save("n", 1, media_type="nonsense"))
for path in ["link", "etc/passwd", "../../x", "/etc/passwd", "none", "."]:
    told(lambda: artifacts.save("n", pathlib.Path(path)))
told(lambda: artifacts.load("no\0such"))
told(lambda: artifacts.load("y" * 10_000))
told(lambda: artifacts.open("n", "w"))
told(lambda: artifacts.show("n"))
len(artifacts.list())
"#;
    let long = "x".repeat(40);
    let (outside, absent) = ("is not a file in the workspace [invalid_arguments]", "artifacts.list() names those that there are [invalid_arguments]");
    let name = |name: &str, why: &str| format!("ToolError: {name} cannot be the name of an artifact: {why} [invalid_arguments]");
    let no_form = "has no JSON form (or holds itself): save text, bytes or a file's pathlib.Path";
    let expected = [
        name("\"\"", "it is empty"),
        name("\"../up\"", "a name holds neither / nor .."),
        name("\"a/b\"", "a name holds neither / nor .."),
        name("\"nul\\0\"", "it holds characters that cannot be seen"),
        name(&format!("{long:?}"), "it has more than 200 characters"),
        format!("TypeError: artifacts.save: this object {no_form}"),
        format!("TypeError: artifacts.save: this list {no_form}"),
        "ToolError: \"nonsense\" is not a media type; write one such as text/csv, or leave it out [invalid_arguments]".to_owned(),
        format!("ToolError: \"link\" {outside}"),
        format!("ToolError: \"etc/passwd\" {outside}"),
        format!("ToolError: \"/x\" {outside}"),
        format!("ToolError: \"/etc/passwd\" {outside}"),
        format!("ToolError: \"none\" {outside}"),
        "ToolError: \"/workspace\" is not a file in the workspace [invalid_arguments]".to_owned(),
        format!("ToolError: there is no artifact \"no\\0such\"; {absent}"),
        format!("ToolError: there is no artifact {:?}; {absent}", "y".repeat(200)),
        "ValueError: artifacts.open reads: mode is 'r' or 'rb', not 'w'; save changes with artifacts.save".to_owned(),
        format!("ToolError: there is no artifact \"n\"; {absent}"),
        "0".to_owned(),
    ];
    assert_eq!(server.run("python", python), expected.join("\n"));
}

#[test]
fn bytes_of_upstreams_become_artifacts_and_images_are_shown_when_asked_for() {
    let place = Place::new();
    let everything = node("@modelcontextprotocol/server-everything/dist/index.js");
    let file = place.servers(&json!({"everything": {"command": "node", "args": [everything, "stdio"]}}));
    let mut server = place.serve(Era::Modern, &["--mcp-config", file.to_str().unwrap()]);
    let python = r#"
before, image, after = await everything.get_tiny_image()
kept = image.pop("artifact")
print(before, image, kept["name"], kept["media_type"])
data = artifacts.load(kept)
print(data[:8], len(data) == kept["size"])
_, resource, _ = await everything.get_resource_reference(resourceType="Blob", resourceId=1)
print(resource["type"], resource["uri"].split("/")[-1], artifacts.load(resource["artifact"])[:10])
artifacts.show(kept)["id"] == kept["id"]
"#;
    let blocks = content(&mut server, "python", python);
    let expected = "Here's the image you requested: {'type': 'image', 'mime_type': 'image/png'} everything.get_tiny_image image image/png\n\
                    b'\\x89PNG\\r\\n\\x1a\\n' True\nresource 1 Resource 1\ntrue";
    assert_eq!(blocks[0], json!({"type": "text", "text": expected}));
    assert_eq!(blocks[1]["name"], "everything.get_tiny_image image");
    assert_eq!(blocks[1]["description"], "image, 20 x 20");
    assert_eq!(blocks[2]["name"], "everything.get_resource_reference resource");
    assert_eq!((blocks[3]["type"].as_str(), blocks[3]["mimeType"].as_str()), (Some("image"), Some("image/png")));
    assert_eq!(blocks.len(), 4);
    let contents = read(&mut server, blocks[1]["uri"].as_str().unwrap());
    assert_eq!((&contents["mimeType"], &contents["blob"]), (&json!("image/png"), &blocks[3]["data"]));
    // What is no image is not shown as one.
    let refused = server.execute(json!({"code": "artifacts.save('t', 'text')\nartifacts.show('t')"}));
    assert!(refused.text.contains("\"t\" is text/plain, not an image"), "{}", refused.text);
}

#[test]
fn labels_and_provenance_follow_the_data() {
    let _built = built("shop");
    let place = Place::new();
    let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/cofferdam.toml");
    let mut server = place.serve(Era::Modern, &["--config", configuration.to_str().unwrap()]);
    server.run("python", "artifacts.save('clean', 1)");
    server.run(
        "python",
        "for _ in range(2): order = await orders.get_order(id=100_001)\nawait crm.list_customers(limit=1)\nartifacts.save('order', order)",
    );
    server.run("javascript", "artifacts.save('copy', artifacts.load('order'))");
    let show = |name: &str| -> Value {
        let output = place.command().args(["artifacts", "show", name, "--json"]).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let of = |origins: &[&str]| -> Value {
        ["untrusted", "private"].iter().flat_map(|kind| origins.iter().map(move |origin| json!({"kind": kind, "origin": origin}))).collect()
    };
    let (clean, order, copy) = (show("clean"), show("order"), show("copy"));
    assert_eq!((&clean["labels"], &clean["calls"]), (&json!([]), &json!([])));
    assert_eq!((&order["labels"], &order["calls"]), (&of(&["crm", "orders"]), &json!(["crm.list_customers", "orders.get_order x2"])));
    assert_eq!((&copy["labels"], &copy["calls"]), (&of(&["crm", "orders"]), &json!([])));
    // What a client reads, or is shown in a list, its next run has seen too.
    for (method, params) in [("resources/read", json!({"uri": order["uri"]})), ("resources/list", json!({}))] {
        let mut other = place.serve(Era::Modern, &[]);
        other.run("python", "artifacts.save('before', 1)");
        assert_eq!(show("before")["labels"], json!([]), "{method}");
        assert_eq!(request(&mut other, method, params)["code"], Value::Null, "{method}");
        other.run("python", "artifacts.save('after', 1)");
        assert_eq!(show("after")["labels"], order["labels"], "{method}");
    }
    assert_eq!(order["blake3"], copy["blake3"]);
    assert_ne!(order["program"], copy["program"]);
}

#[test]
fn a_long_value_is_shown_by_its_rows_and_kept_whole() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    for (language, code) in [
        ("python", "print('first')\n[{'id': n, 'name': f'name {n}', 'note': None if n % 2 else 'x'} for n in range(10_000)]"),
        ("javascript", "console.log('first');\nArray.from({ length: 10000 }, (_, n) => ({ id: n, name: `name ${n}`, note: n % 2 ? null : 'x' }))"),
    ] {
        let blocks = content(&mut server, language, code);
        let id = blocks[1]["uri"].as_str().unwrap().strip_prefix("artifact://").unwrap();
        let text = blocks[0]["text"].as_str().unwrap();
        assert!(text.len() < 16 * 1024 + 200, "{}", text.len());
        let lines: Vec<&str> = text.lines().collect();
        let rows: Vec<Value> =
            (0..10_000).map(|n| json!({"id": n, "name": format!("name {n}"), "note": if n % 2 == 0 { json!("x") } else { Value::Null }})).collect();
        let size = Value::from(rows.clone()).to_string().len();
        assert_eq!(blocks[1]["size"], size);
        let size = format!("{},{:03}", size / 1000, size % 1000);
        assert_eq!(
            lines[..2],
            ["first", &format!("list of 10,000 objects, {size} bytes of JSON; columns: id integer, name text, note text or null")]
        );
        let shown: usize = lines[2].strip_prefix("the first ").unwrap().strip_suffix(':').unwrap().parse().unwrap();
        assert!(shown > 250, "{shown}");
        for (line, row) in lines[3..3 + shown].iter().zip(&rows) {
            assert_eq!(*line, row.to_string());
        }
        let place = format!("all of it: artifact://{id}, in programs artifacts.load(\"{id}\")");
        assert_eq!(lines[3 + shown..], ["the last:", &rows[9_999].to_string(), &place]);
        assert_eq!(server.run("python", &format!("whole = artifacts.load('{id}')\n[len(whole), whole[-1]['id']]")), "[10000,9999]");
    }
}

#[test]
fn the_command_line_lists_shows_prints_and_removes() {
    let place = Place::new();
    let run = |arguments: &[&str]| {
        let output = place.command().args(arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let missing = "cofferdam: there is no artifact \"none\"; `cofferdam artifacts list` shows those that there are\n";
    assert_eq!(run(&["artifacts", "list"]), (0, "there are no artifacts\n".to_owned(), String::new()));
    for verb in ["show", "cat", "rm"] {
        assert_eq!(run(&["artifacts", verb, "none"]), (2, String::new(), missing.to_owned()), "{verb}");
    }
    assert_eq!(run(&["artifacts", "rm"]).0, 2);
    let (code, out, errors) =
        run(&["run", "--json", "-e", "for n in (1, 2): artifacts.save('n', {'a': n})\nartifacts.save('b', b'\\xff\\0')['size']"]);
    assert_eq!((code, &*errors), (0, ""));
    let made: Value = serde_json::from_str(&out).unwrap();
    let names: Vec<&str> = made["artifacts"].as_array().unwrap().iter().map(|made| made["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["n", "n", "b"]);
    let old = made["artifacts"][0]["id"].as_str().unwrap();
    let listed: Value = serde_json::from_str(&run(&["artifacts", "list", "--json"]).1).unwrap();
    let mut newest_first = made["artifacts"].as_array().unwrap().clone();
    newest_first.reverse();
    assert_eq!(listed, Value::from(newest_first));
    assert_eq!(run(&["artifacts", "cat", "n"]), (0, "{\"a\":2}".to_owned(), String::new()));
    assert_eq!(run(&["artifacts", "cat", old]).1, "{\"a\":1}");
    assert_eq!(place.command().args(["artifacts", "cat", "b"]).output().unwrap().stdout, b"\xff\0");
    let shown = run(&["artifacts", "show", old]).1;
    assert!(shown.contains("  type      application/json\n  size      7 bytes\n"), "{shown}");
    assert_eq!(run(&["artifacts", "rm", "n", "b"]).0, 0);
    assert_eq!(run(&["artifacts", "cat", "n"]).1, "{\"a\":1}");
    assert_eq!(run(&["artifacts", "rm", "--all"]), (0, String::new(), String::new()));
    assert_eq!(run(&["artifacts", "list", "--json"]).1, "[]\n");
}
