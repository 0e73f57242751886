//! What a client receives, byte for byte: success, error, refusal, truncation and nothing, in both languages and both eras.

use crate::connection::{Connection, Era};
use crate::place::{FAILURES, Place, built};
use serde_json::{Value, json};
use std::path::Path;

/// The shop of `examples/`, in both eras of the protocol.
fn servers(place: &Place) -> [Connection; 2] {
    let _built = built("shop");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let configuration = std::fs::read_to_string(examples.join("cofferdam.toml")).unwrap();
    let configuration = place.write("examples.toml", format!("{configuration}{FAILURES}"));
    let (configuration, lock) = (configuration.to_str().unwrap(), examples.join("cofferdam.lock"));
    [Era::Modern, Era::Legacy].map(|era| place.serve(era, &["--config", configuration, "--lock", lock.to_str().unwrap()]))
}

/// The result of a call as it was sent, with what no two runs have in common replaced.
fn result(server: &mut Connection, language: &str, code: &str) -> Value {
    let id = server.call(json!({"language": language, "code": code}));
    let mut result = server.answer(id)["result"].take();
    let figures = &mut result["_meta"]["cofferdam/run"];
    let run = figures["run"].as_str().unwrap();
    assert!(run.len() == 32 && run.bytes().all(|byte| byte.is_ascii_hexdigit()), "{run}");
    assert!(figures["wall_ms"].as_f64().is_some_and(|wall| wall >= 0.0), "{figures}");
    assert!(figures["context"].as_str().is_some_and(|name| name.starts_with("stdio-")), "{figures}");
    figures["run"] = "RUN".into();
    figures["context"] = "CONTEXT".into();
    figures["wall_ms"] = 0.into();
    // Recording takes time, and of a run without calls less than the run.
    let recorded = figures.as_object_mut().unwrap().remove("recorded_ms").unwrap();
    assert!(recorded.as_f64().is_some_and(|ms| ms >= 0.0), "{recorded}");
    result
}

/// What a client receives, as it is written: one text block and the figures.
fn expected(text: &str, is_error: bool, outcome: &str, calls: &Value, bytes_inside: usize) -> String {
    let figures = json!({"run": "RUN", "context": "CONTEXT", "outcome": outcome, "calls": calls, "bytes_inside": bytes_inside, "wall_ms": 0});
    let content = json!([{"type": "text", "text": text}]);
    json!({"resultType": "complete", "content": content, "isError": is_error, "_meta": {"cofferdam/run": figures}}).to_string()
}

