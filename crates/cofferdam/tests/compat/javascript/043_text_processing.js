// Parsing and formatting text: CSV, tables, words, templates, base conversions.
const csv = 'id,name,note\n1,"Ann, ""boss""",ok\n2,Bo,"two\nlines"\n';
function parse(text) {
  const rows = [[""]];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    const row = rows.at(-1);
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') row[row.length - 1] += text[++i];
      else if (c === '"') quoted = false;
      else row[row.length - 1] += c;
    } else if (c === '"') quoted = true;
    else if (c === ",") row.push("");
    else if (c === "\n") rows.push([""]);
    else row[row.length - 1] += c;
  }
  return rows.filter((r) => r.length > 1);
}
const [head, ...body] = parse(csv);
console.log(body.map((row) => Object.fromEntries(row.map((v, i) => [head[i], v]))));
const words = "the cat and the dog and the bird".split(" ");
const counts = words.reduce((m, w) => m.set(w, (m.get(w) ?? 0) + 1), new Map());
console.log([...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, 3), Object.fromEntries(counts));
const rows = [["name", "qty"], ["kettle", 3], ["lamp", 12]];
const widths = rows[0].map((_, i) => Math.max(...rows.map((r) => String(r[i]).length)));
for (const row of rows) console.log(row.map((c, i) => (typeof c === "number" ? String(c).padStart(widths[i]) : c.padEnd(widths[i]))).join(" | "));
const roman = (n) => Object.entries({ M: 1000, CM: 900, D: 500, CD: 400, C: 100, XC: 90, L: 50, XL: 40, X: 10, IX: 9, V: 5, IV: 4, I: 1 }).reduce((s, [k, v]) => { while (n >= v) { s += k; n -= v; } return s; }, "");
console.log(roman(1994), "Hello".replace(/[a-z]/gi, (c) => String.fromCharCode(((c.charCodeAt(0) - (c < "a" ? 65 : 97) + 13) % 26) + (c < "a" ? 65 : 97))), "racecar" === [..."racecar"].reverse().join(""));
const wrap = (text, n) => text.split(" ").reduce((lines, w) => ((lines.at(-1) + " " + w).trim().length <= n ? [...lines.slice(0, -1), (lines.at(-1) + " " + w).trim()] : [...lines, w]), [""]);
console.log(wrap("The quick brown fox jumped over the lazy dog", 15));
console.log("{name} is {age}, {missing}".replace(/\{(\w+)\}/g, (m, k) => ({ name: "Ann", age: 5 })[k] ?? m), (1234567).toString().replace(/\B(?=(\d{3})+$)/g, "_"));
