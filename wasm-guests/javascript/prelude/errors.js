// Errors as a program and a reader see them: `ToolError`, and stacks in the shape that V8 made common, with the program's frames
// only. The engine's raw stack has no first line and shows our own frames; nothing here touches it before somebody asks.

import { native } from "guest:native";
import { apply, arrayJoin, arrayPush, defineProperty, getOwnPropertyDescriptor, regexpExec, stringIncludes, stringSplit, stringStartsWith } from "./primordials.js";

/** A tool call that failed; `code` is one of a closed list. */
export class ToolError extends Error {
  constructor(message, { code = "error", tool, retryable = false } = {}) {
    super(message);
    this.code = code;
    this.tool = tool ?? undefined;
    this.retryable = retryable;
  }
}
hidden(ToolError.prototype, "name", "ToolError");

const toolErrors = new WeakMap();
const getToolError = toolErrors.get.bind(toolErrors);
/** Keeps the host's own document, so that a report shows it whatever the program did to the error. */
export const rememberToolError = toolErrors.set.bind(toolErrors);

/** The host's document behind an error or behind what caused it. */
export function toolErrorOf(error) {
  for (let depth = 0; depth < 8 && typeof error === "object" && error !== null; depth++) {
    const document = getToolError(error);
    if (document) return document;
    error = read(error, "cause");
  }
}

export function hidden(object, name, value) {
  defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
}

/** A property of something hostile: a getter that throws counts as absent. */
export function read(object, name) {
  try {
    return object[name];
  } catch {
    return undefined;
  }
}

/** The program's frames in an engine's raw stack, one a line. */
export function programFrames(raw) {
  if (typeof raw !== "string") return "";
  const frames = [];
  for (const line of stringSplit(raw, "\n")) {
    if (!stringStartsWith(line, "    at ") || stringIncludes(line, "(guest:") || stringStartsWith(line, "    at guest:")) continue;
    // Neither the engine's own functions, nor frames without a place, nor text that JSON.parse and the like were given.
    if (!regexpExec(/:[1-9]\d*:\d+\)?$/, line) || stringStartsWith(line, "    at <input>") || stringIncludes(line, "(<input>:")) continue;
    const anonymous = regexpExec(/^ {4}at (?:<anonymous>|<eval>) \((.*)\)$/, line);
    arrayPush(frames, anonymous ? `    at ${anonymous[1]}` : line);
  }
  return arrayJoin(frames, "\n");
}

export function header(error) {
  const name = text(read(error, "name"), "Error");
  const message = text(read(error, "message"), "");
  return name && message ? `${name}: ${message}` : name || message;
}

function text(value, otherwise) {
  if (typeof value === "string") return value;
  if (value === undefined || value === null) return otherwise;
  try {
    return `${value}`;
  } catch {
    return otherwise;
  }
}

/** What `error.stack` shows. */
export function fullStack(error, raw) {
  const frames = programFrames(raw);
  return frames ? `${header(error)}\n${frames}` : header(error);
}

/** Gives an error the stack of another place: an error made by the event loop belongs where the call was made. */
export function moveStack(error, place) {
  hidden(error, "stack", fullStack(error, native.rawStack(place)));
}

/** The line of `file` that a stack names first. */
export function lineIn(stack, file) {
  if (typeof stack !== "string") return undefined;
  for (const line of stringSplit(stack, "\n")) {
    const found = regexpExec(/^ {4}at (?:.* \()?(.*):(\d+):(\d+)\)?$/, line);
    if (found && found[1] === file && +found[2] > 0) return { line: +found[2], column: +found[3] };
  }
}

const original = getOwnPropertyDescriptor(Error.prototype, "stack");
defineProperty(Error.prototype, "stack", {
  get() {
    const raw = native.rawStack(this);
    return raw === undefined ? apply(original.get, this, []) : fullStack(this, raw);
  },
  set: original.set,
  enumerable: false,
  configurable: true,
});

const capture = Error.captureStackTrace;
hidden(Error, "captureStackTrace", function captureStackTrace(target, above) {
  apply(capture, Error, [target, above ?? captureStackTrace]);
  const raw = getOwnPropertyDescriptor(target, "stack")?.value;
  if (typeof raw === "string") hidden(target, "stack", fullStack(target, raw));
});

/** Where the program is now, to be looked at only if something goes wrong. */
export const here = () => new Error();
export const frameText = (place) => programFrames(native.rawStack(place));