/// The same program in both eras: the older one does not know `resultType`, and all else is the same.
fn check(servers: &mut [Connection; 2], language: &str, code: &str, expected: &str) {
    let [modern, legacy] = servers;
    assert_eq!(result(modern, language, code).to_string(), expected, "{code}");
    let older = expected.replacen(r#"{"resultType":"complete","#, "{", 1);
    assert_ne!(older, expected);
    assert_eq!(result(legacy, language, code).to_string(), older, "{code}");
}

/// Programs that make no call: language, program, text.
fn check_all(is_error: bool, outcome: &str, programs: &[(&str, &str, &str)]) {
    let place = Place::new();
    let servers = &mut servers(&place);
    for (language, code, text) in programs {
        check(servers, language, code, &expected(text, is_error, outcome, &json!({}), 0));
    }
}

/// The size of the one order that programs here ask for, counted by a program.
fn order_bytes(servers: &mut [Connection; 2]) -> usize {
    let count = "len(json.dumps(await orders.get_order(id=100_001), separators=(',', ':'), ensure_ascii=False).encode())";
    servers[0].run("python", count).parse().unwrap()
}

#[test]
fn a_value_after_the_printed_text() {
    let place = Place::new();
    let servers = &mut servers(&place);
    let bytes = order_bytes(servers);
    let text = "id 100001\n{\"total\":5,\"ok\":null,\"x\":[1.5,\"é\"]}";
    for (language, code) in [
        ("python", "order = await orders.get_order(id=100_001)\nprint('id', order['id'])\n{'total': 5, 'ok': None, 'x': [1.5, 'é']}"),
        ("javascript", "const order = await orders.get_order({id: 100001});\nconsole.log('id', order.id);\n({total: 5, ok: null, x: [1.5, 'é']})"),
    ] {
        check(servers, language, code, &expected(text, false, "value", &json!({"orders.get_order": 1}), bytes));
    }
    let typed = "enum Colour { Red, Green }\nconst c: Colour = Colour.Green;\nreturn Colour[c]";
    check(servers, "typescript", typed, &expected("Green", false, "value", &json!({}), 0));
}

#[test]
fn an_error_with_the_programs_own_lines() {
    check_all(
        true,
        "error",
        &[
            (
                "python",
                "def share(x):\n    return 1 / x\n\nprint('before')\nshare(0)",
                "before\nTraceback (most recent call last):\n  File \"program.py\", line 5, in <module>\n    share(0)\n    ~~~~~^^^\n  \
                 File \"program.py\", line 2, in share\n    return 1 / x\n           ~~^~~\nZeroDivisionError: division by zero",
            ),
            (
                "javascript",
                "function share(x) {\n  return x.a.b;\n}\nconsole.log('before');\nshare({});",
                "before\nTypeError: cannot read property 'b' of undefined\n    at share (program.js:2:10)\n    at program.js:5:1",
            ),
            // The engine gives the column of what it looked at last, here the argument.
            (
                "typescript",
                "interface A { n: number }\nenum Colour { Red, Green }\nconst c: Colour = Colour.Green;\nthrow new RangeError(Colour[c]);",
                "RangeError: Green\n    at program.ts:4:29",
            ),
        ],
    );
}

#[test]
fn a_failed_call_with_its_code() {
    let place = Place::new();
    let servers = &mut servers(&place);
    for (language, code, text) in [
        (
            "python",
            "await orders.get_order(id=7)",
            "Traceback (most recent call last):\n  File \"program.py\", line 1, in <module>\n    await orders.get_order(id=7)\n\
             ToolError: no order 7 [tool_failed]",
        ),
        (
            "javascript",
            "await orders.get_order({id: 7})",
            "ToolError: no order 7\n    at program.js:1:14 {\n  code: 'tool_failed',\n  tool: 'orders.get_order',\n  retryable: false\n}",
        ),
    ] {
        check(servers, language, code, &expected(text, true, "error", &json!({"orders.get_order": 1}), 0));
    }
}

#[test]
fn refusals() {
    let unknown = "refused before it ran (unknown_tool): line 2: there is no tool `orders.get_ordr`; did you mean `orders.get_order`?";
    let missing = "refused before it ran (missing_argument): line 1: `orders.get_order(...)`: the required argument `id` is missing. \
                   Usage: orders.get_order(id)";
    let not_awaited = "refused before it ran (not_awaited): line 1: `orders.get_order(...)` is not awaited, but `order` is used as its result; \
                       write `order = await orders.get_order(...)`";
    let syntax = |place: &str, what: &str, line: &str, caret: usize| {
        format!("refused before it ran (syntax_error): syntax error in {place}: {what}\n  {line}\n{}^", " ".repeat(caret + 1))
    };
    check_all(
        true,
        "refused",
        &[
            ("python", "print('x')\nawait orders.get_ordr(id=1)", unknown),
            ("javascript", "console.log('x');\nawait orders.get_ordr({id: 1})", unknown),
            ("python", "await orders.get_order()", missing),
            ("javascript", "await orders.get_order()", missing),
            ("python", "order = orders.get_order(id=100_001)\norder['id']", not_awaited),
            ("javascript", "const order = orders.get_order({id: 100001});\norder.id", not_awaited),
            ("python", "x = 1\ny = = 2", &syntax("line 2, column 5", "Expected an expression", "y = = 2", 5)),
            ("javascript", "let x = 1;\nlet y = = 2", &syntax("line 2, column 9", "Unexpected token", "let y = = 2", 9)),
            ("typescript", "let x: number = 1;\nlet y: = 2", &syntax("line 2, column 8", "Unexpected token", "let y: = 2", 8)),
        ],
    );
}

#[test]
fn a_call_that_only_the_run_shows_not_to_be_awaited() {
    let place = Place::new();
    let servers = &mut servers(&place);
    let bytes = order_bytes(servers);
    let text = "not_awaited: orders.get_order was called without await (line 2), so its result was lost; write `await orders.get_order(...)`";
    // A coroutine begins when it is awaited, a promise at once.
    let python = "get = orders.get_order\nget(id=100_001)\n5";
    check(servers, "python", python, &expected(text, true, "not_awaited", &json!({}), 0));
    let javascript = "const get = orders['get_' + 'order'];\nget({id: 100001});\n5";
    check(servers, "javascript", javascript, &expected(text, true, "not_awaited", &json!({"orders.get_order": 1}), bytes));
}

#[test]
fn nothing() {
    let text = "(no output: the program printed nothing and its last expression has no value)";
    check_all(false, "none", &[("python", "x = 1", text), ("javascript", "const x = 1;", text)]);
}

#[test]
fn a_long_reply_as_head_and_tail_with_its_true_size() {
    let place_of_servers = Place::new();
    let lines: Vec<String> = (0..100_000).map(|n| n.to_string()).collect();
    let whole = lines.join("\n") + "\n";
    // 12 KiB of head and 4 KiB of tail, both at line ends.
    let cut = |text: &str, end: usize| text[..end].rfind('\n').unwrap() + 1;
    let head = cut(&whole, 12 * 1024);
    let tail = whole.len() - 4 * 1024;
    let tail = tail + whole[tail..].find('\n').unwrap() + 1;
    assert_eq!((whole.len(), tail - head), (588_890, 572_513));
    let place = "all of it: artifact://ID, in programs artifacts.load(\"ID\")";
    let text = format!("{}... [572,513 of 588,890 bytes not shown; {place}] ...\n{}", &whole[..head], &whole[tail..]);
    let expected = |prefix: &str| {
        let text = serde_json::to_string(&text).unwrap();
        let preview: Vec<String> = (0..=80).map(|n| n.to_string()).collect();
        let preview = format!("{}...", &preview.join(" ")[..200]);
        let link = format!(
            r#"{{"type":"resource_link","uri":"artifact://ID","name":"output","description":"{preview}","mimeType":"text/plain","size":588890}}"#
        );
        let figures = r#"{"run":"RUN","context":"CONTEXT","outcome":"none","calls":{},"bytes_inside":0,"wall_ms":0}"#;
        format!(r#"{{{prefix}"content":[{{"type":"text","text":{text}}},{link}],"isError":false,"_meta":{{"cofferdam/run":{figures}}}}}"#)
    };
    let [mut modern, mut legacy] = servers(&place_of_servers);
    for (language, code) in [("python", "for n in range(100_000): print(n)"), ("javascript", "for (let n = 0; n < 100000; n++) console.log(n)")] {
        for (server, prefix) in [(&mut modern, r#""resultType":"complete","#), (&mut legacy, "")] {
            let result = result(server, language, code);
            let uri = result["content"][1]["uri"].as_str().unwrap();
            let id = uri.strip_prefix("artifact://").unwrap();
            assert_eq!(result.to_string().replace(id, "ID"), expected(prefix));
        }
    }
}

#[test]
fn another_tool_does_not_exist() {
    let place = Place::new();
    for server in &mut servers(&place) {
        let id = server.request("tools/call", json!({"name": "execut", "arguments": {"code": "1"}}));
        let message = "there is no tool \"execut\"; the only tool is \"execute\", in whose programs the servers' tools are functions";
        assert_eq!(server.answer(id), json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32602, "message": message}}));
        server.still_serves();
    }
}
