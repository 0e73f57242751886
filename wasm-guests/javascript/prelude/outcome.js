// The value of a program as an outcome: JSON if it is one, its printed form otherwise, shortened if it is larger than a reply may be.

import { native } from "guest:native";
import { encode } from "./encode.js";
import { read } from "./errors.js";
import { wellFormed } from "./host.js";
import { inspect } from "./inspect.js";
import { jsonStringify, stringIncludes, stringSlice, stringWellFormed } from "./primordials.js";

// One MiB below what a request may have, for the rest of the document and for escapes in text.
const MAX_BYTES = 16 << 20;
const { isFinite } = Number;
const KEPT_CHARACTERS = 2 << 20;

export function outcomeOfValue(value) {
  switch (typeof value) {
    case "undefined":
      return { status: "none" };
    case "string":
      return text(value);
    case "bigint":
      return text(`${value}`);
    case "number":
      return isFinite(value) ? { json: jsonStringify(value) } : text(`${value}`);
    case "boolean":
      return { json: `${value}` };
    case "symbol":
    case "function":
      return text(inspect(value));
  }
  if (value === null) return { status: "none" };
  if (value instanceof Error) return text(inspect(value));
  if (value instanceof RegExp || native.promise(value)) return text(inspect(value));
  let json;
  try {
    json = encode(value);
    // JSON.stringify makes null of the numbers that JSON does not have. A replacer costs a call for every value, so only now.
    if (json !== undefined && stringIncludes(json, "null")) json = encode(value, finite);
  } catch (error) {
    if (isCircular(error) || isTooDeep(error)) return text(inspect(value));
    throw error;
  }
  if (json === undefined) return text(inspect(value));
  // An object that is a string to JSON (a Date, a URL) is text to a reader.
  if (json[0] === '"') return text(JSON.parse(json));
  const bytes = native.utf8Length(json);
  if (bytes <= MAX_BYTES) return { json: wellFormed(json) };
  return text(headAndTail(json, `the value's JSON has ${bytes} bytes; save it in a file or return less`));
}

const isCircular = (error) => read(error, "name") === "TypeError" && /circular/.test(read(error, "message"));
const isTooDeep = (error) => read(error, "name") === "RangeError" && read(error, "message") === "Maximum call stack size exceeded";
const finite = (_, value) => (typeof value === "number" && !isFinite(value) ? `${value}` : value);

function text(value) {
  return { status: "value", kind: "text", text: within(value) };
}

/** Text that fits into a reply: whole, or its head and tail with a note between them. */
export function within(value) {
  const whole = stringWellFormed(value);
  if (whole.length <= KEPT_CHARACTERS || native.utf8Length(jsonStringify(whole)) <= MAX_BYTES) return whole;
  return headAndTail(whole, `the text has ${whole.length} characters`);
}

function headAndTail(whole, note) {
  const half = KEPT_CHARACTERS / 2;
  return stringWellFormed(`${stringSlice(whole, 0, half)}\n... ${note} ...\n${stringSlice(whole, -half)}`);
}

export function textOf(value) {
  if (value === undefined || value === null) return "";
  try {
    return `${value}`;
  } catch {
    return "";
  }
}
