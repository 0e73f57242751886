//! The code that the JavaScript guest gets: its value, its names, its lines, and the way back.

use crate::{Checks, Lifetime, Program, check};
use expect_test::{Expect, expect};
use policy::Language;

fn program(source: &str, language: Language, lifetime: Lifetime) -> Program {
    check(source, language, lifetime, &super::catalog(), &Checks::none()).unwrap_or_else(|refusal| panic!("{source}: {refusal}"))
}

#[track_caller]
fn stateless(source: &str, code: &str) {
    let program = program(source, Language::JavaScript, Lifetime::Stateless);
    assert_eq!((program.code(), program.mode()), (code, "function"));
}

#[track_caller]
fn session(source: &str, mode: &str, code: &str) {
    let program = program(source, Language::JavaScript, Lifetime::Session);
    assert_eq!((program.code(), program.mode()), (code, mode));
}

#[test]
fn the_last_expression_is_the_value() {
    stateless("1 + 1", "return (1 + 1)");
    stateless("const x = 1;\nx; // done\n", "const x = 1;\nreturn (x); // done\n");
    stateless("f()\n;;", "return (f())\n;;");
    stateless("'text'", "return ('text')");
    stateless("'use strict';\nx", "'use strict';\nreturn (x)");
    stateless("if (x) { y }", "if (x) { y }");
    stateless("return 5", "return 5");
    stateless("{a: 1}", "return (({a: 1}\n))");
    stateless("{ let x = 1; f(x) }", "{ let x = 1; f(x) }");
    stateless("{}", "return (({}\n))");
    stateless("{a: 1, b: [2]};", "return (({a: 1, b: [2]}\n))");
    stateless("async () => 1", "return (async () => 1)");
    stateless("#!/usr/bin/env node\nx", "                   \nreturn (x)");
}

#[test]
fn modules_become_imports_at_run_time() {
    stateless("import fs from 'fs'\nfs.x", "const { default: fs } = await import('fs');\nreturn (fs.x)");
    stateless("import {\n  a,\n  b as c\n} from \"m\";\nc", "const { a: a, b: c } = await import(\"m\");\n\n\n\nreturn (c)");
    stateless("import * as n from 'm'; n", "const n = await import('m'); return (n)");
    stateless("import d, * as n from 'm'; n", "const n = await import('m'), { default: d } = n; return (n)");
    stateless("import 'm'", "await import('m');");
    stateless("export const x = 1;\nexport { x as y };\nexport default x", "       const x = 1;\n                  \n;return (x)");
    stateless("x\nexport default function f() {}", "x\n               function f() {}");
    session("import { a } from 'm'", "script", "var { a: a } = await import('m');;void 0;");
}

#[test]
fn names_of_a_session_persist() {
    session("let a = 1\nconst b = 2\nb", "script", "var a = 1\nvar   b = 2\nb");
    session("let a = 1", "script", "var a = 1;void 0;");
    session("class A {}\nnew A()", "script", "var A = class A {};\nnew A()");
    session("function f() { return 1 }\nf()", "script", "function f() { return 1 }\nf()");
    session("for (let i = 0; i < 3; i++) {}", "script", "for (let i = 0; i < 3; i++) {};void 0;");
    session(
        "const { a, b: [c] } = f(); let d, e = 1;\nfunction g() {}\nclass H {}\nif (a) return c\nd",
        "function",
        "for (const n of [\"H\",\"a\",\"c\",\"d\",\"e\"]) if (!(n in globalThis)) globalThis[n] = undefined;globalThis.g = g;\
         ;( { a, b: [c] } = f());; ;( d = undefined, e = 1);;\nfunction g() {}\n;H = class H {};\nif (a) return c\nreturn (d)",
    );
    session("xs.map(() => { return 1 })", "script", "xs.map(() => { return 1 })");
}

#[track_caller]
fn typescript(source: &str, code: Expect) {
    code.assert_eq(program(source, Language::TypeScript, Lifetime::Stateless).code());
}

#[test]
fn types_are_taken_off() {
    typescript(
        "interface A { a: number }\ntype B = A | null\nconst x: B = { a: 1 } as A;\nx!.a satisfies number",
        expect![[r#"
        const x = { a: 1 };
        return (x.a);
    "#]],
    );
    typescript(
        "enum E { X = 1, Y }\nE.Y",
        expect![[r#"
        var E = /* @__PURE__ */ function(E) {
        	E[E["X"] = 1] = "X";
        	E[E["Y"] = 2] = "Y";
        	return E;
        }(E || {});
        return (E.Y);
    "#]],
    );
    typescript(
        "namespace N { export const a = 1 }\nN.a",
        expect![[r#"
        let N;
        (function(_N) {
        	const a = _N.a = 1;
        })(N || (N = {}));
        return (N.a);
    "#]],
    );
    typescript(
        "class P { constructor(private readonly a: string) {} get(): string { return this.a } }\nnew P('x').get()",
        expect![[r#"
        class P {
        	a;
        	constructor(a) {
        		this.a = a;
        	}
        	get() {
        		return this.a;
        	}
        }
        return (new P("x").get());
    "#]],
    );
    typescript(
        "abstract class A<T> { abstract f(x: T): void }\nfunction g<T>(x: T): T { return x }\ng<number>(1)",
        expect![[r#"
        class A {}
        function g(x) {
        	return x;
        }
        return (g(1));
    "#]],
    );
    typescript(
        "import type { T } from 't';\nimport { U, v } from 'u';\nconst u: U = v;\nu",
        expect![[r#"
        const { v: v } = await import("u");
        const u = v;
        return (u);
    "#]],
    );
    typescript("interface OnlyTypes {}", expect![[""]]);
    typescript(
        "{a: 1}",
        expect![[r#"
        return (({ a: 1 }));
    "#]],
    );
    typescript(
        "'text'",
        expect![[r#"
        return ("text");
    "#]],
    );
}

#[test]
fn positions_lead_back() {
    let source = "interface A {\n  a: number\n}\nconst f = (x: A) => {\n  throw new Error('no')\n}\nf({ a: 1 })";
    let ts = program(source, Language::TypeScript, Lifetime::Stateless);
    assert_eq!(ts.code(), "const f = (x) => {\n\tthrow new Error(\"no\");\n};\nreturn (f({ a: 1 }));\n");
    assert_eq!(
        ts.restore("Error: no\n    at f (program.ts:2:8)\n    at <eval> (program.ts:4:9)\n at program.ts:4 other.ts:4:9 program.ts:x"),
        "Error: no\n    at f (program.ts:5:9)\n    at <eval> (program.ts:7:1)\n at program.ts:7 other.ts:4:9 program.ts:x"
    );
    assert_eq!([1, 2, 3, 4, 99].map(|line| ts.source_line(line)), [4, 5, 6, 7, 7]);
    let js = program("let a = 1\nf(a)", Language::JavaScript, Lifetime::Stateless);
    assert_eq!(js.restore("program.js:2:9 program.js:2:12 program.js:1:5"), "program.js:2:1 program.js:2:4 program.js:1:5");
}
