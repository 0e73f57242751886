// What nearly every program does is done once before the snapshot, so that it finds it done: the engine makes its built-in functions only
// when they are first looked at, and keeps atoms and shapes of what it has seen.

import { native } from "guest:native";
import { format } from "./inspect.js";

export function warm() {
  for (const name of Reflect.ownKeys(globalThis)) {
    const value = globalThis[name];
    if ((typeof value !== "object" && typeof value !== "function") || value === null || value === globalThis) continue;
    touch(value);
    if (typeof value === "function" && typeof value.prototype === "object" && value.prototype !== null) touch(value.prototype);
  }
  const sample = native.compile("const rows = [1, 2].map((n) => ({ n })); for (const { n } of rows) `${n}`; return await rows;", "warm.js");
  sample.call(undefined);
  JSON.parse(JSON.stringify({ list: [1, "two", null, true], map: { a: 1.5 } }));
  "2024-01-05 a,b".replace(/(\d+)-(\d+)/g, "$2").split(",").join(";");
  format("%s", [1, { a: "b" }], new Map([["k", new Set([1])]]), new Error("warm"), new Date(0));
}

function touch(object) {
  for (const key of Reflect.ownKeys(object)) Object.getOwnPropertyDescriptor(object, key);
}
