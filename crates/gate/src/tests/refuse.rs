//! Programs that attack the parsers: each is refused, or read, and never ends the process.

use crate::{Checks, Lifetime, RefusalCode, check};
use policy::Language;

fn code(program: &str, language: Language) -> Option<RefusalCode> {
    check(program, language, Lifetime::Stateless, &super::catalog(), &Checks::all()).err().map(|refusal| refusal.code)
}

#[test]
fn deep_programs_are_refused() {
    let deep = |unit: &str| unit.repeat(100_000);
    for program in [deep("("), deep("not "), deep("-") + "1", deep("a."), deep("a("), deep("["), deep("lambda:"), deep("x if y else ")] {
        assert_eq!(code(&program, Language::Python), Some(RefusalCode::TooDeep));
    }
    for language in [Language::JavaScript, Language::TypeScript] {
        for program in
            [deep("("), deep("!") + "1", deep("a."), deep("a("), deep("["), deep("x=>"), deep("x?y:"), deep("{"), deep("if(x){}else "), deep("`${")]
        {
            assert_eq!(code(&program, language), Some(RefusalCode::TooDeep));
        }
    }
    let elifs = format!("if x:\n  y\n{}", "elif x:\n  y\n".repeat(20_000));
    assert_eq!(code(&elifs, Language::Python), None);
}

/// Just below the limit: read on a stack of its own. On the smallest stack that callers may have, also what is read there.
#[test]
fn the_deepest_programs_fit_the_stack() {
    let fits = |unit: &str, end: &str, n: usize, language| {
        let program = format!("{}1{}", unit.repeat(n), end.repeat(n));
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(1024 * 1024);
            thread.spawn_scoped(scope, || _ = code(&program, language)).unwrap().join().unwrap();
        });
    };
    for n in [20, 40, 60, 120, 200, 330, 499, 990] {
        for (unit, end) in [
            ("(", ")"),
            ("[", "]"),
            ("-", ""),
            ("not ", ""),
            ("f(", ")"),
            ("{1:", "}"),
            ("lambda:", ""),
            ("1+", ""),
            ("f'{", "}'"),
            ("x.y(", ")"),
            ("1 if ", " else 2"),
        ] {
            fits(unit, end, n, Language::Python);
        }
        for language in [Language::JavaScript, Language::TypeScript] {
            for (unit, end) in [
                ("(", ")"),
                ("[", "]"),
                ("- ", ""),
                ("f(", ")"),
                ("({a:", "})"),
                ("x=>", ""),
                ("1+", ""),
                ("`${", "}`"),
                ("a.b(", ")"),
                ("x?", ":1"),
                ("if(x)", ""),
                ("{", "}"),
                ("function f(){", "}"),
                ("(function(){", "})()"),
                ("for(;;)", ""),
                ("async()=>{await ", "}"),
                ("class A{x=", "}"),
                ("(class{m(){", "}})"),
                ("new ", ""),
                ("try{", "}catch{}"),
                ("switch(x){case ", ":}"),
                ("a=", ""),
                ("a,", ""),
                ("...", ""),
                ("namespace A{", "}"),
                ("type A=[", "]"),
                ("<A>", ""),
                ("enum A{B=", "}"),
                ("({a=", "})=>1"),
                ("1**", ""),
                ("a??", ""),
                ("a?.", ""),
                ("import(", ")"),
                ("let x:A<", ">"),
                ("a:", ""),
                ("export namespace A{", "}"),
                ("1 as ", ""),
            ] {
                fits(unit, end, n, language);
            }
        }
    }
}
