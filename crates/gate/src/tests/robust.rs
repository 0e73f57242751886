//! No text makes `check` panic, and what it says of a text is within the text.

use crate::{Checks, Lifetime, RefusalCode, check};
use policy::Language;
use proptest::prelude::*;

/// Pieces that together look like programs more often than random characters do.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "github.list_issues(", ")", "await ", "x", " = ", "\n", "    ", "{", "}", "[", "]", "'a'", "\"", "`", "${", "/", "//", "#", "def f():", "if x:", "else", "=>", "?", ":", ",", ";", "import ", " from ", "export ",
        "default ", "class A", "return ", "const ", "let ", "é", "\u{2028}", "\u{feff}", "😀", "\\", "<", ">", "as ", "type ", "enum ", "f'", "```", "async ", "for ", "of ", "in ", "@", "1", "*", "(", "\r\n", "\t", "function ", "namespace ",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn read(source: &str) -> Result<(), TestCaseError> {
    for language in Language::ALL {
        for lifetime in [Lifetime::Stateless, Lifetime::Session] {
            let checked = check(source, language, lifetime, &super::catalog(), &Checks::all());
            match checked {
                Ok(program) => {
                    prop_assert!(language == Language::TypeScript || program.code().lines().count() <= source.lines().count() + 1);
                    let _ = program.restore(source);
                }
                Err(refusal) => {
                    prop_assert_ne!(refusal.code, RefusalCode::ParserFailed, "{}", source);
                    prop_assert!(refusal.line.is_none_or(|line| line as usize <= source.split(['\n', '\r']).count() + 1));
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn any_text(source in any::<String>()) {
        read(&source)?;
    }

    #[test]
    fn anything_like_a_program(source in pieces()) {
        read(&source)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// A stack that overflows ends the process, and with it this test.
    #[test]
    fn anything_repeated(source in pieces(), end in pieces(), deep in 100usize..3000) {
        let unit: String = source.chars().take(24).collect();
        let program = unit.repeat(deep) + &end;
        for language in Language::ALL {
            let t = std::time::Instant::now();
            let r = check(&program, language, Lifetime::Stateless, &super::catalog(), &Checks::all());
            if t.elapsed().as_millis() > 200 { println!("SLOW {language:?} {} ms {} bytes {unit:?} {:?}", t.elapsed().as_millis(), program.len(), r.map(|_| ()).map_err(|r| r.code)); }
        }
    }
}

#[test]
fn slow_tmp() {
    for n in [8, 12, 16, 20] {
        for (unit, end) in [("(a?(", "):1)"), ("a<b<", ">>"), ("x?(y)=>", ":1"), ("async(", ")"), ("(a,(", "))"), ("(a=(", "))"), ("f<T>(", ")"), ("<T>(", ")"), ("x?(", "):1"), ("({a:(", ")})"), ("a?b:(c)=>", ""), ("((a)=>", ")"), ("(a:(", ")=>1)"), ("{a:", "}"), ("{", "}"), ("async(x)=>(", ")"), ("x?(a=>", "):1"), ("(a)?(b):", ""), ("[a,(", ")]"), ("`${(", ")}`")] {
            for language in [Language::JavaScript, Language::TypeScript] {
                for program in [format!("{}1{}", unit.repeat(n), end.repeat(n)), unit.repeat(n)] {
                    let t = std::time::Instant::now();
                    let r = check(&program, language, Lifetime::Stateless, &super::catalog(), &Checks::all());
                    if t.elapsed().as_millis() > 15 { println!("SLOW {n} {language:?} {} ms {unit:?} {:?}", t.elapsed().as_millis(), r.map(|_| ()).map_err(|r| r.code)); }
                }
            }
        }
        println!("SLOW done {n}");
    }
}

#[test]
fn timing_tmp() {
    let py = "issues = await github.list_issues(repo='acme/app', state='open')\nby = {}\nfor i in issues: by.setdefault(i['author'], []).append(i['number'])\nawait asyncio.gather(*(chat.post(to=a, text=f'{len(n)} open') for a, n in by.items()))\n{a: len(n) for a, n in by.items()}\n";
    let js = "const issues = await github.list_issues({repo: 'acme/app', state: 'open'});\nconst by = {};\nfor (const i of issues) (by[i.author] ??= []).push(i.number);\nawait Promise.all(Object.entries(by).map(([a, n]) => chat.post({to: a, text: `${n.length} open`})));\nby";
    let ts = "interface Issue { author: string; number: number }\nconst issues: Issue[] = await github.list_issues({repo: 'acme/app', state: 'open'});\nconst by: Record<string, number[]> = {};\nfor (const i of issues) (by[i.author] ??= []).push(i.number);\nawait Promise.all(Object.entries(by).map(([a, n]) => chat.post({to: a, text: `${n.length} open`})));\nby";
    let catalog = super::catalog();
    for (p, l) in [(py, Language::Python), (js, Language::JavaScript), (ts, Language::TypeScript)] {
        let mut v: Vec<f64> = (0..500).map(|_| { let t = std::time::Instant::now(); check(p, l, Lifetime::Stateless, &catalog, &Checks::all()).unwrap(); t.elapsed().as_secs_f64() * 1e6 }).collect();
        v.sort_by(f64::total_cmp);
        println!("TIME {l:?} min {:.1} med {:.1} us, bound {:?}, everything-limit", v[0], v[250], crate::depth::of_program(p, l));
        let big = format!("{}\n1", if l == Language::Python { py.replace("github", "g").repeat(100) } else { "const x = await f({repo: 'acme/app', state: 'open'}); ".replace("const x", "y") .repeat(500) });
        let t = std::time::Instant::now(); let _ = check(&big, l, Lifetime::Stateless, &catalog, &Checks::all()).unwrap(); println!("TIME big {} bytes {:.0} us", big.len(), t.elapsed().as_secs_f64() * 1e6);
    }
}
