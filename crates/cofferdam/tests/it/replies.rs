//! What a client receives, byte for byte: success, error, refusal, truncation and nothing, in both languages and both eras.

use crate::connection::{Connection, Era};
use crate::place::{Place, built};
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use std::path::Path;

/// The shop of `examples/`, in both eras of the protocol.
fn servers(place: &Place) -> [Connection; 2] {
    let _built = built("shop");
    let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/cofferdam.toml");
    [Era::Modern, Era::Legacy].map(|era| place.serve(era, &["--config", configuration.to_str().unwrap()]))
}

/// The result of a call as it was sent, with what no two runs have in common replaced.
fn result(server: &mut Connection, language: &str, code: &str) -> Value {
    let id = server.call(json!({"language": language, "code": code}));
    let mut result = server.answer(id)["result"].take();
    let figures = &mut result["_meta"]["cofferdam/run"];
    let run = figures["run"].as_str().unwrap();
    assert!(run.len() == 32 && run.bytes().all(|byte| byte.is_ascii_hexdigit()), "{run}");
    assert!(figures["wall_ms"].as_f64().is_some_and(|wall| wall >= 0.0), "{figures}");
    figures["run"] = "RUN".into();
    figures["wall_ms"] = 0.into();
    result
}

/// The same program in both eras: the older one does not know `resultType`, and all else is the same.
fn check(servers: &mut [Connection; 2], language: &str, code: &str, expected: Expect) {
    let [modern, legacy] = servers;
    let text = result(modern, language, code).to_string();
    expected.assert_eq(&text);
    let older = text.replacen(r#"{"resultType":"complete","#, "{", 1);
    assert_ne!(older, text);
    assert_eq!(result(legacy, language, code).to_string(), older, "{code}");
}

#[test]
fn a_value_after_the_printed_text() {
    let place = Place::new();
    let servers = &mut servers(&place);
    let python = "order = await orders.get_order(id=100_001)\nprint('id', order['id'])\n{'total': 5, 'ok': None, 'x': [1.5, 'é']}";
    check(
        servers,
        "python",
        python,
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"id 100001\n{\"total\":5,\"ok\":null,\"x\":[1.5,\"é\"]}"}],"isError":false,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"value","calls":{"orders.get_order":1},"bytes_inside":292,"wall_ms":0}}}"#
        ]],
    );
    let javascript = "const order = await orders.get_order({id: 100001});\nconsole.log('id', order.id);\n({total: 5, ok: null, x: [1.5, 'é']})";
    check(
        servers,
        "javascript",
        javascript,
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"id 100001\n{\"total\":5,\"ok\":null,\"x\":[1.5,\"é\"]}"}],"isError":false,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"value","calls":{"orders.get_order":1},"bytes_inside":292,"wall_ms":0}}}"#
        ]],
    );
    check(
        servers,
        "typescript",
        "enum Colour { Red, Green }\nconst c: Colour = Colour.Green;\nreturn Colour[c]",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"Green"}],"isError":false,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"value","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
}

