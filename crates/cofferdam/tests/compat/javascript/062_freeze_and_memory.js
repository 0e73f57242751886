// Structural sharing, frozen trees, weak references, finalization registered but not waited for, large allocations let go.
const freeze = (o) => (Object.values(o).forEach((v) => typeof v === "object" && v !== null && freeze(v)), Object.freeze(o));
const tree = freeze({ a: { b: [1, 2] }, c: 3 });
const set = (o, [key, ...rest], value) => ({ ...o, [key]: rest.length ? set(o[key], rest, value) : value });
const changed = set(tree, ["a", "x"], 9);
console.log(changed, tree, changed.a.b === tree.a.b, Object.isFrozen(tree.a.b));
const registry = new FinalizationRegistry(() => {});
registry.register({}, "token");
console.log(typeof registry.unregister);
let total = 0;
for (let i = 0; i < 50; i++) total += new Array(20000).fill(i).length;
console.log(total, "x".repeat(1e6).length, Array.from({ length: 1e5 }, (_, i) => i).reduce((a, b) => a + b), [...Array(1000).keys()].length);
const strings = new Set();
for (let i = 0; i < 20000; i++) strings.add(`key-${i % 5000}`);
console.log(strings.size, new Map(Array.from({ length: 3000 }, (_, i) => [i, i * 2])).get(2999));
let text = "";
for (let i = 0; i < 30000; i++) text += i % 10;
console.log(text.length, text.slice(-5));
