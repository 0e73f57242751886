// structuredClone: deep copies of what JSON cannot carry.
const original = { date: new Date(0), map: new Map([["k", { deep: [1] }]]), set: new Set([1]), bytes: new Uint8Array([1, 2]), nested: { u: undefined, n: NaN, b: 5n }, re: /x/gi, list: [1, , 3] };
original.self = original;
const copy = structuredClone(original);
console.log(copy.date instanceof Date, copy.map.get("k").deep, copy.set.has(1), copy.bytes, copy.nested, copy.re, copy.list);
copy.map.get("k").deep.push(2);
console.log(original.map.get("k").deep, copy.self === copy, copy.self !== original, copy.date.getTime());
const error = structuredClone(new RangeError("r"));
console.log(error instanceof RangeError, error.message, structuredClone("s"), structuredClone(null));
class Point {
  x = 1;
}
const point = structuredClone(new Point());
console.log(point instanceof Point, point.x);
for (const bad of [() => 1, Symbol("s"), { f() {} }]) {
  try {
    structuredClone(bad);
  } catch (error) {
    console.log(error.name);
  }
}
