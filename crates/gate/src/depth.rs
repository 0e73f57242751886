//! How deep a program or a value is nested, from its tokens alone. Guards the stack: the parsers, their visitors and their drops
//! recurse, so that a deep program would end the whole broker, not one run.
//!
//! The figure is an upper bound of the depth of the syntax tree. Every open bracket, brace or indented block is a level; on a level
//! everything counts that may nest without a bracket (operators, dots, calls, `else`, prefix keywords) since the last token after
//! which the tree is certainly back where it was (a comma, the end of a statement). What is unsure is counted.

mod javascript;
mod python;

use crate::lines::Lines;
use crate::{Refusal, RefusalCode};
use policy::Language;
use serde_json::Value;

/// Deepest program that is parsed.
pub(crate) const PROGRAM_DEPTH: usize = 1000;

/// The bound of a program, or its refusal when it is over [`PROGRAM_DEPTH`].
pub(crate) fn of_program(program: &str, language: Language) -> Result<usize, Refusal> {
    let everything = everything(program);
    if everything <= PROGRAM_DEPTH / 8 {
        return Ok(everything);
    }
    let levels = match language {
        Language::Python => Ok(python::scan(program)),
        Language::JavaScript | Language::TypeScript => javascript::scan(program, language),
    };
    let (depth, deepest) = match levels {
        Ok(levels) => (levels.peak, levels.peak_at),
        Err(Unsure { at }) => (everything, at),
    };
    if depth <= PROGRAM_DEPTH { Ok(depth) } else { Err(too_deep(program, deepest)) }
}

/// The tokens cannot be told apart without parsing: a `/` that may start a regular expression or divide.
pub(crate) struct Unsure {
    at: usize,
}

fn too_deep(program: &str, offset: usize) -> Refusal {
    let (line, column) = Lines::new(program).position(offset);
    let message = format!(
        "line {line}: the program is nested deeper than {PROGRAM_DEPTH} levels, or chains more operators or calls than that in one \
         expression; split it into statements"
    );
    Refusal { code: RefusalCode::TooDeep, message, line: Some(line), column: Some(column) }
}

/// Every word and every other visible character: more than any tree can be deep.
fn everything(program: &str) -> usize {
    let mut count = 0;
    let mut in_word = false;
    for byte in program.bytes() {
        let word = byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
        count += usize::from(if word { !in_word } else { !byte.is_ascii_whitespace() });
        in_word = word;
    }
    count
}

