// Automatic semicolons, comments, numeric separators, optional catch, exponent, nullish, trailing commas, HTML-like text.
const a = 1
const b = 2
const sum = a
  + b
let text = `x`
;[a, b].forEach((n) => console.log(n))
;(() => console.log("iife"))()
const f = () => {
  return (
    // a comment inside
    a /* and */ + b
  )
}
const nothing = () => {
  return
  5
}
console.log(sum, f(), nothing(), text, 1_000.5_0, 0xFf_Ff, .5e1, 1e-2)
try { throw 0 } catch { console.log("optional catch") } finally { }
console.log([1, 2, 3,].length, ((x, y,) => x + y)(1, 2,), { trailing: 1, }, a ? b ? "both" : "a" : "none", a && b || 0, !a, -(-a), +!!a)
if (a) console.log("if"); else console.log("else")
for (;;) { break }
while (false);
var x = 5, y = (x++, x * 2)
console.log(x, y, "<!-- not a comment -->".length, /* inline */ "// not a comment", /[/]\/\//.test("///"))
