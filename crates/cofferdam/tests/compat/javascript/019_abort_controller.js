// AbortController, AbortSignal, EventTarget, Event.
const controller = new AbortController();
const { signal } = controller;
signal.addEventListener("abort", (event) => console.log("event", event.type, signal.aborted));
signal.onabort = () => console.log("onabort");
const sleep = (ms, { signal } = {}) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(() => resolve("slept"), ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
setTimeout(() => controller.abort(), 5);
try {
  await sleep(10000, { signal });
} catch (error) {
  console.log(error.name, signal.reason === error);
}
controller.abort("again");
console.log(signal.aborted, signal.reason.name, AbortSignal.abort("why").reason);
try {
  signal.throwIfAborted();
} catch (error) {
  console.log("thrown", error.name);
}
try {
  await sleep(10000, { signal: AbortSignal.timeout(5) });
} catch (error) {
  console.log(error.name);
}
const target = new EventTarget();
const seen = [];
target.addEventListener("x", (e) => seen.push(e.type), { once: true });
target.addEventListener("x", { handleEvent: () => seen.push("object") });
console.log(target.dispatchEvent(new Event("x")), target.dispatchEvent(new Event("x")), seen);
console.log(await sleep(1));