/// Nesting of a value: 0 for a scalar, 1 for a flat array. Not recursive itself.
pub(crate) fn of_value(value: &Value) -> usize {
    let mut deepest = 0;
    let mut open = vec![(value, 0)];
    while let Some((value, depth)) = open.pop() {
        deepest = deepest.max(depth);
        match value {
            Value::Array(items) => {
                deepest = deepest.max(depth + 1);
                open.extend(items.iter().map(|item| (item, depth + 1)));
            }
            Value::Object(fields) => {
                deepest = deepest.max(depth + 1);
                open.extend(fields.values().map(|item| (item, depth + 1)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    deepest
}

/// The open levels during a scan.
#[derive(Debug)]
pub(crate) struct Levels {
    open: Vec<Level>,
    depth: usize,
    peak: usize,
    peak_at: usize,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    /// What closes it.
    closer: char,
    /// What counts since the last separator.
    chain: usize,
    /// Whether a comma does not end the chain: `lambda a, b:`, `for (;;) a, b`, `A<b, c>`.
    sticky: bool,
    /// Whether it is the parenthesis of `if`, `for`, `while` or `with`.
    control: bool,
}

impl Levels {
    fn new() -> Self {
        Levels { open: vec![Level { closer: '\0', chain: 0, sticky: false, control: false }], depth: 0, peak: 0, peak_at: 0 }
    }

    fn top(&self) -> Level {
        self.open.last().copied().unwrap_or(Level { closer: '\0', chain: 0, sticky: true, control: false })
    }

    fn count(&mut self, at: usize) {
        if let Some(level) = self.open.last_mut() {
            level.chain += 1;
            self.depth += 1;
        }
        if self.depth > self.peak {
            (self.peak, self.peak_at) = (self.depth, at);
        }
    }

    fn open(&mut self, closer: char, control: bool, at: usize) {
        self.count(at);
        self.open.push(Level { closer, chain: 0, sticky: false, control });
    }

    /// Closes the innermost level if `closer` fits it; a wrong one closes nothing, as a recovering parser may do.
    fn close(&mut self, closer: char) -> Option<Level> {
        if self.top().closer != closer || self.open.len() == 1 {
            return None;
        }
        let level = self.open.pop()?;
        self.depth -= level.chain;
        Some(level)
    }

    fn stick(&mut self) {
        if let Some(level) = self.open.last_mut() {
            level.sticky = true;
        }
    }

    /// A comma.
    fn separate(&mut self) {
        if !self.top().sticky {
            self.end_statement();
        }
    }

    fn end_statement(&mut self) {
        if let Some(level) = self.open.last_mut() {
            self.depth -= level.chain;
            level.chain = 0;
            level.sticky = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(program: &str, language: Language, refused: bool) {
        let got = of_program(program, language).map_err(|refusal| refusal.code);
        let shown: String = program.chars().take(60).collect();
        assert_eq!(got.is_err(), refused, "{language:?} {got:?} {shown}");
    }

    fn javascript(unit: &str, refused: bool) {
        check(&unit.repeat(5000), Language::JavaScript, refused);
        check(&unit.repeat(5000), Language::TypeScript, refused);
    }

    #[test]
    fn whatever_nests_is_counted() {
        for unit in
            ["(", "[", "{", "-", "not ", "a.", "a+", "a(b)", "f(", "lambda:", "lambda a,b:", "x if y else ", "await ", "(]", "f'{", "a=", "[*"]
        {
            check(&unit.repeat(5000), Language::Python, true);
        }
        check(&(0..2000).map(|n| " ".repeat(n) + "if x:\n").collect::<String>(), Language::Python, true);
        for unit in [
            "(",
            "[",
            "{",
            "!",
            "- ",
            "typeof ",
            "typeof\n",
            "a.",
            "a.\n",
            "a\n.",
            "a+",
            "a(b)",
            "x=>",
            "x=>\n",
            "x?y:",
            "if(x)",
            "if(x)\n",
            "if(x){}else ",
            "if(x)y;else ",
            "if(x)\ny\nelse\n",
            "for(;;)",
            "for(;;)\n",
            "for(;;)a,function(){",
            "do ",
            "do\n",
            "a:",
            "a:\n",
            "a:b:c,function(){",
            "`${",
            "new ",
            "/[/]'/+(",
            "a/b/",
            "'\\'(' + ",
            "await\n",
            "x = /'/ + (",
            "while(x)\n",
            "do x;while(function(){",
            "async()=>{",
            "class A extends ",
            "(]",
            "\n(b)",
            "1..a.",
            "(x)\n`${",
            "try{",
            "}(",
            "void\n",
            "a?.",
        ] {
            javascript(unit, true);
        }
        for unit in ["A<b,", "keyof\n", "x as\n", "A extends B ? ", "infer\n", "a!/'/+("] {
            check(&format!("type X = {}", unit.repeat(5000)), Language::TypeScript, true);
        }
    }

    #[test]
    fn what_is_only_long_is_not() {
        for unit in ["x = f(a.b)[0]\n", "if x:\n  y()\nelif z:\n  w()\n", "d = {'a': [1, 2], 'b': -3}\n", "'((((' '))'\n", "# ((((\n", "f'{x}'; "] {
            check(&unit.repeat(5000), Language::Python, false);
        }
        check(&format!("x = [{}]", "{'a': (1, -2)}, ".repeat(5000)), Language::Python, false);
        for unit in [
            "const x = f(a.b)[0];\n",
            "x = f(a.b)[0]\n",
            "if (a) { b() }\nelse { c() }\n",
            "f('((((');\n",
            "// ((((\n",
            "/* (( */ f();\n",
            "`((( ${a} (((`\n;",
            "x = /[(/]\\//g;\n",
            "x = a / 2 / b;\n",
            "for (const x of y) {\n z()\n}\n",
            "a = b ? c : d\n",
            "x++\n",
            "switch (x) { case 1: y(); break }\n",
            "const f = (a, b) => a + b\n",
        ] {
            javascript(unit, false);
        }
        javascript("const x = {a: 1, b: [2, 3], c() { return 1 }};\n", false);
        check(&format!("x = [{}]", "{a: (1, -2), b: `x`},\n".repeat(5000)), Language::JavaScript, false);
        check(&"interface A { a: Map<string, number>; b?: A[] }\n".repeat(5000), Language::TypeScript, false);
        check(&format!("const s = \"{}\"", "+/".repeat(50_000)), Language::JavaScript, false);
    }

    #[test]
    fn what_may_be_a_regular_expression_or_a_division_is_counted() {
        let program = |slashes: &str| format!("{}\nx = {{}}\n{slashes}", "f('((');\n".repeat(1000));
        check(&program("/ 2"), Language::JavaScript, false);
        check(&program("/'/+('/'"), Language::JavaScript, true);
        check("{}/'/+('/'", Language::JavaScript, false);
    }

    #[test]
    fn the_refusal_says_where() {
        let refusal = of_program(&format!("x = 1\ny = {}", "(".repeat(100_000)), Language::Python).unwrap_err();
        assert_eq!((refusal.code, refusal.line), (RefusalCode::TooDeep, Some(2)));
        assert_eq!(
            refusal.message,
            "line 2: the program is nested deeper than 1000 levels, or chains more operators or calls than that in one expression; split it into statements"
        );
    }
}
