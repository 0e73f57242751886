// Calls to tools. A call is sent when the event loop next waits, together with all that were made before; its promise is settled by the
// loop. Whether anybody looked at it is noted: a program that forgets `await` is told so instead of getting a puzzling value.

import { encode } from "./encode.js";
import { frameText, here, lineIn, moveStack } from "./errors.js";
import { requestText, toolError } from "./host.js";
import { apply, arrayJoin, jsonStringify, PromiseThen } from "./primordials.js";

// What may wait to be sent, in characters: with more, a request could outgrow what the host takes.
const QUEUED_CHARS = 1 << 20;

// Calls whose reply has not come, by tag, and calls of this program that nobody looked at.
let inFlight = new Map();
let unseen = new Set();
// Documents of the calls that were not sent yet, and their length.
let queue = [];
let queuedChars = 0;
let nextTag = 0;

const PromiseConstructor = Promise;

/** The promise that a tool's function returns. */
export class ToolCall extends Promise {
  #tool;
  #settle;
  #place;
  #shape;

  // `shape` turns the host's value or ToolError into what the program gets.
  constructor(tool, shape) {
    let settle;
    super((resolve, reject) => (settle = { resolve, reject }));
    this.#settle = settle;
    this.#tool = tool;
    this.#shape = shape;
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
    const shape = call.#shape;
    if (reply.ok) return call.#settle.resolve(shape ? shape.value(reply.value) : reply.value);
    const error = toolError(reply.error);
    moveStack(error, call.#place);
    if (!shape) return call.#settle.reject(error);
    const shaped = shape.error(error);
    moveStack(shaped, call.#place);
    call.#settle.reject(shaped);
  }

  static tool = (call) => call.#tool;
  static place = (call) => call.#place;
}
const { settle, tool: toolOf, place: placeOf } = ToolCall;
delete ToolCall.settle;
delete ToolCall.tool;
delete ToolCall.place;

/** Makes a call. The first argument alone, when it is an object, is the arguments; everything else is by position. */
export function submit(tool, given) {
  return queued(`"tool":${jsonStringify(tool)},${argumentsText(given)}`, tool);
}

/** Makes a request of `fetch`. */
export function submitFetch(request, shape) {
  return queued(`"fetch":${jsonStringify(request)}`, "fetch", shape);
}

function queued(fields, tool, shape) {
  const tag = nextTag++;
  const document = `{"tag":${tag},${fields}}`;
  const call = new ToolCall(tool, shape);
  if (queuedChars + document.length > QUEUED_CHARS) waitForReplies(0);
  inFlight.set(tag, call);
  queue.push(document);
  queuedChars += document.length;
  if (queuedChars > QUEUED_CHARS) {
    try {
      waitForReplies(0);
    } catch (error) {
      inFlight.delete(tag);
      unseen.delete(call);
      throw error;
    }
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

/** Sends what waits to be sent, waits in the host for replies, at most `timeout` milliseconds (null: until one comes), and settles their calls. */
export function waitForReplies(timeout) {
  const calls = arrayJoin(queue, ",");
  queue = [];
  queuedChars = 0;
  for (const reply of requestText(`{"op":"wait","timeout_ms":${timeout},"submit":[${calls}]}`)) {
    const call = inFlight.get(reply.tag);
    // A reply to a call of an earlier program, which ended before it came.
    if (!call) continue;
    inFlight.delete(reply.tag);
    settle(call, reply);
  }
}

/** Nobody waits for this call any more: it goes on in the host, and the program may end before it. */
export function abandon(call) {
  for (const [tag, other] of inFlight) if (other === call) inFlight.delete(tag);
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
  queue = [];
  queuedChars = 0;
}
