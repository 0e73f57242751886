// The order of microtasks across async functions, thenables and nested promises.
const log = [];
const p = Promise.resolve();
async function a() {
  log.push("a1");
  await b();
  log.push("a2");
}
async function b() {
  log.push("b1");
  await undefined;
  log.push("b2");
}
a().then(() => log.push("a done"));
p.then(() => log.push("p1")).then(() => log.push("p2")).then(() => log.push("p3"));
new Promise((resolve) => {
  log.push("executor");
  resolve({ then: (r) => (log.push("thenable"), r()) });
}).then(() => log.push("after thenable"));
(async () => {
  try {
    await Promise.reject(new Error("x"));
  } catch {
    log.push("caught");
  } finally {
    log.push("finally");
  }
})();
queueMicrotask(() => {
  log.push("m1");
  queueMicrotask(() => log.push("m2"));
});
log.push("end of sync");
await new Promise((resolve) => setTimeout(resolve, 5));
console.log(log);
const returned = async () => Promise.resolve("inner");
console.log(await returned(), await (async () => { throw 1; })().catch((e) => e + 1), await Promise.resolve().then(() => { throw "t"; }).then(null, (e) => `${e}!`));
