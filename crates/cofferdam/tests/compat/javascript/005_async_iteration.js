// for await, async generators, async iterables of our own, clean-up on break.
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function* ticks(n) {
  try {
    for (let i = 0; i < n; i++) {
      await sleep(1);
      yield i;
    }
  } finally {
    console.log("closed");
  }
}
for await (const t of ticks(2)) console.log(t);
for await (const t of ticks(10)) {
  if (t === 1) break;
}
for await (const x of [Promise.resolve("p"), "plain"]) console.log(x);
class Pages {
  constructor(pages) {
    this.pages = pages;
  }
  [Symbol.asyncIterator]() {
    let i = 0;
    return {
      next: async () => (i < this.pages.length ? { value: this.pages[i++], done: false } : { value: undefined, done: true }),
    };
  }
}
const all = [];
for await (const page of new Pages([["a", "b"], ["c"]])) all.push(...page);
console.log(all);
const g = ticks(5);
console.log(await Promise.all([g.next(), g.next()]), await g.return("early"), await g.next());
try {
  for await (const x of (async function* () {
    yield 1;
    throw new Error("inside");
  })())
    console.log(x);
} catch (error) {
  console.log(error.message);
}
