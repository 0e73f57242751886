//! What is refused of Python programs, and what is not.

use super::verdict;
use crate::{Check, Checks, Lifetime, check};
use expect_test::{Expect, expect};
use policy::Language;

#[track_caller]
fn refused(program: &str, message: Expect) {
    message.assert_eq(&verdict(program, Language::Python).unwrap_or_default());
}

#[track_caller]
fn accepted(programs: &[&str]) {
    for program in programs {
        assert_eq!(verdict(program, Language::Python), None, "{program}");
    }
}

#[test]
fn programs_run_as_they_are() {
    accepted(&[
        "1 + 1",
        "return 5",
        "x = await github.list_issues('a/b')\nreturn [i['n'] for i in x]",
        "async def f():\n    return await chat.any(x=1)\nawait f()",
        "[x async for x in y()]\nasync with z() as w: pass",
        "def f():\n    yield 1\n    return (await x for x in y)",
        "match x:\n    case {'a': 1, **rest}: pass",
        "type X[T] = list[T]\ndef f[T](x: T) -> T: return x",
        "print(f'{x!r:>{width}} {\"nested\"}')",
        "```python\nx = 1\nx\n```",
        "    x = 1\n    if x:\n        x\n",
        "await asyncio.gather(*(chat.post(to=a, text='x') for a in b))",
    ]);
    let program = check("```py\r\nx = 1\r\n```", Language::Python, Lifetime::Session, &super::catalog(), &Checks::all()).unwrap();
    assert_eq!((program.code(), program.mode(), program.file(), program.language()), ("x = 1\n", "function", "program.py", Language::Python));
    assert_eq!((program.flags(), program.source_line(7), program.restore("program.py:1").as_str()), ([].as_slice(), 7, "program.py:1"));
}

