// A small emitter, observer, state machine and undo stack: classes in the large.
class Emitter {
  #handlers = new Map();
  on(type, handler) {
    this.#handlers.set(type, [...(this.#handlers.get(type) ?? []), handler]);
    return () => this.off(type, handler);
  }
  off(type, handler) {
    this.#handlers.set(type, (this.#handlers.get(type) ?? []).filter((h) => h !== handler));
  }
  emit(type, ...args) {
    return (this.#handlers.get(type) ?? []).map((h) => h(...args));
  }
}
const emitter = new Emitter();
const stop = emitter.on("add", (a, b) => a + b);
emitter.on("add", (...xs) => xs.length);
console.log(emitter.emit("add", 2, 3), (stop(), emitter.emit("add", 2, 3)), emitter.emit("none"));
const machine = { idle: { start: "running" }, running: { pause: "paused", stop: "idle" }, paused: { start: "running", stop: "idle" } };
console.log(["start", "pause", "start", "bogus", "stop"].reduce((path, event) => [...path, machine[path.at(-1)][event] ?? path.at(-1)], ["idle"]));
const history = { past: [], present: 0, future: [] };
const act = (f) => {
  history.past.push(history.present);
  history.present = f(history.present);
  history.future = [];
};
const undo = () => {
  history.future.unshift(history.present);
  history.present = history.past.pop();
};
act((x) => x + 5);
act((x) => x * 3);
undo();
console.log(history);
const observed = [];
const watch = (object) => new Proxy(object, { set: (t, k, v) => (observed.push([k, t[k], v]), Reflect.set(t, k, v)) });
const state = watch({ n: 1 });
state.n++;
state.list = [];
console.log(observed, state);
