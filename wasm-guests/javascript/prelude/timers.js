// Timers and the queue of immediates. They only keep their order and their times; loop.js runs them and sleeps in the host.

import { native } from "guest:native";
import { hidden } from "./errors.js";

const MAX_DELAY_MS = 0x7fffffff;

// Sorted by time, then by age: a heap would be quicker for thousands of timers, of which programs have a handful.
let queue = [];
let immediates = [];
let byId = new Map();
let nextId = 1;

const milliseconds = () => native.monotonic() / 1e6;

export class Timeout {
  #id;
  #ref = true;
  constructor(callback, delay, repeat, args) {
    this.#id = nextId++;
    hidden(this, "_callback", callback);
    hidden(this, "_delay", delay);
    hidden(this, "_repeat", repeat);
    hidden(this, "_args", args);
  }
  ref() {
    this.#ref = true;
    return this;
  }
  unref() {
    this.#ref = false;
    return this;
  }
  hasRef() {
    return this.#ref;
  }
  refresh() {
    if (byId.has(this.#id)) unschedule(this), schedule(this);
    return this;
  }
  close() {
    clearTimeout(this);
    return this;
  }
  [Symbol.toPrimitive]() {
    return this.#id;
  }
  [Symbol.dispose]() {
    clearTimeout(this);
  }
  static id(timeout) {
    return timeout.#id;
  }
}

export class Immediate {
  constructor(callback, args) {
    hidden(this, "_callback", callback);
    hidden(this, "_args", args);
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
  hasRef() {
    return true;
  }
}

function schedule(timeout) {
  const due = milliseconds() + timeout._delay;
  hidden(timeout, "_due", due);
  let at = queue.length;
  while (at > 0 && queue[at - 1]._due > due) at--;
  queue.splice(at, 0, timeout);
  byId.set(Timeout.id(timeout), timeout);
}

function unschedule(timeout) {
  const at = queue.indexOf(timeout);
  if (at >= 0) queue.splice(at, 1);
}

function start(callback, delay, repeat, args) {
  if (typeof callback !== "function") {
    throw new TypeError(`The "callback" argument must be of type function. Received ${callback === null ? "null" : typeof callback}`);
  }
  delay = +delay;
  if (!(delay >= 1)) delay = 1;
  if (delay > MAX_DELAY_MS) delay = 1;
  const timeout = new Timeout(callback, Math.trunc(delay), repeat, args);
  schedule(timeout);
  return timeout;
}

export function setTimeout(callback, delay, ...args) {
  return start(callback, delay, false, args);
}

export function setInterval(callback, delay, ...args) {
  return start(callback, delay, true, args);
}

export function clearTimeout(handle) {
  const timeout = handle instanceof Timeout ? handle : byId.get(+handle);
  if (!timeout) return;
  unschedule(timeout);
  byId.delete(Timeout.id(timeout));
}
export { clearTimeout as clearInterval };

export function setImmediate(callback, ...args) {
  if (typeof callback !== "function") throw new TypeError('The "callback" argument must be of type function.');
  const immediate = new Immediate(callback, args);
  immediates.push(immediate);
  return immediate;
}

export function clearImmediate(immediate) {
  const at = immediates.indexOf(immediate);
  if (at >= 0) immediates.splice(at, 1);
}

/** Timers that are due now, oldest first, taken out of the queue one at a time by `runTimer`. */
export function dueTimers() {
  if (queue.length === 0) return [];
  const now = milliseconds();
  let count = 0;
  while (count < queue.length && queue[count]._due <= now) count++;
  return queue.slice(0, count);
}

export function runTimer(timeout) {
  const id = Timeout.id(timeout);
  if (byId.get(id) !== timeout) return;
  unschedule(timeout);
  if (timeout._repeat) schedule(timeout);
  else byId.delete(id);
  timeout._callback(...timeout._args);
}

export function takeImmediates() {
  const taken = immediates;
  immediates = [];
  return taken;
}

export function runImmediate(immediate) {
  immediate._callback(...immediate._args);
}

export const hasImmediates = () => immediates.length > 0;
/** Whether a timer is worth waiting for: any while the program runs, one that is referenced afterwards. */
export const hasTimers = (running) => queue.length > 0 && (running || queue.some((timeout) => timeout.hasRef()));
/** Milliseconds until the next timer, null without one. */
export const untilNext = () => (queue.length === 0 ? null : Math.max(0, queue[0]._due - milliseconds()));

export function forgetTimers() {
  queue = [];
  immediates = [];
  byId = new Map();
}

/** The `timers/promises` module. */
export const timersPromises = {
  setTimeout: (delay, value, { signal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timeout = setTimeout(() => resolve(value), delay);
      signal?.addEventListener("abort", () => (clearTimeout(timeout), reject(signal.reason)), { once: true });
    }),
  setImmediate: (value) => new Promise((resolve) => setImmediate(() => resolve(value))),
  setInterval: async function* (delay, value) {
    for (;;) yield await timersPromises.setTimeout(delay, value);
  },
};