#[test]
fn syntax_errors_show_the_place() {
    refused(
        "x = 1\ny = = 2\n",
        expect![[r#"
        syntax_error: syntax error in line 2, column 5: Expected an expression
          y = = 2
              ^"#]],
    );
    refused(
        "if x == 3\n    y",
        expect![[r#"
        syntax_error: syntax error in line 1, column 10: Expected `:`, found newline
          if x == 3
                   ^"#]],
    );
    refused(
        "def f():\n    await g()",
        expect![[r#"
        syntax_error: syntax error in line 2, column 5: 'await' outside async function
              await g()
              ^"#]],
    );
    refused(
        "f = lambda: await g()",
        expect![[r#"
        syntax_error: syntax error in line 1, column 13: 'await' outside async function
          f = lambda: await g()
                      ^"#]],
    );
    refused(
        "def f():\n    async with g(): pass",
        expect![[r#"
        syntax_error: syntax error in line 2, column 5: 'async with' outside async function
              async with g(): pass
              ^"#]],
    );
    refused(
        "x = t'a'",
        expect![[r#"
        syntax_error: syntax error in line 1, column 5: Cannot use t-strings on Python 3.13 (syntax was added in Python 3.14)
          x = t'a'
              ^"#]],
    );
    refused(
        "print('a",
        expect![[r#"
        syntax_error: syntax error in line 1, column 7: missing closing quote in string literal
          print('a
                ^"#]],
    );
    refused(
        "const x = 5;\nconsole.log(x)",
        expect![[r#"
        syntax_error: syntax error in line 1, column 7: Simple statements must be separated by newlines or semicolons
          const x = 5;
                ^
        this looks like JavaScript; pass language: "javascript""#]],
    );
    refused(
        "const x: number = 5\nx",
        expect![[r#"
        syntax_error: syntax error in line 1, column 7: Simple statements must be separated by newlines or semicolons
          const x: number = 5
                ^
        this looks like TypeScript; pass language: "typescript""#]],
    );
    refused(
        &format!("x = [{}, = ]", "'aaaaaaaaaa', ".repeat(30)),
        expect![[r#"
        syntax_error: syntax error in line 1, column 426: Expected an expression or a ']'
          a', 'aaaaaaaaaa', 'aaaaaaaaaa', 'aaaaaaaaaa', 'aaaaaaaaaa', 'aaaaaaaaaa', , = ]
                                                                                    ^"#]],
    );
}

#[test]
fn empty_programs() {
    refused("", expect!["empty_program: the program is empty: there is no statement in it"]);
    refused("# only a comment\n", expect!["empty_program: the program is empty: there is no statement in it"]);
    refused("x = 'a\0b'", expect![[r#"nul_byte: line 1: the program contains a NUL character; write \0 in a string instead"#]]);
}

#[test]
fn unknown_tools() {
    refused(
        "x = 1\nawait github.list_isues(repo='a')",
        expect!["unknown_tool: line 2: there is no tool `github.list_isues`; did you mean `github.list_issues`?"],
    );
    refused(
        "await github.listIssues(repo='a')",
        expect!["unknown_tool: line 1: there is no tool `github.listIssues`; did you mean `github.list_issues`?"],
    );
    refused("await github.zzz()", expect!["unknown_tool: line 1: there is no tool `github.zzz`; `github` has: list_issues, whoami"]);
    refused("await githb.list_issues(repo='a')", expect!["unknown_tool: line 1: there is no server `githb`; did you mean `github.list_issues`?"]);
    accepted(&[
        "await lazy.whatever()",
        "github = Fake()\nawait github.zzz()",
        "def f(github):\n    return github.zzz()",
        "import github\ngithub.zzz()",
        "import github.client\ngithub.zzz()",
        "from x import *\ngithub.zzz()",
        "for github in x: github.zzz()",
        "with x as github: github.zzz()",
        "def github(): pass\ngithub.zzz()",
        "try:\n    pass\nexcept E as github:\n    github.zzz()",
        "match x:\n    case [github]: github.zzz()",
        "if (github := x): github.zzz()",
        "x = github.__class__()\ny = github.zzz",
        "await unrelated.list_issues()",
        "await githb.unrelated()",
        "githb = 1\nawait githb.list_issues()",
    ]);
}

#[test]
fn arguments_of_calls() {
    refused(
        "await github.list_issues()",
        expect![
            "missing_argument: line 1: `github.list_issues(...)`: the required argument `repo` is missing. Usage: github.list_issues(repo, state?, max_results?)"
        ],
    );
    refused(
        "await chat.post(to='a')",
        expect!["missing_argument: line 1: `chat.post(...)`: the required argument `text` is missing. Usage: chat.post(to, text)"],
    );
    refused(
        "await chat.post()",
        expect!["missing_argument: line 1: `chat.post(...)`: the required arguments `to`, `text` are missing. Usage: chat.post(to, text)"],
    );
    refused(
        "await github.list_issues(repo='a', maxResults=3)",
        expect![
            "unknown_argument: line 1: `github.list_issues(...)`: it has no argument `maxResults`; did you mean `max_results`? Usage: github.list_issues(repo, state?, max_results?)"
        ],
    );
    refused(
        "await github.list_issues({'state': 'open'})",
        expect![
            "missing_argument: line 1: `github.list_issues(...)`: the required argument `repo` is missing. Usage: github.list_issues(repo, state?, max_results?)"
        ],
    );
    refused(
        "await github.list_issues({'repo': 'a', 'stat': 'open'})",
        expect![
            "unknown_argument: line 1: `github.list_issues(...)`: it has no argument `stat`; did you mean `state`? Usage: github.list_issues(repo, state?, max_results?)"
        ],
    );
    refused(
        "await chat.post('a')",
        expect!["missing_argument: line 1: `chat.post(...)`: the required argument `text` is missing. Usage: chat.post(to, text)"],
    );
    accepted(&[
        "await github.list_issues('a', 'open')",
        "await github.list_issues('a', state='open')",
        "await github.list_issues({'repo': 'a'})",
        "await github.list_issues({'repo': 'a', **more})",
        "await github.list_issues({key: 'a'})",
        "await github.list_issues(args)",
        "await github.list_issues(*args)",
        "await github.list_issues(**args)",
        "await github.whoami(anything=1)",
        "await chat.any(1, x=2)",
    ]);
}

#[test]
fn calls_that_are_not_awaited() {
    refused(
        "x = 1\n\nchat.post(to='a', text='b')",
        expect!["not_awaited: line 3: `chat.post(...)` is not awaited, so it would not run; write `await chat.post(...)`"],
    );
    refused(
        "def f():\n    chat.post(to='a', text='b')",
        expect!["not_awaited: line 2: `chat.post(...)` is not awaited, so it would not run; write `await chat.post(...)`"],
    );
    refused(
        "github.list_issues('a')[0]",
        expect!["not_awaited: line 1: `github.list_issues(...)` is not awaited, so it would not run; write `(await github.list_issues(...))`"],
    );
    refused(
        "x = github.list_issues('a').items",
        expect!["not_awaited: line 1: `github.list_issues(...)` is not awaited, so it would not run; write `(await github.list_issues(...))`"],
    );
    refused(
        "for i in github.list_issues('a'): pass",
        expect!["not_awaited: line 1: `github.list_issues(...)` is not awaited, so it would not run; write `(await github.list_issues(...))`"],
    );
    refused(
        "[i for i in github.list_issues('a')]",
        expect!["not_awaited: line 1: `github.list_issues(...)` is not awaited, so it would not run; write `(await github.list_issues(...))`"],
    );
    refused(
        "print(f'{github.whoami()}')",
        expect!["not_awaited: line 1: `github.whoami(...)` is not awaited, so it would not run; write `(await github.whoami(...))`"],
    );
    refused(
        "print(github.whoami())",
        expect!["not_awaited: line 1: `github.whoami(...)` is not awaited, so it would not run; write `(await github.whoami(...))`"],
    );
    refused(
        "a, b = github.whoami()",
        expect!["not_awaited: line 1: `github.whoami(...)` is not awaited, so it would not run; write `(await github.whoami(...))`"],
    );
    refused(
        "issues = github.list_issues('a')\nfor i in issues: print(i)\nprint(len(issues))",
        expect![
            "not_awaited: line 1: `github.list_issues(...)` is not awaited, but `issues` is used as its result; write `issues = await github.list_issues(...)`"
        ],
    );
    accepted(&[
        "x = github.list_issues('a')\nawait x",
        "x = github.list_issues('a')\ny = x\nprint(x)",
        "x = github.list_issues('a')\nx = await x\nx[0]",
        "x = github.list_issues('a')\nx.cancel()",
        "x = github.list_issues('a')\nif x is not None: pass",
        "x = github.list_issues('a')\nawait asyncio.gather(x)",
        "x = [github.list_issues(r) for r in rs]\nawait asyncio.gather(*x)",
        "asyncio.run(github.whoami())",
        "async for x in github.whoami(): pass",
        "def f(): return github.whoami()",
        "t = asyncio.create_task(github.whoami())",
        "(await github.whoami())['x']",
        "f(github.whoami)",
    ]);
}

#[test]
fn checks_can_be_turned_off_one_by_one() {
    let program = "await chat.pst()\nawait chat.post(txt='x')\nchat.post('x')";
    for (checks, code) in [
        (Checks::all(), Some("unknown_tool")),
        (Checks::all().without(Check::UnknownTool), Some("unknown_argument")),
        (Checks::all().without(Check::UnknownTool).without(Check::UnknownArgument), Some("missing_argument")),
        (Checks::all().without(Check::UnknownTool).without(Check::UnknownArgument).without(Check::MissingArgument), Some("not_awaited")),
        (Checks::none(), None),
    ] {
        let refusal = check(program, Language::Python, Lifetime::Stateless, &super::catalog(), &checks).err();
        assert_eq!(refusal.map(|refusal| refusal.code.as_str()), code);
    }
    let none = |program| check(program, Language::Python, Lifetime::Stateless, &super::catalog(), &Checks::none());
    assert_eq!(none("").map(|program| program.code().to_owned()), Ok(String::new()));
    assert!(none("x = =").is_err());
}
