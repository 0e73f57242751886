//! What is flagged in Python programs, as far as it is written plainly: names, attributes, imports, and the same as text in `getattr` and `x["..."]`.

use crate::flag::{Found, dotted};
use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::Ranged;
use std::collections::{BTreeMap, BTreeSet};

/// Functions that make a program of text.
const EVALUATE: [&str; 4] = ["eval", "exec", "compile", "__import__"];

/// Functions of modules that make a program, or any object, of text or bytes.
const DYNAMIC: [&str; 18] = [
    "builtins.eval",
    "builtins.exec",
    "builtins.compile",
    "builtins.__import__",
    "importlib.import_module",
    "importlib.__import__",
    "marshal.loads",
    "marshal.load",
    "pickle.loads",
    "pickle.load",
    "pickle.Unpickler",
    "types.FunctionType",
    "types.CodeType",
    "runpy.run_path",
    "runpy.run_module",
    "code.InteractiveInterpreter",
    "code.InteractiveConsole",
    "codeop.compile_command",
];

/// Functions of modules that start processes, or show what a program was not given.
const ESCAPES: [&str; 29] = [
    "gc.get_objects",
    "gc.get_referrers",
    "gc.get_referents",
    "sys._getframe",
    "sys._current_frames",
    "sys.settrace",
    "sys.setprofile",
    "os.system",
    "os.popen",
    "os.fork",
    "os.forkpty",
    "os.execl",
    "os.execle",
    "os.execlp",
    "os.execlpe",
    "os.execv",
    "os.execve",
    "os.execvp",
    "os.execvpe",
    "os.spawnl",
    "os.spawnv",
    "os.spawnve",
    "os.spawnvp",
    "os.posix_spawn",
    "os.posix_spawnp",
    "os.kill",
    "os.startfile",
    "asyncio.create_subprocess_exec",
    "asyncio.create_subprocess_shell",
];

/// Modules that are about nothing else.
const MODULES: [&str; 6] = ["ctypes", "_ctypes", "cffi", "subprocess", "_posixsubprocess", "pty"];

/// Names that lead there by themselves.
const NAMES: [&str; 2] = ["__builtins__", "__loader__"];

/// Attributes that lead from any object to the interpreter's own.
const ATTRIBUTES: [&str; 13] = [
    "__subclasses__",
    "__globals__",
    "__builtins__",
    "__code__",
    "__loader__",
    "f_globals",
    "f_builtins",
    "f_locals",
    "f_back",
    "tb_frame",
    "gi_frame",
    "cr_frame",
    "ag_frame",
];

/// What is collected on one walk.
#[derive(Debug, Default)]
pub(super) struct Idioms {
    found: Found,
    /// Under a name that the program may have bound itself.
    named: Found,
    /// Where names stand that are called.
    callees: BTreeSet<usize>,
    /// `object.name` wherever it stands; what the object is, is known at the end.
    dotted: Vec<(String, String, usize)>,
    /// Modules under other names.
    aliases: BTreeMap<String, String>,
}

fn entry(list: &[&'static str], name: &str) -> Option<&'static str> {
    list.iter().find(|entry| **entry == name).copied()
}

impl Idioms {
    /// All of it, but for names that the program bound itself.
    pub(super) fn found(self, bound: &BTreeSet<String>) -> Found {
        let Idioms { mut found, named, dotted: names, aliases, .. } = self;
        for (object, name, at) in names {
            let object = aliases.get(&object).unwrap_or(&object);
            if let Some(what) = dotted(&DYNAMIC, object, &name) {
                found.dynamic(what, at);
            }
            if let Some(what) = dotted(&ESCAPES, object, &name) {
                found.escape(what, at);
            }
        }
        found.and(named.without(bound))
    }

    pub(super) fn of_stmt(&mut self, stmt: &Stmt) {
        let at = stmt.range().start().to_usize();
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let module = alias.name.id.as_str();
                    if let Some(what) = entry(&MODULES, module.split('.').next().unwrap_or(module)) {
                        self.found.escape(what, at);
                    }
                    if let Some(other) = &alias.asname {
                        self.aliases.insert(other.id.to_string(), module.to_owned());
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map(|module| module.id.as_str()).unwrap_or_default();
                if let Some(what) = entry(&MODULES, module.split('.').next().unwrap_or(module)) {
                    self.found.escape(what, at);
                }
                for alias in &import.names {
                    self.dotted.push((module.to_owned(), alias.name.id.to_string(), at));
                }
            }
            _ => {}
        }
    }

    pub(super) fn of_expr(&mut self, expr: &Expr) {
        let at = expr.range().start().to_usize();
        match expr {
            Expr::Call(call) => self.call(call, at),
            Expr::Name(name) if !self.callees.contains(&at) && name.ctx.is_load() => {
                if let Some(what) = entry(&EVALUATE, &name.id) {
                    self.named.dynamic(what, at);
                } else if let Some(what) = entry(&NAMES, &name.id) {
                    self.named.escape(what, at);
                }
            }
            Expr::Attribute(attribute) => {
                if let Some(what) = entry(&ATTRIBUTES, &attribute.attr.id) {
                    self.found.escape(what, at);
                } else if let Expr::Name(object) = &*attribute.value
                    && !self.callees.contains(&at)
                {
                    self.dotted.push((object.id.to_string(), attribute.attr.id.to_string(), at));
                }
            }
            Expr::Subscript(subscript) => self.text(&subscript.slice),
            _ => {}
        }
    }

    fn call(&mut self, call: &ExprCall, at: usize) {
        let callee = call.func.range().start().to_usize();
        // A program that is written out is no more than the rest of it.
        let written = matches!(call.arguments.args.first(), None | Some(Expr::StringLiteral(_) | Expr::BytesLiteral(_)));
        match &*call.func {
            Expr::Name(name) => {
                if let Some(what) = entry(&EVALUATE, &name.id) {
                    self.callees.insert(callee);
                    if !written {
                        self.named.dynamic(what, at);
                    }
                } else if name.id == "getattr"
                    && let Some(wanted) = call.arguments.args.get(1)
                {
                    self.text(wanted);
                }
            }
            Expr::Attribute(attribute) if attribute.attr.id == "import_module" && written => _ = self.callees.insert(callee),
            _ => {}
        }
    }

    /// A name that is given as text.
    fn text(&mut self, expr: &Expr) {
        let Expr::StringLiteral(literal) = expr else { return };
        let (name, at) = (literal.value.to_str(), literal.range().start().to_usize());
        if let Some(what) = entry(&ATTRIBUTES, name) {
            self.found.escape(what, at);
        } else if let Some(what) = entry(&EVALUATE, name).filter(|what| *what != "compile") {
            self.found.dynamic(what, at);
        }
    }
}
