//! The page as text: HTML without scripts, in which everything foreign is escaped twice over: first what cannot be seen, then what HTML reads.

use executor::{Question, visible};

/// What a browser may do with the page: nothing but show it and send its forms back.
pub(super) const SECURITY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
pre{background:#f4f4f4;padding:.8rem;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}\
section{border:1px solid #bbb;border-radius:.4rem;padding:0 1rem 1rem;margin:1rem 0}\
button{font:inherit;margin:.2rem .4rem .2rem 0}input{font:inherit}.wrong{color:#a00}";

/// The page that asks for the code.
pub(super) fn door(wrong: bool) -> String {
    let wrong = if wrong { "<p class=wrong>The code is not right.</p>" } else { "" };
    let form = "<form method=post action=/code><label>The code that your terminal shows: <input name=code autocomplete=off autofocus></label> \
                <button>Open</button></form>";
    whole("", &format!("{wrong}{form}"))
}

/// The page with everything that waits.
pub(super) fn list(questions: &[Question], token: &str, told: Option<&str>) -> String {
    let told = told.map(|told| format!("<p role=status>{}</p>", escaped(told))).unwrap_or_default();
    let sections: String = questions.iter().map(|question| section(question, token)).collect();
    let body = if questions.is_empty() { "<p>Nothing waits for you.</p>".to_owned() } else { sections };
    // A page with a form is not taken from under somebody's hands. What follows an answer is at /answer, which cannot be loaded again.
    let refresh = if questions.is_empty() { "<meta http-equiv=refresh content='3;url=/'>" } else { "" };
    whole(refresh, &format!("{told}{body}"))
}

fn section(question: &Question, token: &str) -> String {
    let waits = if question.waits { "Its run waits." } else { "Its run went on without it; a yes counts when the same is asked again." };
    let button = |name: &str, words: &str| format!("<button name=decision value={name}>{}</button>", escaped(words));
    format!(
        "<section id={id}><h2>{context}</h2><p>{waits}</p><pre>{text}</pre><details><summary>The program ({language})</summary><pre>{program}</pre></details>\
         <form method=post action=/answer><input type=hidden name=token value={token}><input type=hidden name=id value={id}>{once}{same}{edge}{always}<br>\
         <label>Reason: <input name=reason maxlength=500></label> {deny}</form></section>",
        id = escaped(&question.id),
        context = escaped(&question.context.name),
        text = escaped(&question.text()),
        language = escaped(&question.language),
        program = escaped(&visible(&question.program)),
        once = button("once", "These calls, once"),
        same = button("same-arguments", "The same with these arguments, in this conversation"),
        edge = button("edge", &format!("In this conversation: {}", question.edge())),
        always = button("always", "Always: write a rule"),
        deny = button("deny", "Deny"),
    )
}

/// A page that says one thing.
pub(super) fn message(text: &str) -> String {
    whole("", &format!("<p>{}</p>", escaped(text)))
}

fn whole(head: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8>{head}<title>Cofferdam: what waits</title><style>{STYLE}</style><h1>What waits for you</h1>{body}</html>"
    )
}

fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\'' => "&#39;".to_owned(),
            other => other.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_stay_words() {
        assert_eq!(escaped("<b onclick='x'>\"&"), "&lt;b onclick=&#39;x&#39;&gt;&quot;&amp;");
    }
}
