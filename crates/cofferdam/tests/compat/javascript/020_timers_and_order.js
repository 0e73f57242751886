// The order of synchronous code, microtasks and timers.
const log = [];
setTimeout(() => log.push("timeout 0"), 0);
setTimeout(() => log.push("timeout 20"), 20);
setTimeout(() => log.push("timeout 5"), 5);
queueMicrotask(() => log.push("microtask"));
Promise.resolve().then(() => log.push("then 1")).then(() => log.push("then 2"));
(async () => {
  log.push("async body");
  await null;
  log.push("after await");
})();
log.push("sync");
const cleared = setTimeout(() => log.push("never"), 1);
clearTimeout(cleared);
await new Promise((resolve) => setTimeout(resolve, 60));
console.log(log);
let n = 0;
await new Promise((resolve) => {
  const timer = setInterval(() => {
    if (++n === 3) {
      clearInterval(timer);
      resolve();
    }
  }, 1);
});
console.log(n, await new Promise((resolve) => setTimeout(resolve, 1, "argument")));
const order = [];
await Promise.all([30, 10, 20].map((ms) => new Promise((r) => setTimeout(() => r(order.push(ms)), ms))));
console.log(order, typeof setTimeout(() => {}, 0) !== "undefined");
clearTimeout(undefined);
const begin = performance.now();
await new Promise((resolve) => setTimeout(resolve, 15));
console.log(performance.now() - begin >= 13, performance.now() >= begin, Date.now() > 1.7e12);
