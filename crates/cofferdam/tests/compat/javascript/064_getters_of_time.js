// Timers and dates together: a rate limiter, debounce, memo with expiry, on a clock of the program's own.
let now = 0;
const clock = { now: () => now, advance: (ms) => (now += ms) };
class Bucket {
  constructor(capacity, perSecond, clock) {
    Object.assign(this, { capacity, perSecond, clock, tokens: capacity, last: clock.now() });
  }
  take() {
    const at = this.clock.now();
    this.tokens = Math.min(this.capacity, this.tokens + ((at - this.last) / 1000) * this.perSecond);
    this.last = at;
    return this.tokens >= 1 ? (this.tokens--, true) : false;
  }
}
const bucket = new Bucket(2, 1, clock);
console.log([0, 0, 0, 500, 600, 2500, 0, 0].map((ms) => (clock.advance(ms), bucket.take())));
const debounce = (f, ms) => {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(f, ms, ...args);
  };
};
const calls = [];
const late = debounce((x) => calls.push(x), 5);
late(1), late(2), late(3);
await new Promise((r) => setTimeout(r, 25));
console.log(calls);
const cache = (f, ttl, { now }) => {
  const entries = new Map();
  return (key) => {
    const hit = entries.get(key);
    if (hit && now() - hit.at < ttl) return `cached ${hit.value}`;
    const value = f(key);
    entries.set(key, { value, at: now() });
    return value;
  };
};
const square = cache((x) => x * x, 1000, clock);
console.log(square(4), square(4), (clock.advance(1001), square(4)));
const timeout = (promise, ms) => Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error(`over ${ms} ms`)), ms))]);
console.log(await timeout(Promise.resolve("quick"), 50), await timeout(new Promise((r) => setTimeout(r, 60)), 3).catch((e) => e.message));
