// Map, Set, WeakMap, WeakSet, WeakRef: order, equality, iteration while changing.
const map = new Map([["b", 1], ["a", 2], [NaN, "nan"], [0, "zero"]]);
map.set("b", 3).set({}, "object");
console.log(map.size, map.get(NaN), map.get(-0), map.get({}), [...map.keys()].slice(0, 2), map.delete("a"), map.has("a"));
console.log(map, new Map(), new Map([["k", new Map([["x", [1]]])]]));
const set = new Set([3, 1, 3, "1"]);
set.add(1).add([1]);
console.log(set, set.size, [...set], set.has("1"), new Set("hello").size, [...new Set([2, 1, 2])]);
for (const [k, v] of new Map(Object.entries({ x: 1, y: 2 }))) console.log(k, v);
console.log(Object.fromEntries(new Map([["q", 1]])), [...new Map([[1, 2]]).entries()], new Map([[1, "a"]]).forEach((v, k) => console.log(v, k)));
const union = new Set([...new Set([1, 2]), ...new Set([2, 3])]);
const common = new Set([...union].filter((x) => x > 1));
console.log([...union], [...common]);
const weak = new WeakMap();
const key = {};
weak.set(key, "hidden");
console.log(weak.get(key), weak.has({}), new WeakSet([key]).has(key), new WeakRef(key).deref() === key);
const growing = new Set([1]);
for (const x of growing) if (x < 5) growing.add(x + 1);
console.log([...growing]);
try {
  weak.set("text", 1);
} catch (error) {
  console.log(error.name);
}
