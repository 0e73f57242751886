//! What is refused of JavaScript and TypeScript programs, and what is not.

use super::verdict;
use expect_test::{Expect, expect};
use policy::Language;

#[track_caller]
fn refused(program: &str, message: Expect) {
    message.assert_eq(&verdict(program, Language::JavaScript).unwrap_or_default());
}

#[track_caller]
fn accepted(programs: &[&str]) {
    for program in programs {
        for language in [Language::JavaScript, Language::TypeScript] {
            assert_eq!(verdict(program, language), None, "{program}");
        }
    }
}

#[test]
fn syntax_errors_show_the_place() {
    refused(
        "const x = 1;\nconst y = = 2;",
        expect![[r#"
        syntax_error: syntax error in line 2, column 11: Unexpected token
          const y = = 2;
                    ^"#]],
    );
    refused(
        "let a; let a;",
        expect![[r#"
        syntax_error: syntax error in line 1, column 5: Identifier `a` has already been declared
          let a; let a;
              ^"#]],
    );
    refused(
        "function f() { await g() }",
        expect![[r#"
        syntax_error: syntax error in line 1, column 16: `await` is only allowed within async functions and at the top levels of modules
          function f() { await g() }
                         ^"#]],
    );
    refused(
        "x = 'abc",
        expect![[r#"
        syntax_error: syntax error in line 1, column 5: Unterminated string
          x = 'abc
              ^"#]],
    );
    refused(
        "def f(x):\n    return x\nprint(f(1))",
        expect![[r#"
        syntax_error: syntax error in line 1, column 4: Expected a semicolon or an implicit semicolon after a statement, but found none
          def f(x):
             ^
        this looks like Python; pass language: "python""#]],
    );
    refused(
        "const x: number = 1",
        expect![[r#"
        syntax_error: syntax error in line 1, column 7: Missing initializer in const declaration
          const x: number = 1
                ^
        this looks like TypeScript; pass language: "typescript""#]],
    );
    refused("const x = <div>a</div>", expect!["unsupported_syntax: line 1: JSX is not supported; return plain data"]);
    refused("@dec class A {}", expect!["unsupported_syntax: line 1: decorators are not supported; call the function that the decorator would call"]);
    message_ts(
        "enum A { B = }",
        expect![[r#"
        syntax_error: syntax error in line 1, column 14: Unexpected token
          enum A { B = }
                       ^"#]],
    );
    message_ts(
        "class A { @dec x = 1 }",
        expect!["unsupported_syntax: line 1: decorators are not supported; call the function that the decorator would call"],
    );
    message_ts("import a = require('b'); a", expect![[""]]);
    refused("", expect!["empty_program: the program is empty: there is no statement in it"]);
    refused("// nothing\n;", expect!["empty_program: the program is empty: there is no statement in it"]);
}

#[track_caller]
fn message_ts(program: &str, message: Expect) {
    message.assert_eq(&verdict(program, Language::TypeScript).unwrap_or_default());
}

#[test]
fn unknown_tools() {
    refused(
        "await github.listIssues({repo: 'a'})",
        expect!["unknown_tool: line 1: there is no tool `github.listIssues`; did you mean `github.list_issues`?"],
    );
    refused(
        "await github['list-issues']({repo: 'a'})",
        expect!["unknown_tool: line 1: there is no tool `github.list-issues`; did you mean `github.list_issues`?"],
    );
    refused("await github.zzz?.()", expect!["unknown_tool: line 1: there is no tool `github.zzz`; `github` has: list_issues, whoami"]);
    refused("await githb.list_issues({repo: 'a'})", expect!["unknown_tool: line 1: there is no server `githb`; did you mean `github.list_issues`?"]);
    accepted(&[
        "await lazy.whatever()",
        "const github = f(); github.zzz()",
        "const {github} = f(); github.zzz()",
        "github = f(); github.zzz()",
        "({github} = f()); github.zzz()",
        "[github] = f(); github.zzz()",
        "function f(github) { github.zzz() }",
        "xs.map(github => github.zzz())",
        "import github from 'github'; github.zzz()",
        "try {} catch (github) { github.zzz() }",
        "class github {}; github.zzz()",
        "github.toString(); github[x](); const f = github.zzz",
        "Math.max(1); console.log(1)",
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
        "await github.list_issues({})",
        expect![
            "missing_argument: line 1: `github.list_issues(...)`: the required argument `repo` is missing. Usage: github.list_issues(repo, state?, max_results?)"
        ],
    );
    refused(
        "await chat.post({to: 'a', txt: 'b'})",
        expect!["unknown_argument: line 1: `chat.post(...)`: it has no argument `txt`; did you mean `text`? Usage: chat.post(to, text)"],
    );
    refused(
        "await chat.post('a')",
        expect!["missing_argument: line 1: `chat.post(...)`: the required argument `text` is missing. Usage: chat.post(to, text)"],
    );
    accepted(&[
        "await github.list_issues({repo: 'a'})",
        "await github.list_issues({repo})",
        "await github.list_issues({'repo': 'a'})",
        "await github.list_issues({...x})",
        "await github.list_issues({[x]: 1})",
        "await github.list_issues(x)",
        "await github.list_issues('a', 'open')",
        "await chat.post(...xs)",
        "await github.whoami({x: 1})",
    ]);
}

#[test]
fn calls_that_are_not_awaited() {
    refused(
        "chat.post({to: 'a', text: 'b'});\nconst x = 1;",
        expect!["not_awaited: line 1: `chat.post(...)` is not awaited, so its result and its errors would be lost; write `await chat.post(...)`"],
    );
    refused(
        "for (const a of b) { chat.post({to: a, text: 'b'}) }",
        expect!["not_awaited: line 1: `chat.post(...)` is not awaited, so its result and its errors would be lost; write `await chat.post(...)`"],
    );
    refused(
        "github.list_issues({repo: 'a'}).filter(x => x)",
        expect!["not_awaited: line 1: `github.list_issues(...)` is not awaited, so this uses a promise; write `(await github.list_issues(...))`"],
    );
    refused(
        "github.list_issues({repo: 'a'})[0]",
        expect!["not_awaited: line 1: `github.list_issues(...)` is not awaited, so this uses a promise; write `(await github.list_issues(...))`"],
    );
    refused(
        "for (const x of github.list_issues({repo: 'a'})) {}",
        expect!["not_awaited: line 1: `github.list_issues(...)` is not awaited, so this uses a promise; write `(await github.list_issues(...))`"],
    );
    refused(
        "[...github.whoami()]",
        expect!["not_awaited: line 1: `github.whoami(...)` is not awaited, so this uses a promise; write `(await github.whoami(...))`"],
    );
    refused(
        "const {a} = github.whoami()",
        expect!["not_awaited: line 1: `github.whoami(...)` is not awaited, so this uses a promise; write `(await github.whoami(...))`"],
    );
    refused(
        "`${github.whoami()}`",
        expect!["not_awaited: line 1: `github.whoami(...)` is not awaited, so this uses a promise; write `(await github.whoami(...))`"],
    );
    refused(
        "console.log(github.whoami())",
        expect!["not_awaited: line 1: `github.whoami(...)` is not awaited, so this uses a promise; write `(await github.whoami(...))`"],
    );
    refused(
        "const issues = github.list_issues({repo: 'a'});\nissues.map(i => i.n)",
        expect![
            "not_awaited: line 1: `github.list_issues(...)` is not awaited, but `issues` is used as its result; write `issues = await github.list_issues(...)`"
        ],
    );
    accepted(&[
        "chat.post({to: 'a', text: 'b'})",
        "const x = 1; github.whoami();",
        "github.whoami().then(x => x.y)",
        "xs.map(x => github.list_issues({repo: x}))",
        "await Promise.all(xs.map(x => github.list_issues({repo: x})))",
        "const x = github.whoami(); await x",
        "const x = github.whoami(); const y = await Promise.all([x]); x.foo",
        "const x = github.whoami(); return x",
        "const x = github.whoami(); x.then(f)",
        "void github.whoami(); 1",
        "const x = (await github.whoami()).y",
        "if (github.whoami() == null) {}",
        "for await (const x of github.whoami()) {}",
        "async function f() { return github.whoami() }; await f()",
    ]);
}
