// Promise: all, allSettled, any, race, finally, chaining, thenables, rejections.
const after = (ms, value, fail) => new Promise((resolve, reject) => setTimeout(() => (fail ? reject(new Error(value)) : resolve(value)), ms));
console.log(await Promise.all([after(6, "a"), after(2, "b"), 3]), await Promise.all([]));
console.log((await Promise.allSettled([after(1, "ok"), after(1, "bad", true)])).map((r) => r.value ?? r.reason.message));
console.log(await Promise.any([after(2, "no", true), after(4, "yes")]), await Promise.race([after(50, "slow"), after(1, "fast")]));
try {
  await Promise.any([after(1, "x", true), after(1, "y", true)]);
} catch (error) {
  console.log(error.name, error.errors.map((e) => e.message), error instanceof AggregateError);
}
try {
  await Promise.all([after(1, "first", true), after(0, "second")]);
} catch (error) {
  console.log(error.message);
}
console.log(await Promise.resolve(1).then((x) => x + 1).finally(() => "ignored").then((x) => x * 2), await Promise.reject("r").catch((r) => `caught ${r}`));
console.log(await { then: (resolve) => resolve("thenable") }, await (await (async () => after(1, "nested"))()), await 5);
const chain = await [1, 2, 3].reduce(async (sum, x) => (await sum) + (await after(1, x)), Promise.resolve(0));
console.log(chain, Promise.resolve(1), (async () => {})() instanceof Promise, typeof Promise.prototype.then);
async function retry(times, action) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action(attempt);
    } catch (error) {
      console.log("attempt", attempt, error.message);
      if (attempt === times) throw error;
    }
  }
}
console.log(await retry(3, (n) => (n < 3 ? after(1, "again", true) : `done at ${n}`)));
const results = [];
for (const p of [after(4, 1), after(1, 2)]) results.push(await p);
console.log(results, await Promise.all([1, 2, 3].map(async (x) => x ** 2)));
