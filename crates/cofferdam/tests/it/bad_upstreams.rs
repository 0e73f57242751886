//! Whatever an upstream does, and whatever it is sent: a clear error, and the next request is served.

use crate::bad_input::fails;
use crate::connection::Era;
use crate::place::{ALLOW, FAILURES, Place, built, modern, own};
use serde_json::json;

/// What Python shows of a program that is one awaited call.
fn python(call: &str, error: &str) -> String {
    format!("Traceback (most recent call last):\n  File \"program.py\", line 1, in <module>\n    await {call}\nToolError: {error}")
}

/// What JavaScript shows of a failed call of `tool` at this place.
fn javascript(tool: &str, place: &str, message: &str, code: &str, retryable: bool) -> String {
    format!("ToolError: {message}\n    at program.js:{place} {{\n  code: '{code}',\n  tool: '{tool}',\n  retryable: {retryable}\n}}")
}

#[test]
fn tools_that_are_called_with_wrong_arguments() {
    let place = Place::new();
    let faulty = built("examples/faulty_server");
    let mcp = place.servers(&json!({"faulty": {"command": faulty, "args": ["normal"]}}));
    let mut server = place.serve(Era::Modern, &["--mcp-config", mcp.to_str().unwrap()]);
    let server = &mut server;
    for (call, error) in [
        ("faulty.echo(text=int('5'))", r#"faulty.echo: /text: 5 is not of type "string". It takes faulty.echo(text?) [invalid_arguments]"#),
        (
            "faulty.echo('a', 'b', 'c')",
            "faulty.echo: it takes one argument, but 3 were given by position. Usage: faulty.echo(text?) [invalid_arguments]",
        ),
        // The server's own refusal, without the character that would turn its text around.
        ("faulty.reject(text='a')", "text must be short [invalid_arguments]"),
    ] {
        fails(server, "python", &format!("await {call}"), &python(call, error));
    }
    let misspelt = "refused before it ran (unknown_argument): line 1: `faulty.echo(...)`: it has no argument `txt`; did you mean `text`? \
                    Usage: faulty.echo(text?)";
    fails(server, "python", "await faulty.echo(txt='a')", misspelt);
    // The place is that of the tool's name. A BigInt is a number on its way out.
    for (call, given) in [("faulty.echo({text: +'5'})", "5"), ("faulty.echo({text: 1n})", "1")] {
        let message = format!(r#"faulty.echo: /text: {given} is not of type "string". It takes faulty.echo(text?)"#);
        fails(server, "javascript", &format!("await {call}"), &javascript("faulty.echo", "1:14", &message, "invalid_arguments", false));
    }
    // What is written out is refused before it runs.
    let wrong = "refused before it ran (wrong_argument): line 1: `faulty.echo(...)`: an argument does not fit; \
                 tools.describe(\"faulty.echo\") says what does. Usage: faulty.echo(text?)";
    fails(server, "python", "await faulty.echo(text=5)", wrong);
    fails(server, "javascript", "await faulty.echo({text: 5})", wrong);
    assert_eq!(server.run("python", "await faulty.echo(text='a')"), r#"{"text":"a"}"#);
    // A name that no tool can have goes nowhere: not into the journal, nor into what is told of the run.
    let long = server.call(json!({"code": "try: await getattr(faulty, 'x' * 1_000_000)()\nexcept ToolError as error: print(error)"}));
    let answer = server.answer(long);
    assert_eq!(answer["result"]["content"][0]["text"], "there is no tool with a name of 1000007 bytes [unknown_tool]\n");
    assert_eq!(answer["result"]["_meta"]["cofferdam/run"]["calls"], json!({}));
}

#[test]
fn upstreams_that_misbehave() {
    let place = Place::new();
    let faulty = built("examples/faulty_server");
    let flood = own("servers/flood.py");
    let configuration = place.write(
        "cofferdam.toml",
        toml(&[
            ("missing", "no-such-program-anywhere", &[], 2),
            ("crashes", faulty.to_str().unwrap(), &["crash_at_start"], 2),
            ("mute", faulty.to_str().unwrap(), &["never_answers"], 2),
            ("chatty", faulty.to_str().unwrap(), &["garbage"], 20),
            ("faulty", faulty.to_str().unwrap(), &["normal"], 2),
            ("raw", faulty.to_str().unwrap(), &["raw"], 20),
            ("flood", modern("python").to_str().unwrap(), &[flood.to_str().unwrap()], 20),
            ("noisy", modern("python").to_str().unwrap(), &[flood.to_str().unwrap()], 2),
        ]),
    );
    let mut server = place.serve(Era::Modern, &["--config", configuration.to_str().unwrap()]);
    let server = &mut server;
    // A reply that came is a call that was made, be the reply of use or not; a call of which nothing was heard may have been made.
    let (made, unknown) = ("Calls already made, not undone", "Calls whose fate is unknown");
    for (tool, error, fate) in [
        ("missing.anything", "the server missing is not available: its command cannot be started [upstream_unavailable]", None),
        ("crashes.echo", "the server crashes is not available: it ended while it started (exit status: 3) [upstream_unavailable]", None),
        ("faulty.fail", "no such issue [tool_failed]", None),
        (
            "faulty.die",
            "faulty is not available: it ended (exit status: 7); whether faulty.die took effect is unknown [upstream_unavailable]",
            Some(unknown),
        ),
        ("faulty.slow", "faulty.slow did not answer within 2 s; whether it took effect is unknown [timeout]", Some(unknown)),
        ("noisy.noise", "noisy.noise did not answer within 2 s; whether it took effect is unknown [timeout]", Some(unknown)),
        ("faulty.malformed", "the reply of faulty.malformed is not a valid answer of the protocol; it took effect [tool_output_invalid]", Some(made)),
        ("faulty.deep", "the reply of faulty.deep is nested too deep; it took effect [tool_output_invalid]", Some(made)),
        (
            "raw.contradict",
            "raw.contradict: the text of the reply and its structuredContent are both JSON and say different things [tool_output_invalid]",
            Some(made),
        ),
        ("raw.not_a_number", "the reply of raw.not_a_number is not a valid answer of the protocol; it took effect [tool_output_invalid]", Some(made)),
        (
            "raw.lone_surrogate",
            "the reply of raw.lone_surrogate is not a valid answer of the protocol; it took effect [tool_output_invalid]",
            Some(made),
        ),
        ("raw.trailing", "the reply of raw.trailing is not a valid answer of the protocol; it took effect [tool_output_invalid]", Some(made)),
        (
            "faulty.lies",
            "faulty.lies answered something that its own output schema does not allow: /n: \"one\" is not of type \"integer\" [tool_output_invalid]",
            Some(made),
        ),
        (
            "flood.hundred_megabytes",
            "the reply of flood.hundred_megabytes is larger than 16777216 bytes; it took effect, but ask it for less [reply_too_large]",
            Some(made),
        ),
    ] {
        let call = format!("{tool}()");
        let fate = fate.map(|fate| format!("\n{fate}: {tool}")).unwrap_or_default();
        fails(server, "python", &format!("await {call}"), &(python(&call, error) + &fate));
    }
    // What never reached the upstream may be tried again; what may have, and is not declared harmless, may not.
    let message = "the server mute is not available: it did not start within 3 s";
    fails(server, "javascript", "await mute.echo()", &javascript("mute.echo", "1:12", message, "upstream_unavailable", true));
    let message = "faulty is not available: it ended (exit status: 7); whether faulty.die took effect is unknown";
    let shown = javascript("faulty.die", "1:14", message, "upstream_unavailable", false);
    fails(server, "javascript", "await faulty.die()", &format!("{shown}\n{unknown}: faulty.die"));
    // Fates are told also when the program caught the error and failed of something else.
    for (tool, fate) in [("faulty.die", unknown), ("faulty.deep", made)] {
        let code = format!("try:\n    await {tool}()\nexcept ToolError:\n    pass\nraise ValueError('x')");
        let shown = "Traceback (most recent call last):\n  File \"program.py\", line 5, in <module>\n    raise ValueError('x')\nValueError: x";
        fails(server, "python", &code, &format!("{shown}\n{fate}: {tool}"));
    }
    // Of what is there twice there is one reading for all: the last.
    assert_eq!(server.run("python", "await raw.twice()"), r#"{"role":"admin"}"#);
    // Noise is passed over; a server that died is started again.
    assert_eq!(server.run("python", "await chatty.echo(text='a')"), r#"{"text":"a"}"#);
    assert_eq!(server.run("python", "await faulty.echo(text='a')"), r#"{"text":"a"}"#);
    assert_eq!(server.run("python", "await flood.echo()"), "echo");
    // One dead server does not harm calls of another that are under way. The chatty one was called once before.
    let together = "import asyncio\nasync def code(call):\n    try:\n        return await call\n    except ToolError as error:\n        return error.code\n\
                    await asyncio.gather(code(faulty.die()), code(flood.echo()), code(missing.x()), code(chatty.count()))";
    assert_eq!(server.run("python", together), r#"["upstream_unavailable","echo","upstream_unavailable","2"]"#);
    server.still_serves();
}

#[test]
fn a_call_that_was_certainly_not_made_may_be_tried_again() {
    let place = Place::new();
    let faulty = built("examples/faulty_server");
    // Starts once, and never again.
    let once = format!("[ -e begun ] && exit 9; touch begun; exec {} normal", faulty.display());
    let mcp = place.servers(&json!({"once": {"command": "sh", "args": ["-c", once], "cwd": place.path()}}));
    let mut server = place.serve(Era::Modern, &["--mcp-config", mcp.to_str().unwrap()]);
    let code = "await once.die_quietly();\nawait new Promise((done) => setTimeout(done, 1000));\nawait once.echo();";
    let message = "once is not available: it ended while it started (exit status: 9); nothing was called";
    let shown = javascript("once.echo", "3:12", message, "upstream_unavailable", true);
    fails(&mut server, "javascript", code, &format!("{shown}\nCalls already made, not undone: once.die_quietly"));
}

/// A configuration with these servers, each with the seconds that a call of it may take.
fn toml(servers: &[(&str, &str, &[&str], u32)]) -> String {
    let mut text = format!("{ALLOW}{FAILURES}");
    for (name, command, arguments, seconds) in servers {
        let (command, arguments) = (json!(command), json!(arguments));
        let start = if *name == "mute" { 3 } else { 20 };
        text += &format!("[servers.{name}]\ncommand = {command}\nargs = {arguments}\ncall_timeout = \"{seconds}s\"\nstart_timeout = \"{start}s\"\n");
    }
    text
}
