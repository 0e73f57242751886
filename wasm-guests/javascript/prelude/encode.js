// Values as JSON on their way out of the program: JSON.stringify's rules, and more that would otherwise be lost in silence: a Map is an
// object (or pairs), a Set and a typed array are arrays, a BigInt is a number, an Error is its text, a promise is a mistake.

import { apply, defineProperty, getOwnPropertyDescriptor, jsonStringify } from "./primordials.js";
import { header } from "./errors.js";

const TypedArray = Object.getPrototypeOf(Uint8Array);
const { isSafeInteger } = Number;
const arrayFrom = Array.from;
const MapEntries = Map.prototype.entries;
const SetValues = Set.prototype.values;

// Put on the prototypes only while a value is written: a replacer would cost a call for every value there is.
const conversions = [
  [Map.prototype, function () { return entriesOf(this); }],
  [Set.prototype, function () { return arrayFrom(apply(SetValues, this, [])); }],
  [BigInt.prototype, function () { return isSafeInteger(Number(this)) ? Number(this) : `${this}`; }],
  [TypedArray.prototype, function () { return arrayFrom(this); }],
  [ArrayBuffer.prototype, function () { return arrayFrom(new Uint8Array(this)); }],
  [Error.prototype, function () { return header(this); }],
  [Promise.prototype, function () { throw new TypeError("a Promise in the value was not awaited: await it, or `await Promise.all(...)` for an array"); }],
];

/** The JSON text of a value, undefined when it has none; `replacer` as JSON.stringify takes it. */
export function encode(value, replacer) {
  const added = [];
  for (const [prototype, toJSON] of conversions) {
    if (getOwnPropertyDescriptor(prototype, "toJSON")) continue;
    try {
      defineProperty(prototype, "toJSON", { value: toJSON, configurable: true, enumerable: false, writable: true });
      added.push(prototype);
    } catch {
      // A frozen prototype: its values are written as plain objects.
    }
  }
  try {
    return jsonStringify(value, replacer);
  } finally {
    for (const prototype of added) delete prototype.toJSON;
  }
}

function entriesOf(map) {
  const entries = arrayFrom(apply(MapEntries, map, []));
  for (const [key] of entries) {
    if (typeof key !== "string" && typeof key !== "number") return entries;
  }
  const object = {};
  for (const [key, value] of entries) defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  return object;
}
