// Runs one program and reports its outcome: begin, then steps of the event loop until nothing is left to do, then one `result`.
// C (../c/guest.c) drains the job queue between two steps.

import { native } from "guest:native";
import { callsInFlight, forgetCalls, unseenCalls, waitForReplies } from "./calls.js";
import { endConsole } from "./console.js";
import { crash, onCrash } from "./crash.js";
import { toolErrorOf, header, lineIn, programFrames, read } from "./errors.js";
import { requestText } from "./host.js";
import { inspect } from "./inspect.js";
import { outcomeOfValue, textOf, within } from "./outcome.js";
import { arrayJoin, isArray, jsonStringify, regexpExec, stringSlice, stringSplit, stringStartsWith, then } from "./primordials.js";
import { startClock } from "./performance.js";
import { ExitCode, refreshProcess } from "./process.js";
import { defineServers } from "./servers.js";
import * as timers from "./timers.js";

const DONE = 0;
const AGAIN = 1;
// A promise's state, as native.promise gives it.
const REJECTED = 2;

// running | returned | failed; `value` is what it returned or threw.
let state = { name: "failed", value: undefined };
let source = { code: "", file: "" };
// Promises that were rejected and that nobody has looked at yet, with the reason.
let rejections = new Map();
let ready = [];

/** Starts the program of a turn document. False: the document is malformed. */
export function begin(document) {
  const { code, file, mode = "function", servers = [], tools = {} } = document ?? {};
  if (typeof code !== "string" || typeof file !== "string" || !isArray(servers)) return false;
  source = { code, file };
  rejections = new Map();
  ready = [];
  timers.forgetTimers();
  forgetCalls();
  startClock();
  refreshProcess(file);
  defineServers(servers, tools);

  const mine = (state = { name: "running", value: undefined });
  const returned = (value) => settle(mine, "returned", value);
  const failed = (error) => settle(mine, "failed", error);
  try {
    if (mode === "script") {
      const result = evaluate(code, file);
      // The completion value is boxed so that it is not awaited too early; a promise at the end is awaited, as in a shell.
      then(result, ({ value }) => then(Promise.resolve(value), returned, failed), failed);
    } else {
      then(native.compile(code, file).call(globalThis), returned, failed);
    }
  } catch (error) {
    failed(error);
  }
  return true;
}

// A script may declare again what an earlier one of its session declared: names are checked before anything runs, so trying again is safe.
function evaluate(code, file) {
  for (;;) {
    const result = native.evaluate(code, file);
    const [state, error] = native.promise(result);
    const again = state === REJECTED && error instanceof SyntaxError ? regexpExec(/^redeclaration of '(.*)'$/, textOf(read(error, "message"))) : null;
    if (!again || !native.forget(again[1])) return result;
    then(result, undefined, () => undefined);
  }
}

function settle(mine, name, value) {
  if (mine.name !== "running") return;
  mine.name = name;
  mine.value = value;
}

onCrash((error) => {
  state.name = "failed";
  state.value = error;
});

/** One round of the event loop; DONE once the result is sent. */
export function step() {
  if (state.name === "failed") return report(failedOutcome(state.value));
  while (ready.length > 0) {
    const run = ready.shift();
    try {
      run();
    } catch (error) {
      crash(error);
    }
    return AGAIN;
  }
  const idle = !timers.hasImmediates();
  const outstanding = callsInFlight() > 0 || timers.hasTimers(state.name === "running") || !idle;
  if (!outstanding) return report(finalOutcome());

  const due = timers.dueTimers();
  if (callsInFlight() > 0 || (due.length === 0 && idle)) {
    waitForReplies(due.length === 0 && idle ? timers.untilNext() : 0);
  }
  for (const timer of due) ready.push(() => timers.runTimer(timer));
  for (const immediate of timers.takeImmediates()) ready.push(() => timers.runImmediate(immediate));
  return AGAIN;
}

/** Reports `process.exit`. */
export function exited(code) {
  report({ status: "exit", code });
}

/** The engine's word that a promise was rejected without a reaction, or got one later. */
export function onRejection(promise, reason, handled) {
  if (handled) rejections.delete(promise);
  else rejections.set(promise, reason);
}

