// Functions: closures, this, bind, call, default parameters, arguments, currying, recursion, memo.
const counter = (() => {
  let n = 0;
  return { up: (by = 1) => (n += by), get value() { return n; } };
})();
counter.up();
counter.up(5);
console.log(counter.value);
function area({ w, h } = { w: 1, h: 1 }, scale = w * 2) {
  return w * h * scale;
}
console.log(area(), area({ w: 2, h: 3 }), area({ w: 2, h: 3 }, 1), area.name, area.length);
function count() {
  return arguments.length + [...arguments].join("");
}
console.log(count("a", "b"), count.call(null, 1), count.apply(null, [1, 2]), count.bind(null, "x")("y"), count.bind().name);
const person = { name: "Ann", greet() { return `I am ${this?.name}`; }, later: function () { return () => this.name; } };
console.log(person.greet(), person.greet.call({ name: "Bo" }), person.later()(), person.greet.bind({ name: "Cy" }).call({ name: "no" }));
const curry = (f) => function next(...a) { return a.length >= f.length ? f(...a) : (...b) => next(...a, ...b); };
const compose = (...fs) => (x) => fs.reduceRight((v, f) => f(v), x);
console.log(curry((a, b, c) => a + b + c)(1)(2, 3), compose((x) => x + 1, (x) => x * 2)(5), ((...r) => r.length)(1, 2), (() => {})(), (() => ({}))());
const memo = (f, cache = new Map()) => (n) => cache.get(n) ?? (cache.set(n, f(n)), cache.get(n));
const fib = memo((n) => (n < 2 ? n : fib(n - 1) + fib(n - 2)));
console.log(fib(70), hoisted(), typeof notYet, new Function("a", "b", "return a * b")(6, 7));
function hoisted() {
  return "hoisted";
}
var notYet = 1;
try {
  early;
  let early = 1;
} catch (error) {
  console.log(error.name);
}
try {
  const fixed = 1;
  fixed = 2;
} catch (error) {
  console.log(error.name);
}
const deep = (n) => (n === 0 ? 0 : 1 + deep(n - 1));
console.log(deep(500));
try {
  (function forever() { forever(); })();
} catch (error) {
  console.log(error.name);
}