#[test]
fn an_error_with_the_programs_own_lines() {
    let place = Place::new();
    let servers = &mut servers(&place);
    check(
        servers,
        "python",
        "def share(x):\n    return 1 / x\n\nprint('before')\nshare(0)",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"before\nTraceback (most recent call last):\n  File \"program.py\", line 5, in <module>\n    share(0)\n    ~~~~~^^^\n  File \"program.py\", line 2, in share\n    return 1 / x\n           ~~^~~\nZeroDivisionError: division by zero"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"error","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
    check(
        servers,
        "javascript",
        "function share(x) {\n  return x.a.b;\n}\nconsole.log('before');\nshare({});",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"before\nTypeError: cannot read property 'b' of undefined\n    at share (program.js:2:10)\n    at program.js:5:1"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"error","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
    check(
        servers,
        "typescript",
        "interface A { n: number }\nenum Colour { Red, Green }\nconst c: Colour = Colour.Green;\nthrow new RangeError(Colour[c]);",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"RangeError: Green\n    at program.ts:4:29"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"error","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
}

#[test]
fn a_failed_call_with_its_code() {
    let place = Place::new();
    let servers = &mut servers(&place);
    check(
        servers,
        "python",
        "await orders.get_order(id=7)",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"Traceback (most recent call last):\n  File \"program.py\", line 1, in <module>\n    await orders.get_order(id=7)\nToolError: no order 7 [tool_failed]"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"error","calls":{"orders.get_order":1},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
    check(
        servers,
        "javascript",
        "await orders.get_order({id: 7})",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"ToolError: no order 7\n    at program.js:1:14 {\n  code: 'tool_failed',\n  tool: 'orders.get_order',\n  retryable: false\n}"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"error","calls":{"orders.get_order":1},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
}

#[test]
fn a_refusal_of_an_unknown_tool() {
    let place = Place::new();
    let servers = &mut servers(&place);
    check(
        servers,
        "python",
        "print('x')\nawait orders.get_ordr(id=1)",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"refused before it ran (unknown_tool): line 2: there is no tool `orders.get_ordr`; did you mean `orders.get_order`?"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"refused","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
    check(
        servers,
        "javascript",
        "console.log('x');\nawait orders.get_ordr({id: 1})",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"refused before it ran (unknown_tool): line 2: there is no tool `orders.get_ordr`; did you mean `orders.get_order`?"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"refused","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
}

#[test]
fn a_refusal_of_a_call_without_a_required_argument() {
    let place = Place::new();
    let servers = &mut servers(&place);
    check(
        servers,
        "python",
        "await orders.get_order()",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"refused before it ran (missing_argument): line 1: `orders.get_order(...)`: the required argument `id` is missing. Usage: orders.get_order(id)"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"refused","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
    check(
        servers,
        "javascript",
        "await orders.get_order()",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"refused before it ran (missing_argument): line 1: `orders.get_order(...)`: the required argument `id` is missing. Usage: orders.get_order(id)"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"refused","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
}

#[test]
fn a_refusal_of_a_call_that_is_not_awaited() {
    let place = Place::new();
    let servers = &mut servers(&place);
    check(
        servers,
        "python",
        "order = orders.get_order(id=100_001)\norder['id']",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"refused before it ran (not_awaited): line 1: `orders.get_order(...)` is not awaited, but `order` is used as its result; write `order = await orders.get_order(...)`"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"refused","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
    check(
        servers,
        "javascript",
        "const order = orders.get_order({id: 100001});\norder.id",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"refused before it ran (not_awaited): line 1: `orders.get_order(...)` is not awaited, but `order` is used as its result; write `order = await orders.get_order(...)`"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"refused","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
}

#[test]
fn a_call_that_only_the_run_shows_not_to_be_awaited() {
    let place = Place::new();
    let servers = &mut servers(&place);
    check(
        servers,
        "python",
        "get = orders.get_order\nget(id=100_001)\n5",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"not_awaited: orders.get_order was called without await (line 2), so its result was lost; write `await orders.get_order(...)`"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"not_awaited","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
    check(
        servers,
        "javascript",
        "const get = orders['get_' + 'order'];\nget({id: 100001});\n5",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"not_awaited: orders.get_order was called without await (line 2), so its result was lost; write `await orders.get_order(...)`"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"not_awaited","calls":{"orders.get_order":1},"bytes_inside":292,"wall_ms":0}}}"#
        ]],
    );
}

#[test]
fn a_refusal_of_what_does_not_parse() {
    let place = Place::new();
    let servers = &mut servers(&place);
    check(
        servers,
        "python",
        "x = 1\ny = = 2",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"refused before it ran (syntax_error): syntax error in line 2, column 5: Expected an expression\n  y = = 2\n      ^"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"refused","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
    check(
        servers,
        "javascript",
        "let x = 1;\nlet y = = 2",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"refused before it ran (syntax_error): syntax error in line 2, column 9: Unexpected token\n  let y = = 2\n          ^"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"refused","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
    check(
        servers,
        "typescript",
        "let x: number = 1;\nlet y: = 2",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"refused before it ran (syntax_error): syntax error in line 2, column 8: Unexpected token\n  let y: = 2\n         ^"}],"isError":true,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"refused","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
}

#[test]
fn nothing() {
    let place = Place::new();
    let servers = &mut servers(&place);
    check(
        servers,
        "python",
        "x = 1",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"(no output: the program printed nothing and its last expression has no value)"}],"isError":false,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"none","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
    check(
        servers,
        "javascript",
        "const x = 1;",
        expect![[
            r#"{"resultType":"complete","content":[{"type":"text","text":"(no output: the program printed nothing and its last expression has no value)"}],"isError":false,"_meta":{"cofferdam/run":{"run":"RUN","outcome":"none","calls":{},"bytes_inside":0,"wall_ms":0}}}"#
        ]],
    );
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
        let figures = r#"{"run":"RUN","outcome":"none","calls":{},"bytes_inside":0,"wall_ms":0}"#;
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