function finalOutcome() {
  try {
    return state.name === "returned" ? outcomeAtEnd() : outcomeOfHang();
  } catch (error) {
    // The value's own code (a getter, a toJSON) threw.
    return failedOutcome(error);
  }
}

// An error can be anything, a proxy that answers every question with another error too.
function failedOutcome(error) {
  try {
    return outcomeOfError(error);
  } catch {
    const message = "Uncaught: an error that cannot be shown";
    return { status: "error", type: "Error", message, traceback: message };
  }
}

function outcomeAtEnd() {
  for (const reason of rejections.values()) return outcomeOfError(reason);
  const unseen = unseenCalls(source.file);
  if (unseen) return { status: "not_awaited", ...unseen };
  const code = ExitCode.get();
  if (code) return { status: "exit", code };
  return outcomeOfValue(state.value);
}

function outcomeOfHang() {
  for (const reason of rejections.values()) return outcomeOfError(reason);
  const unseen = unseenCalls(source.file);
  const hint = unseen ? `; calls that were not awaited: ${unseen.tools.join(", ")}` : "";
  return { status: "pending", what: `the program awaits a promise that nothing will settle${hint}` };
}

function outcomeOfError(error) {
  // The engine has no error left to throw when there is no memory for it.
  if (error === null && native.exhausted()) error = new InternalError("out of memory");
  if (!isError(error)) {
    const message = within(`Uncaught ${inspect(error)}`);
    return { status: "error", type: "Error", message, traceback: message };
  }
  const raw = native.rawStack(error);
  const stack = typeof raw === "string" ? programFrames(raw) : "";
  const position = lineIn(read(error, "stack"), source.file) ?? lineIn(stack, source.file);
  const type = typeOf(error);
  const original = textOf(read(error, "message"));
  const message = explain(type, original, position);
  let traceback = inspect(error);
  if (message !== original) {
    const head = header(error);
    traceback = `${type}: ${message}${stringStartsWith(traceback, head) ? stringSlice(traceback, head.length) : `\n${stack}`}`;
  }
  return {
    status: "error",
    type,
    message: within(message),
    line: position?.line,
    traceback: within(traceback),
    tool_error: toolErrorOf(error),
  };
}

const isError = (value) => typeof value === "object" && value !== null && (value instanceof Error || native.rawStack(value) !== undefined);

// A class that did not set its name is known by the class's own.
function typeOf(error) {
  const name = textOf(read(error, "name")) || "Error";
  return name === "Error" ? textOf(read(read(error, "constructor"), "name")) || name : name;
}

// The engine names neither what was called nor, of course, the call that nobody awaited; both are what a reader needs.
function explain(type, message, position) {
  const text = position && stringSplit(source.code, "\n")[position.line - 1];
  if (type === "SyntaxError" && text && /^\s*import\s+[\w{*"']/.test(text)) {
    return `${message} (import declarations cannot be used here: write \`const fs = await import("fs")\`)`;
  }
  if (type === "AggregateError" && message === "") return "All promises were rejected";
  if (type !== "TypeError") return message;
  if (message === "not a function") message = `${(text && calleeAt(text, position.column)) || "value"} is not a function`;
  const unseen = unseenCalls(source.file);
  return unseen ? `${message} (${arrayJoin(unseen.tools, "(...), ")}(...) was not awaited)` : message;
}

// The column lies somewhere between the callee's last name and the last argument: the callee is the last one that starts before it.
function calleeAt(text, column) {
  let callee;
  for (const found of text.matchAll(/((?:\.\s*|\?\.)?[\w$][\w$.]*(?:\[[^\]]*\])?)\s*(?:\?\.)?\(/g)) {
    if (found.index < column && !/^(?:if|for|while|switch|catch|function|return|await)$/.test(found[1])) callee = found[1];
  }
  return callee && (callee[0] === "." || callee[0] === "?" ? `(...)${callee}` : callee);
}

function report(outcome) {
  endConsole();
  const { json, ...rest } = outcome;
  // A value's JSON was made once, by the value's own rules; it is put in as text.
  const text = json === undefined ? jsonStringify(rest) : `{"status":"value","kind":"json","value":${json}}`;
  requestText(`{"op":"result","outcome":${text}}`);
  state = { name: "failed", value: undefined };
  rejections = new Map();
  ready = [];
  return DONE;
}
