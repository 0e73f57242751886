// Template literals: nesting, tags, raw, multi-line, caching of the parts.
const name = "Zoë";
console.log(`Hello ${name}, ${[1, 2].map((n) => `<${n}>`).join("")} ${1 + 1}
second line \${escaped} \u0041`);
const tag = (parts, ...values) => parts.raw.map((p, i) => p + (i < values.length ? `[${JSON.stringify(values[i])}]` : "")).join("");
console.log(tag`a\n${1}b${{ x: [1] }}c${undefined}`, String.raw`C:\new\${name}`, tag``);
const html = (parts, ...values) => parts.reduce((out, part, i) => out + String(values[i - 1]).replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`) + part);
console.log(html`<p>${"<b> & co"}</p>`);
const same = (parts) => parts;
const twice = [0, 1].map(() => same`x`);
console.log(twice[0] === twice[1], Object.isFrozen(twice[0]), `${{}}`, `${[1, [2]]}`, `${null} ${undefined} ${() => 1}`, `${Symbol("s").toString()}`);
try {
  `${Symbol("s")}`;
} catch (error) {
  console.log(error.name);
}
