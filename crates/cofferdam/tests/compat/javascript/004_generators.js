// Generators: next, return, throw, delegation, infinite ones, as iterables of classes.
function* count(from = 0) {
  try {
    while (true) {
      const reset = yield from++;
      if (reset) from = 0;
    }
  } finally {
    console.log("finished");
  }
}
const c = count(5);
console.log(c.next(), c.next(), c.next(true), c.return("r"), c.next());
function* inner() {
  const got = yield "a";
  return `inner got ${got}`;
}
function* outer() {
  const result = yield* inner();
  yield result;
  yield* [1, 2];
  yield* "xy";
}
const o = outer();
console.log(o.next().value, o.next("hi").value, [...o]);
class Tree {
  constructor(value, left, right) {
    Object.assign(this, { value, left, right });
  }
  *[Symbol.iterator]() {
    if (this.left) yield* this.left;
    yield this.value;
    if (this.right) yield* this.right;
  }
}
console.log([...new Tree(2, new Tree(1), new Tree(3))], Math.max(...new Tree(7, new Tree(4))));
function* take(n, source) {
  for (const x of source) {
    if (n-- <= 0) return;
    yield x;
  }
}
console.log(Array.from(take(3, count())));
const g = (function* () {
  try {
    yield 1;
  } catch (error) {
    yield `caught ${error}`;
  }
})();
console.log(g.next().value, g.throw("oops").value, g.next().done, g[Symbol.toStringTag], typeof g[Symbol.iterator]);
