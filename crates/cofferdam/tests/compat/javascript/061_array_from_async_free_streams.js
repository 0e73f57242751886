// Lazy pipelines with generators instead of helpers that Node 20 does not have.
class Lazy {
  #source;
  constructor(source) {
    this.#source = source;
  }
  static range(from, to = Infinity, step = 1) {
    return new Lazy({ *[Symbol.iterator]() { for (let i = from; i < to; i += step) yield i; } });
  }
  #with(make) {
    const source = this.#source;
    return new Lazy({ [Symbol.iterator]: () => make(source) });
  }
  map(f) {
    return this.#with(function* (s) { for (const x of s) yield f(x); });
  }
  filter(f) {
    return this.#with(function* (s) { for (const x of s) if (f(x)) yield x; });
  }
  take(n) {
    return this.#with(function* (s) { if (n > 0) { let left = n; for (const x of s) { yield x; if (--left === 0) return; } } });
  }
  zip(other) {
    return this.#with(function* (s) {
      const it = other[Symbol.iterator]();
      for (const x of s) {
        const { value, done } = it.next();
        if (done) return;
        yield [x, value];
      }
    });
  }
  [Symbol.iterator]() {
    return this.#source[Symbol.iterator]();
  }
}
const evens = Lazy.range(1).filter((n) => n % 2 === 0).map((n) => n * n);
console.log([...evens.take(5)], [...evens.take(2).zip("ab")], [...Lazy.range(0, 1, 0.25)], Math.max(...evens.take(3)));
function* fibonacci(a = 0n, b = 1n) {
  for (;;) {
    yield a;
    [a, b] = [b, a + b];
  }
}
console.log([...new Lazy(fibonacci()).filter((n) => n % 2n).take(8)], Object.fromEntries(Lazy.range(0, 3).map((i) => [`k${i}`, i])));
const merged = [[1, 4, 7], [2, 5], [3]].map((xs) => xs[Symbol.iterator]());
const out = [];
while (merged.length) for (let i = merged.length - 1; i >= 0; i--) {
  const { value, done } = merged[i].next();
  done ? merged.splice(i, 1) : out.push(value);
}
console.log(out.sort((a, b) => a - b));
