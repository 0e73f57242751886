// crypto.randomUUID, getRandomValues, performance, globalThis.
const uuid = crypto.randomUUID();
console.log(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid), uuid !== crypto.randomUUID(), uuid.length);
const bytes = crypto.getRandomValues(new Uint8Array(32));
console.log(bytes.length, new Set(bytes).size > 8, crypto.getRandomValues(new Uint32Array(2)) instanceof Uint32Array);
const times = Array.from({ length: 50 }, () => performance.now());
console.log(times.every((t, i) => i === 0 || t >= times[i - 1]), typeof performance.timeOrigin, times[0] >= 0);
globalThis.shared = 5;
console.log(shared, typeof globalThis.console, typeof globalThis.notThere, "shared" in globalThis, delete globalThis.shared, typeof shared);
try {
  crypto.getRandomValues(new Float32Array(1));
} catch (error) {
  console.log(error.name);
}
console.log(typeof queueMicrotask, typeof structuredClone, typeof URL, typeof TextEncoder, typeof AbortController, typeof setInterval, typeof Intl, typeof fetch);
