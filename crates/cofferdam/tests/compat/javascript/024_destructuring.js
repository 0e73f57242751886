// Destructuring, defaults, spread and rest everywhere.
const { a, b: { c: [first, , third = "d"] = [] } = {}, ...others } = { a: 1, b: { c: [10, 20] }, x: 5, y: 6 };
console.log(a, first, third, others);
const [p, [q] = ["default"], ...tail] = [1, undefined, 3, 4];
console.log(p, q, tail);
let m = 1, n = 2;
[m, n] = [n, m];
({ m, ["n"]: n = 9 } = { m: "object" });
console.log(m, n);
function f({ x = 1, y: { z } = { z: 2 } } = {}, [h, ...r] = "abc", ...rest) {
  return [x, z, h, r, rest];
}
console.log(f(), f({ x: 5, y: { z: 6 } }, [7, 8], 9, 10), f.length);
console.log({ ...{ a: 1, b: 2 }, b: 3, ...null }, [...[1, 2], ..."ab", ...new Set([3])], Math.max(...[1, 5], 3));
for (const [key, { id, tags: [tag = "none"] = [] }] of Object.entries({ u: { id: 1 }, v: { id: 2, tags: ["t"] } })) console.log(key, id, tag);
const { length, [length - 1]: last } = "word";
console.log(length, last, (({ a, ...rest }) => rest)({ a: 1, z: 2 }), [..."ab"].map((x, i, { length }) => `${x}${i}/${length}`));
const key = "dynamic";
console.log({ [key]: 1, [`${key}2`]() {}, get g() { return 1; }, key });
try {
  const { x } = null;
} catch (error) {
  console.log(error.name);
}
try {
  const [x] = {};
} catch (error) {
  console.log(error.name);
}
