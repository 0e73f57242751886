// A pool with a limit, a queue, a semaphore and a mutex, as programs write them.
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
async function mapLimit(items, limit, work) {
  const results = new Array(items.length);
  let next = 0;
  await Promise.all(
    Array.from({ length: limit }, async () => {
      while (next < items.length) {
        const at = next++;
        results[at] = await work(items[at], at);
      }
    }),
  );
  return results;
}
let running = 0;
let peak = 0;
const out = await mapLimit([...Array(12).keys()], 3, async (n) => {
  peak = Math.max(peak, ++running);
  await sleep((n % 3) + 1);
  running--;
  return n * 2;
});
console.log(out, peak);
class Mutex {
  #tail = Promise.resolve();
  run(task) {
    const result = this.#tail.then(task);
    this.#tail = result.catch(() => {});
    return result;
  }
}
const mutex = new Mutex();
const order = [];
await Promise.all([5, 1, 3].map((ms) => mutex.run(async () => (await sleep(ms), order.push(ms)))));
console.log(order);
class Channel {
  #items = [];
  #waiting = [];
  send(x) {
    this.#waiting.length ? this.#waiting.shift()(x) : this.#items.push(x);
  }
  receive() {
    return this.#items.length ? Promise.resolve(this.#items.shift()) : new Promise((r) => this.#waiting.push(r));
  }
}
const channel = new Channel();
const consumer = (async () => {
  const got = [];
  for (let x; (x = await channel.receive()) !== null; ) got.push(x);
  return got;
})();
for (const x of [1, 2, 3]) {
  channel.send(x);
  await sleep(0);
}
channel.send(null);
console.log(await consumer);
