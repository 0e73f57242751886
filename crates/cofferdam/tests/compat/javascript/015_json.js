// JSON: edge cases, revivers, replacers, indentation, toJSON, cycles.
console.log(JSON.stringify({ a: undefined, b: () => 1, c: Symbol("s"), d: NaN, e: Infinity, f: null, g: -0, h: new Date(0), i: [undefined, () => 1] }));
console.log(JSON.stringify({ b: 1, a: [1, { c: 2 }], e: {}, f: [] }, null, 2));
console.log(JSON.stringify({ a: 1, b: { a: 2, c: 3 } }, ["a", "b"]), JSON.stringify({ n: 5, s: "x" }, (k, v) => (typeof v === "number" ? v * 2 : v)), JSON.stringify([1], null, "--"));
console.log(JSON.stringify("é\u2028").length, JSON.stringify("é\n\"\\\u0007\ud800"), JSON.stringify(new Map([[1, 2]])), JSON.stringify(new Set([1])), JSON.stringify(Object.create({ inherited: 1 })), JSON.stringify(new Uint8Array(2)));
console.log(JSON.parse('{"a": [1, 2.5e3, "\\u00e9\\ud83d\\ude00"], "b": {"__proto__": 1}}'), JSON.parse(" [1 , 2] "), JSON.parse('"x"'), JSON.parse("null"));
console.log(JSON.parse('{"when": "2025-01-01", "n": "5"}', (k, v) => (k === "n" ? Number(v) : v)), JSON.parse("1e1000"), JSON.parse("123456789012345678901"));
console.log(JSON.stringify(undefined), JSON.stringify(null), JSON.stringify({ toJSON: () => "custom" }), JSON.stringify(Object("s")), JSON.stringify({ 2: 1, 1: 2, b: 3, a: 4 }));
for (const bad of ["{", "{'a': 1}", "[1,]", "undefined", "", "01", '"\n"']) {
  try {
    JSON.parse(bad);
  } catch (error) {
    console.log(error.name);
  }
}
const loop = {};
loop.self = loop;
try {
  JSON.stringify(loop);
} catch (error) {
  console.log(error.name);
}
