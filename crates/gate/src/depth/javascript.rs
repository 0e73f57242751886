//! The nesting of a JavaScript or TypeScript program, from a small lexer. It must never take code for a string or a regular
//! expression: what it cannot tell apart without parsing makes it [`Unsure`], and then everything is counted.

use super::{Levels, Unsure};
use policy::Language;

pub(super) fn scan(program: &str, language: Language) -> Result<Levels, Unsure> {
    let typescript = matches!(language, Language::TypeScript);
    let start = if program.starts_with("#!") { program.find('\n').unwrap_or(program.len()) } else { 0 };
    let mut scan =
        Scan { program, at: start, typescript, levels: Levels::new(), before: Before::Operator, label: Label::No, pending: false, line: false };
    while let Some(c) = scan.peek() {
        scan.token(c)?;
    }
    Ok(scan.levels)
}

/// What the token before was, as far as it decides about `/` and line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// An operand ends here: `/` divides, a line end may end the statement.
    Operand,
    /// An operator, an opening bracket, a keyword: `/` starts a regular expression, a line end ends nothing.
    Operator,
    /// The parenthesis of `if`, `for`, `while`, `with`: as an operator.
    Control,
    /// A dot: the word after it is a name, whatever it is.
    Dot,
    /// A word that is a keyword in places: `/` is unsure, a line end ends nothing.
    Contextual,
    /// A closing brace: `/` is unsure, a line end may end the statement.
    Brace,
    /// TypeScript's `!` or `>` after an operand: `/` is unsure.
    Postfix,
}

/// Whether the tokens before look like `label:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    No,
    AfterColon,
    WordAfterColon,
}

struct Scan<'a> {
    program: &'a str,
    at: usize,
    typescript: bool,
    levels: Levels,
    before: Before,
    label: Label,
    /// A `;` was seen: the statement is over unless `else` or `while` follows.
    pending: bool,
    /// A line end was seen since the last token.
    line: bool,
}

