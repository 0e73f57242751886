//! Whatever an upstream does, and whatever it is sent: a clear error, and the next request is served.

use crate::bad_input::fails;
use crate::connection::Era;
use crate::place::{Place, built, modern, own};
use expect_test::expect;
use serde_json::json;

#[test]
fn tools_that_are_called_with_wrong_arguments() {
    let place = Place::new();
    let faulty = built("examples/faulty_server");
    let mcp = place.servers(&json!({"faulty": {"command": faulty, "args": ["normal"]}}));
    let mut server = place.serve(Era::Modern, &["--mcp-config", mcp.to_str().unwrap()]);
    let server = &mut server;
    fails(
        server,
        "python",
        "await faulty.echo(text=5)",
        expect![[r#"
        Traceback (most recent call last):
          File "program.py", line 1, in <module>
            await faulty.echo(text=5)
        ToolError: faulty.echo: /text: 5 is not of type "string". It takes faulty.echo(text?) [invalid_arguments]"#]],
    );
    fails(
        server,
        "python",
        "await faulty.echo(txt='a')",
        expect![
            "refused before it ran (unknown_argument): line 1: `faulty.echo(...)`: it has no argument `txt`; did you mean `text`? Usage: faulty.echo(text?)"
        ],
    );
    fails(
        server,
        "python",
        "await faulty.echo('a', 'b', 'c')",
        expect![[r#"
        Traceback (most recent call last):
          File "program.py", line 1, in <module>
            await faulty.echo('a', 'b', 'c')
        ToolError: faulty.echo: it takes one argument, but 3 were given by position. Usage: faulty.echo(text?) [invalid_arguments]"#]],
    );
    fails(
        server,
        "javascript",
        "await faulty.echo({text: 5})",
        expect![[r#"
        ToolError: faulty.echo: /text: 5 is not of type "string". It takes faulty.echo(text?)
            at program.js:1:14 {
          code: 'invalid_arguments',
          tool: 'faulty.echo',
          retryable: false
        }"#]],
    );
    fails(
        server,
        "javascript",
        "await faulty.echo({text: 1n})",
        expect![[r#"
        ToolError: faulty.echo: /text: 1 is not of type "string". It takes faulty.echo(text?)
            at program.js:1:14 {
          code: 'invalid_arguments',
          tool: 'faulty.echo',
          retryable: false
        }"#]],
    );
    fails(
        server,
        "python",
        "await faulty.reject(text='a')",
        expect![[r#"
        Traceback (most recent call last):
          File "program.py", line 1, in <module>
            await faulty.reject(text='a')
        ToolError: text must be short [invalid_arguments]"#]],
    );
    assert_eq!(server.run("python", "await faulty.echo(text='a')"), r#"{"text":"a"}"#);
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
            ("flood", modern("python").to_str().unwrap(), &[flood.to_str().unwrap()], 20),
            ("noisy", modern("python").to_str().unwrap(), &[flood.to_str().unwrap()], 2),
        ]),
    );
    let mut server = place.serve(Era::Modern, &["--config", configuration.to_str().unwrap()]);
    let server = &mut server;
    fails(
        server,
        "python",
        "await missing.anything()",
        expect![[r#"
        Traceback (most recent call last):
          File "program.py", line 1, in <module>
            await missing.anything()
        ToolError: the server missing is not available: its command cannot be started [upstream_unavailable]"#]],
    );
    fails(
        server,
        "python",
        "await crashes.echo()",
        expect![[r#"
        Traceback (most recent call last):
          File "program.py", line 1, in <module>
            await crashes.echo()
        ToolError: the server crashes is not available: it ended while it started (exit status: 3) [upstream_unavailable]"#]],
    );
    fails(
        server,
        "javascript",
        "await mute.echo()",
        expect![[r#"
        ToolError: the server mute is not available: it did not start within 3 s
            at program.js:1:12 {
          code: 'upstream_unavailable',
          tool: 'mute.echo',
          retryable: true
        }"#]],
    );
    fails(
        server,
        "python",
        "await faulty.die()",
        expect![[r#"
        Traceback (most recent call last):
          File "program.py", line 1, in <module>
            await faulty.die()
        ToolError: faulty is not available: it ended (exit status: 7); whether faulty.die took effect is unknown [upstream_unavailable]
        Calls whose fate is unknown: faulty.die"#]],
    );
    fails(
        server,
        "javascript",
        "await faulty.die()",
        expect![[r#"
        ToolError: faulty is not available: it ended (exit status: 7); whether faulty.die took effect is unknown
            at program.js:1:14 {
          code: 'upstream_unavailable',
          tool: 'faulty.die',
          retryable: false
        }
        Calls whose fate is unknown: faulty.die"#]],
    );
    // Also when the program caught the error and failed of something else.
    fails(
        server,
        "python",
        "try:\n    await faulty.die()\nexcept ToolError:\n    pass\nraise ValueError('x')",
        expect![[r#"
        Traceback (most recent call last):
          File "program.py", line 5, in <module>
            raise ValueError('x')
        ValueError: x
        Calls whose fate is unknown: faulty.die"#]],
    );
    fails(
        server,
        "python",
        "await faulty.slow()",
        expect![[r#"
            Traceback (most recent call last):
              File "program.py", line 1, in <module>
                await faulty.slow()
            ToolError: faulty.slow did not answer within 2 s; whether it took effect is unknown [timeout]
            Calls whose fate is unknown: faulty.slow"#]],
    );
    fails(
        server,
        "python",
        "await faulty.malformed()",
        expect![[r#"
            Traceback (most recent call last):
              File "program.py", line 1, in <module>
                await faulty.malformed()
            ToolError: the reply of faulty.malformed is not a valid answer of the protocol [tool_output_invalid]
            Calls whose fate is unknown: faulty.malformed"#]],
    );
    fails(
        server,
        "python",
        "await faulty.deep()",
        expect![[r#"
            Traceback (most recent call last):
              File "program.py", line 1, in <module>
                await faulty.deep()
            ToolError: the reply of faulty.deep is nested too deep [tool_output_invalid]
            Calls whose fate is unknown: faulty.deep"#]],
    );
    fails(
        server,
        "python",
        "await flood.hundred_megabytes()",
        expect![[r#"
            Traceback (most recent call last):
              File "program.py", line 1, in <module>
                await flood.hundred_megabytes()
            ToolError: the reply of flood.hundred_megabytes is larger than 16777216 bytes; it took effect, but ask it for less [reply_too_large]
            Calls whose fate is unknown: flood.hundred_megabytes"#]],
    );
    fails(
        server,
        "python",
        "await noisy.noise()",
        expect![[r#"
            Traceback (most recent call last):
              File "program.py", line 1, in <module>
                await noisy.noise()
            ToolError: noisy.noise did not answer within 2 s; whether it took effect is unknown [timeout]
            Calls whose fate is unknown: noisy.noise"#]],
    );
    // Noise is passed over; a server that died is started again.
    assert_eq!(server.run("python", "await chatty.echo(text='a')"), r#"{"text":"a"}"#);
    assert_eq!(server.run("python", "await faulty.echo(text='a')"), r#"{"text":"a"}"#);
    assert_eq!(server.run("python", "await flood.echo()"), "echo");
    // One dead server does not harm calls of another that are under way.
    let together = "import asyncio\nasync def code(call):\n    try:\n        return await call\n    except ToolError as error:\n        return error.code\n\
                    await asyncio.gather(code(faulty.die()), code(flood.echo()), code(missing.x()), code(chatty.count()))";
    expect![[r#"["upstream_unavailable","echo","upstream_unavailable","2"]"#]].assert_eq(&server.run("python", together));
    server.still_serves();
}

/// A configuration with these servers, each with the seconds that a call of it may take.
fn toml(servers: &[(&str, &str, &[&str], u32)]) -> String {
    let mut text = String::new();
    for (name, command, arguments, seconds) in servers {
        let (command, arguments) = (json!(command), json!(arguments));
        let start = if *name == "mute" { 3 } else { 20 };
        text += &format!("[servers.{name}]\ncommand = {command}\nargs = {arguments}\ncall_timeout = \"{seconds}s\"\nstart_timeout = \"{start}s\"\n");
    }
    text
}
