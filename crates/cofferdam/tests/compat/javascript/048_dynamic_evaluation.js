// eval and new Function: allowed, because the sandbox does not depend on forbidding them.
console.log(new Function("a", "b", "return a * b")(6, 7), (0, eval)("1 + 1"), eval("[1, 2].map((x) => x * 2)"), typeof Function.prototype);
const rules = { adult: "age >= 18", short: "name.length < 4" };
const check = Object.fromEntries(Object.entries(rules).map(([k, source]) => [k, new Function("{ age, name }", `return ${source};`)]));
console.log(Object.entries(check).map(([k, f]) => [k, f({ age: 20, name: "Bo" })]));
for (const source of ["(", "nothing_here", "throw new RangeError('r')", "null.x"]) {
  try {
    (0, eval)(source);
  } catch (error) {
    console.log(error.name);
  }
}
