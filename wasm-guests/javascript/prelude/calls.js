// Calls to tools. A call is sent when it is made, its promise is settled by the event loop, and whether anybody looked at it is noted:
// a program that forgets `await` is told so instead of getting a puzzling value.

import { encode } from "./encode.js";
import { frameText, here, lineIn, moveStack } from "./errors.js";
import { request, requestText, toolError } from "./host.js";
import { apply, jsonStringify, PromiseThen } from "./primordials.js";

// Calls whose reply has not come, by id, and calls of this program that nobody looked at.
let inFlight = new Map();
let unseen = new Set();

const PromiseConstructor = Promise;

/** The promise that a tool's function returns. */
export class ToolCall extends Promise {
  #tool;
  #settle;
  #place;

  constructor(tool) {
    let settle;
    super((resolve, reject) => (settle = { resolve, reject }));
    this.#settle = settle;
    this.#tool = tool;
    this.#place = here();
    unseen.add(this);
  }

  // What `then` makes is an ordinary promise: only the call itself must be looked at.
  static get [Symbol.species]() {
    return PromiseConstructor;
  }

  then(onValue, onError) {
    unseen.delete(this);
    return apply(PromiseThen, this, [onValue, onError]);
  }

  toJSON() {
    throw this.#notAwaited();
  }

  [Symbol.toPrimitive]() {
    throw this.#notAwaited();
  }

  [Symbol.iterator]() {
    throw this.#notAwaited();
  }

  #notAwaited() {
    unseen.delete(this);
    return new TypeError(`${this.#tool}(...) was not awaited: write \`await ${this.#tool}(...)\``);
  }

  static settle(call, reply) {
    if (reply.ok) return call.#settle.resolve(reply.value);
    const error = toolError(reply.error);
    moveStack(error, call.#place);
    call.#settle.reject(error);
  }

  static tool = (call) => call.#tool;
  static place = (call) => call.#place;
}
const { settle, tool: toolOf, place: placeOf } = ToolCall;
delete ToolCall.settle;
delete ToolCall.tool;
delete ToolCall.place;

/** Sends a call. The first argument alone, when it is an object, is the arguments; everything else is by position. */
export function submit(tool, given) {
  const call = new ToolCall(tool);
  try {
    const id = requestText(`{"op":"submit","tool":${jsonStringify(tool)},${argumentsText(given)}}`);
    inFlight.set(id, call);
  } catch (error) {
    if (error?.name !== "ToolError") {
      unseen.delete(call);
      throw error;
    }
    settle(call, { ok: false, error: { code: error.code, message: error.message, tool: error.tool ?? tool, retryable: error.retryable } });
  }
  return call;
}

function argumentsText(given) {
  while (given.length > 0 && given[given.length - 1] === undefined) given = given.slice(0, -1);
  if (given.length === 0) return `"args":{}`;
  if (given.length === 1 && isArguments(given[0])) return `"args":${encode(given[0])}`;
  if (isArguments(given[0])) return `"args":${encode(given[0])},"positional":${encode(given.slice(1))}`;
  return `"args":{},"positional":${encode(given)}`;
}

function isArguments(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date) && !ArrayBuffer.isView(value);
}

/** Waits in the host for replies, at most `timeout` milliseconds (null: until one comes), and settles their calls. */
export function waitForReplies(timeout) {
  for (const reply of request("wait", { timeout_ms: timeout })) {
    const call = inFlight.get(reply.id);
    // A reply to a call of an earlier program, which ended before it came.
    if (!call) continue;
    inFlight.delete(reply.id);
    settle(call, reply);
  }
}

export const callsInFlight = () => inFlight.size;

/** Names of the calls that nobody looked at, and the line of the first. */
export function unseenCalls(file) {
  if (unseen.size === 0) return undefined;
  const calls = [...unseen];
  return { tools: [...new Set(calls.map(toolOf))], line: lineIn(frameText(placeOf(calls[0])), file)?.line };
}

export function forgetCalls() {
  inFlight = new Map();
  unseen = new Set();
}
