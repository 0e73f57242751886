// Events of the web (Event, EventTarget, AbortController) and of Node (EventEmitter).

import { crash } from "./crash.js";
import { setTimeout } from "./timers.js";

export class Event {
  #type;
  #options;
  defaultPrevented = false;
  constructor(type, { bubbles = false, cancelable = false, composed = false } = {}) {
    this.#type = `${type}`;
    this.#options = { bubbles, cancelable, composed };
    this.target = null;
    this.currentTarget = null;
    this.timeStamp = 0;
    this._stopped = false;
    for (const name of ["target", "currentTarget", "timeStamp", "defaultPrevented", "_stopped"]) Object.defineProperty(this, name, { enumerable: false });
  }
  get type() {
    return this.#type;
  }
  get bubbles() {
    return this.#options.bubbles;
  }
  get cancelable() {
    return this.#options.cancelable;
  }
  get composed() {
    return this.#options.composed;
  }
  preventDefault() {
    if (this.#options.cancelable) this.defaultPrevented = true;
  }
  stopPropagation() {}
  stopImmediatePropagation() {
    this._stopped = true;
  }
}

export class CustomEvent extends Event {
  #detail;
  constructor(type, options = {}) {
    super(type, options);
    this.#detail = options.detail ?? null;
  }
  get detail() {
    return this.#detail;
  }
}

export class EventTarget {
  #listeners = new Map();

  addEventListener(type, listener, options = {}) {
    if (listener === null || listener === undefined) return;
    const { once = false, capture = false, signal } = typeof options === "boolean" ? { capture: options } : (options ?? {});
    if (signal?.aborted) return;
    const list = this.#listeners.get(type) ?? [];
    if (list.some((entry) => entry.listener === listener && entry.capture === capture)) return;
    list.push({ listener, once, capture });
    this.#listeners.set(type, list);
    signal?.addEventListener("abort", () => this.removeEventListener(type, listener, capture), { once: true });
  }

  removeEventListener(type, listener, options = {}) {
    const capture = typeof options === "boolean" ? options : Boolean(options?.capture);
    const list = this.#listeners.get(type);
    if (list) this.#listeners.set(type, list.filter((entry) => entry.listener !== listener || entry.capture !== capture));
  }

  dispatchEvent(event) {
    event.target = event.currentTarget = this;
    for (const entry of [...(this.#listeners.get(event.type) ?? [])]) {
      if (entry.once) this.removeEventListener(event.type, entry.listener, entry.capture);
      try {
        if (typeof entry.listener === "function") entry.listener.call(this, event);
        else entry.listener.handleEvent?.(event);
      } catch (error) {
        crash(error);
      }
      if (event._stopped) break;
    }
    const own = this[`on${event.type}`];
    if (typeof own === "function") own.call(this, event);
    return !event.defaultPrevented;
  }
}

const key = Symbol("the constructor's key");

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason = undefined;
  onabort = null;

  constructor(token) {
    if (token !== key) throw new TypeError("Illegal constructor");
    super();
    Object.defineProperty(this, "onabort", { enumerable: false });
  }
  get aborted() {
    return this.#aborted;
  }
  get reason() {
    return this.#reason;
  }
  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }
  static abort(reason) {
    const signal = new AbortSignal(key);
    abortSignal(signal, reason);
    return signal;
  }
  static timeout(ms) {
    const signal = new AbortSignal(key);
    setTimeout(() => abortSignal(signal, new DOMException("The operation was aborted due to timeout", "TimeoutError")), ms).unref();
    return signal;
  }
  static any(signals) {
    const all = [...signals];
    const joined = new AbortSignal(key);
    const aborted = all.find((signal) => signal.aborted);
    if (aborted) abortSignal(joined, aborted.reason);
    else for (const signal of all) signal.addEventListener("abort", () => abortSignal(joined, signal.reason), { once: true });
    return joined;
  }
  static _abort(signal, reason = new DOMException("This operation was aborted", "AbortError")) {
    if (signal.#aborted) return;
    signal.#aborted = true;
    signal.#reason = reason;
    signal.dispatchEvent(new Event("abort"));
  }
}
const abortSignal = AbortSignal._abort;
delete AbortSignal._abort;

export class AbortController {
  #signal = new AbortSignal(key);
  get signal() {
    return this.#signal;
  }
  abort(reason) {
    abortSignal(this.#signal, reason);
  }
}

/** Node's emitter, as far as programs use it. */
export class EventEmitter {
  static defaultMaxListeners = 10;
  _listeners() {
    if (!Object.hasOwn(this, "_events")) Object.defineProperty(this, "_events", { value: new Map(), enumerable: false });
    return this._events;
  }
  on(name, listener) {
    return this._add(name, listener, listener, false);
  }
  addListener(name, listener) {
    return this.on(name, listener);
  }
  prependListener(name, listener) {
    return this._add(name, listener, listener, true);
  }
  once(name, listener) {
    const call = (...values) => {
      this.off(name, listener);
      listener.apply(this, values);
    };
    return this._add(name, listener, call, false);
  }
  _add(name, listener, call, first) {
    if (typeof listener !== "function") throw new TypeError('The "listener" argument must be of type function.');
    const list = this._listeners().get(name) ?? [];
    this._listeners().set(name, first ? [{ listener, call }, ...list] : [...list, { listener, call }]);
    return this;
  }
  off(name, listener) {
    const list = this._listeners().get(name) ?? [];
    const at = list.findLastIndex((entry) => entry.listener === listener);
    if (at >= 0) this._listeners().set(name, list.toSpliced(at, 1));
    return this;
  }
  removeListener(name, listener) {
    return this.off(name, listener);
  }
  removeAllListeners(name) {
    if (name === undefined) this._listeners().clear();
    else this._listeners().delete(name);
    return this;
  }
  emit(name, ...values) {
    const list = this._listeners().get(name) ?? [];
    if (list.length === 0 && name === "error") throw values[0] instanceof Error ? values[0] : new Error(`Unhandled error. (${values[0]})`);
    for (const { call } of list) call.apply(this, values);
    return list.length > 0;
  }
  listeners(name) {
    return (this._listeners().get(name) ?? []).map((entry) => entry.listener);
  }
  listenerCount(name) {
    return this.listeners(name).length;
  }
  eventNames() {
    return [...this._listeners().keys()].filter((name) => this.listenerCount(name) > 0);
  }
  setMaxListeners() {
    return this;
  }
  getMaxListeners() {
    return EventEmitter.defaultMaxListeners;
  }
}
EventEmitter.EventEmitter = EventEmitter;
EventEmitter.once = (emitter, name) =>
  new Promise((resolve, reject) => {
    emitter.once(name, (...values) => resolve(values));
    if (name !== "error") emitter.once("error", reject);
  });