impl Scan<'_> {
    fn rest(&self) -> &str {
        self.program.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn token(&mut self, c: char) -> Result<(), Unsure> {
        if is_line_end(c) || c.is_whitespace() || c == '\u{feff}' {
            self.line |= is_line_end(c);
            self.at += c.len_utf8();
            return Ok(());
        }
        if self.rest().starts_with("//") {
            self.at += self.rest().find(is_line_end).unwrap_or(self.rest().len());
            return Ok(());
        }
        if self.rest().starts_with("/*") {
            let body = self.rest().get(2..).unwrap_or_default();
            let len = body.find("*/").map_or(body.len() + 2, |end| end + 4);
            self.line |= self.rest().get(..len).is_some_and(|comment| comment.contains(is_line_end));
            self.at += len;
            return Ok(());
        }
        if is_word(c) {
            self.word();
            return Ok(());
        }
        self.boundary(!matches!(c, '"' | '\'' | '{' | '}' | ')' | ']' | '@'), false);
        self.punctuator(c)
    }

    /// Ends the statement before this token, if it certainly is over.
    fn boundary(&mut self, continues: bool, joins: bool) {
        let ended =
            matches!(self.before, Before::Operand | Before::Brace) && self.line && !continues && matches!(self.levels.top().closer, '}' | '\0');
        if (ended || self.pending) && !joins {
            self.levels.end_statement();
        }
        (self.line, self.pending) = (false, false);
    }

    fn word(&mut self) {
        let len = self.rest().find(|c| !is_word(c)).unwrap_or(self.rest().len());
        let (at, word) = (self.at, self.rest().get(..len).unwrap_or_default().to_owned());
        let name = self.before == Before::Dot;
        let kind = if name { Word::Name } else { word_kind(&word) };
        let joins = matches!(word.as_str(), "else" | "while") && !name;
        self.boundary(joins || kind == Word::Infix, joins);
        self.at += len;
        self.label = if self.label == Label::AfterColon && kind == Word::Name { Label::WordAfterColon } else { Label::No };
        if kind != Word::Name {
            self.levels.count(at);
        }
        self.before = match kind {
            // `for await (`
            Word::Contextual if word == "await" && self.before == Before::Control => Before::Control,
            Word::Name => Before::Operand,
            Word::Reserved => Before::Operator,
            Word::Infix | Word::Contextual => Before::Contextual,
            Word::Control => {
                self.levels.stick();
                Before::Control
            }
        };
        if word.starts_with(|c: char| c.is_ascii_digit()) && self.peek() == Some('.') {
            self.at += 1;
        }
    }

    fn punctuator(&mut self, c: char) -> Result<(), Unsure> {
        let (at, before, label) = (self.at, self.before, self.label);
        self.at += c.len_utf8();
        self.label = Label::No;
        self.before = Before::Operator;
        match c {
            '"' | '\'' => self.string(c),
            '`' => {
                self.levels.count(at);
                self.template();
            }
            '(' => self.levels.open(')', before == Before::Control, at),
            '[' => self.levels.open(']', false, at),
            '{' => self.levels.open('}', false, at),
            ')' => {
                let control = self.levels.close(')').is_some_and(|level| level.control);
                self.before = if control { Before::Control } else { Before::Operand };
            }
            ']' => {
                self.levels.close(']');
                self.before = Before::Operand;
            }
            '}' if self.levels.top().closer == '`' => {
                self.levels.close('`');
                self.template();
            }
            '}' => {
                self.levels.close('}');
                self.before = Before::Brace;
            }
            ';' => self.pending = true,
            ',' => self.levels.separate(),
            '/' => self.slash(at, before)?,
            ':' => {
                self.levels.count(at);
                if label == Label::WordAfterColon {
                    self.levels.stick();
                }
                self.label = Label::AfterColon;
            }
            _ => self.operator(c, at, before),
        }
        Ok(())
    }

    fn operator(&mut self, c: char, at: usize, before: Before) {
        let adjacent = at.checked_sub(1).and_then(|i| self.program.as_bytes().get(i)).copied().unwrap_or(b' ');
        let second_half = match c {
            '=' => matches!(adjacent, b'=' | b'!' | b'<' | b'>' | b'+' | b'-' | b'*' | b'%' | b'&' | b'|' | b'^' | b'?'),
            '&' | '|' => adjacent == u8::try_from(c).unwrap_or(0),
            '>' => matches!(adjacent, b'=' | b'>'),
            '.' => matches!(adjacent, b'?' | b'.'),
            _ => false,
        };
        if !second_half {
            self.levels.count(at);
        }
        if c == '<' && self.typescript {
            self.levels.stick();
        }
        let ends_operand = matches!(before, Before::Operand | Before::Brace | Before::Postfix);
        self.before = match c {
            '.' => Before::Dot,
            '+' | '-' if before == Before::Operand && self.rest().starts_with(c) => {
                self.at += 1;
                Before::Operand
            }
            '!' if self.typescript && ends_operand => Before::Postfix,
            '>' if self.typescript && adjacent != b'=' => Before::Postfix,
            '#' | '@' | '\\' => Before::Operand,
            _ => Before::Operator,
        };
    }

    /// A regular expression or a division.
    fn slash(&mut self, at: usize, before: Before) -> Result<(), Unsure> {
        match before {
            Before::Operand => self.levels.count(at),
            Before::Operator | Before::Control => {
                self.at += regex_len(self.rest());
                self.before = Before::Operand;
            }
            // Without another slash on the line it cannot be a regular expression.
            _ if self.rest().find(|c| c == '/' || is_line_end(c)).is_none_or(|end| self.program.as_bytes().get(self.at + end) != Some(&b'/')) => {
                self.levels.count(at)
            }
            _ => return Err(Unsure { at }),
        }
        Ok(())
    }

    fn string(&mut self, quote: char) {
        self.before = Before::Operand;
        let mut escaped = false;
        for (i, c) in self.rest().char_indices() {
            if !escaped && (c == quote || c == '\n') {
                self.at += i + usize::from(c == quote);
                return;
            }
            escaped = c == '\\' && !escaped;
        }
        self.at = self.program.len();
    }

    /// The text of a template up to its end or its next `${`.
    fn template(&mut self) {
        self.before = Before::Operand;
        let mut escaped = false;
        let mut dollar = false;
        for (i, c) in self.rest().char_indices() {
            if !escaped && c == '`' {
                self.at += i + 1;
                return;
            }
            if dollar && c == '{' {
                self.at += i + 1;
                self.levels.open('`', false, self.at);
                self.before = Before::Operator;
                return;
            }
            dollar = !escaped && c == '$';
            escaped = c == '\\' && !escaped;
        }
        self.at = self.program.len();
    }
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || (!c.is_ascii() && !c.is_whitespace() && c != '\u{feff}')
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Name,
    /// An expression or a statement follows; never a name.
    Reserved,
    /// `if`, `for`, `while`, `with`: a parenthesis and a statement follow.
    Control,
    /// Continues the line before.
    Infix,
    /// A keyword in places, a name elsewhere.
    Contextual,
}

fn word_kind(word: &str) -> Word {
    match word {
        "if" | "for" | "while" | "with" => Word::Control,
        "case" | "default" | "delete" | "do" | "else" | "export" | "new" | "return" | "throw" | "typeof" | "void" => Word::Reserved,
        "extends" | "in" | "instanceof" | "as" | "satisfies" | "is" | "of" | "catch" | "finally" | "implements" | "from" => Word::Infix,
        "abstract" | "asserts" | "async" | "await" | "declare" | "function" | "class" | "get" | "infer" | "keyof" | "let" | "const" | "var"
        | "private" | "protected" | "public" | "readonly" | "set" | "static" | "unique" | "yield" | "import" | "override" | "type" | "using"
        | "accessor" => Word::Contextual,
        _ => Word::Name,
    }
}

/// Length of a regular expression's rest with its closing slash; up to the end of the line when it has none.
fn regex_len(rest: &str) -> usize {
    let (mut escaped, mut class) = (false, false);
    for (i, c) in rest.char_indices() {
        match c {
            _ if is_line_end(c) => return i,
            _ if escaped => {}
            '[' => class = true,
            ']' => class = false,
            '/' if !class => return i + 1,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    rest.len()
}
