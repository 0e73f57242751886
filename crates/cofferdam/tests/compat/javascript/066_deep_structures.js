// Deep nesting and wide data: recursion, JSON, flattening, paths, diffs.
let nested = { leaf: true };
for (let i = 0; i < 100; i++) nested = i % 2 ? [nested] : { child: nested };
const text = JSON.stringify(nested);
let depth = 0;
for (let v = JSON.parse(text); !v.leaf; v = v.child ?? v[0]) depth++;
console.log(depth, text.length);
const flatten = (o, path = "") => Object.entries(o).flatMap(([k, v]) => (v && typeof v === "object" ? flatten(v, `${path}${k}.`) : [[path + k, v]]));
console.log(Object.fromEntries(flatten({ a: { b: [1, { c: 2 }] }, d: null })));
const diff = (a, b) => [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((k) => (!(k in b) ? [["-", k]] : !(k in a) ? [["+", k]] : JSON.stringify(a[k]) !== JSON.stringify(b[k]) ? [["~", k]] : []));
console.log(diff({ a: 1, b: [2], c: 3 }, { a: 1, b: [3], d: 4 }));
const rows = [{ id: 1, parent: null }, { id: 2, parent: 1 }, { id: 3, parent: 1 }, { id: 4, parent: 2 }];
const build = (parent) => rows.filter((r) => r.parent === parent).map(({ id }) => ({ id, children: build(id) }));
console.log(JSON.stringify(build(null)), build(2));
const big = Array.from({ length: 5000 }, (_, i) => ({ id: i, name: `row ${i}`, even: i % 2 === 0, tags: [`t${i % 7}`] }));
const again = JSON.parse(JSON.stringify(big));
console.log(again.length, again[4999], again.filter((r) => r.even && r.tags.includes("t3")).length, JSON.stringify(big).length);
