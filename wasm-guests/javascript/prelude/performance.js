// `performance`, counted from the program's start; the engine's own would count from the moment of the snapshot.

import { native } from "guest:native";

let origin = 0;

/** Starts the program's clock. */
export function startClock() {
  origin = native.monotonic();
}

export const performance = {
  now: () => (native.monotonic() - origin) / 1e6,
  get timeOrigin() {
    return Date.now() - performance.now();
  },
  mark: (name) => ({ name, entryType: "mark", startTime: performance.now(), duration: 0 }),
  measure: (name) => ({ name, entryType: "measure", startTime: 0, duration: performance.now() }),
  toJSON: () => ({ timeOrigin: performance.timeOrigin }),
};
Object.defineProperty(performance, Symbol.toStringTag, { value: "Performance", configurable: true });
