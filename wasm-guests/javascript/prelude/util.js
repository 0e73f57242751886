// Node's `util` and `assert`.

import { native } from "guest:native";
import { TextDecoder, TextEncoder } from "./encoding.js";
import { hidden } from "./errors.js";
import { format, formatWith, inspect } from "./inspect.js";

/** Whether two values are equal in depth; `strict` also compares prototypes and primitives by identity. */
export function deepEqual(one, other, strict, pairs = []) {
  if (strict ? Object.is(one, other) : one == other || (Number.isNaN(one) && Number.isNaN(other))) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (strict && Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  if (pairs.some(([a, b]) => a === one && b === other)) return true;
  pairs = [...pairs, [one, other]];
  const same = (a, b) => deepEqual(a, b, strict, pairs);
  if (one instanceof Date && other instanceof Date) return one.getTime() === other.getTime();
  if (one instanceof RegExp && other instanceof RegExp) return `${one}` === `${other}`;
  if (one instanceof Error && (one.message !== other.message || one.name !== other.name)) return false;
  if (one instanceof Map && other instanceof Map) {
    return one.size === other.size && [...one].every(([key, value]) => (other.has(key) ? same(value, other.get(key)) : [...other].some(([k, v]) => same(key, k) && same(value, v))));
  }
  if (one instanceof Set && other instanceof Set) {
    return one.size === other.size && [...one].every((item) => other.has(item) || [...other].some((candidate) => same(item, candidate)));
  }
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every((key) => Object.hasOwn(other, key) && same(one[key], other[key]));
}

const promisifyCustom = Symbol.for("nodejs.util.promisify.custom");

export const util = {
  inspect,
  format,
  formatWithOptions: (options, ...values) => formatWith(options, values),
  isDeepStrictEqual: (one, other) => deepEqual(one, other, true),
  promisify(callee) {
    if (callee[promisifyCustom]) return callee[promisifyCustom];
    return (...given) => new Promise((resolve, reject) => callee(...given, (error, value) => (error ? reject(error) : resolve(value))));
  },
  callbackify:
    (callee) =>
    (...given) => {
      const done = given.pop();
      callee(...given).then((value) => done(null, value), done);
    },
  deprecate: (callee) => callee,
  inherits: (child, parent) => Object.setPrototypeOf(child.prototype, parent.prototype),
  stripVTControlCharacters: (text) => text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, ""),
  toUSVString: (text) => `${text}`.toWellFormed(),
  TextDecoder,
  TextEncoder,
  types: {
    isPromise: (value) => native.promise(value) !== undefined,
    isDate: (value) => value instanceof Date,
    isRegExp: (value) => value instanceof RegExp,
    isMap: (value) => value instanceof Map,
    isSet: (value) => value instanceof Set,
    isNativeError: (value) => native.rawStack(value) !== undefined,
    isProxy: (value) => native.proxyTarget(value) !== undefined,
    isTypedArray: (value) => ArrayBuffer.isView(value) && !(value instanceof DataView),
    isUint8Array: (value) => value instanceof Uint8Array,
    isArrayBuffer: (value) => value instanceof ArrayBuffer,
    isAsyncFunction: (value) => typeof value === "function" && value[Symbol.toStringTag] === "AsyncFunction",
    isGeneratorFunction: (value) => typeof value === "function" && value[Symbol.toStringTag] === "GeneratorFunction",
  },
};
util.promisify.custom = promisifyCustom;
util.types.isAnyArrayBuffer = util.types.isArrayBuffer;

export class AssertionError extends Error {
  constructor({ message, actual, expected, operator, generated = true }) {
    super(message);
    Object.assign(this, { generatedMessage: generated, code: "ERR_ASSERTION", actual, expected, operator });
  }
}
hidden(AssertionError.prototype, "name", "AssertionError");

function fail(message, actual, expected, operator, otherwise) {
  if (message instanceof Error) throw message;
  throw new AssertionError({ message: message ?? otherwise, actual, expected, operator, generated: message === undefined });
}

export function assert(value, message) {
  if (!value) fail(message, value, true, "==", "The expression evaluated to a falsy value");
}

function compare(name, holds, says) {
  assert[name] = (actual, expected, message) => {
    if (!holds(actual, expected)) fail(message, actual, expected, name, `${says}\n\n${inspect(actual)} !== ${inspect(expected)}\n`);
  };
}
compare("equal", (one, other) => one == other || (Number.isNaN(one) && Number.isNaN(other)), "Expected values to be loosely equal:");
compare("notEqual", (one, other) => one != other, 'Expected "actual" to be loosely unequal to:');
compare("strictEqual", Object.is, "Expected values to be strictly equal:");
compare("notStrictEqual", (one, other) => !Object.is(one, other), 'Expected "actual" to be strictly unequal to:');
compare("deepEqual", (one, other) => deepEqual(one, other, false), "Expected values to be loosely deep-equal:");
compare("deepStrictEqual", (one, other) => deepEqual(one, other, true), "Expected values to be strictly deep-equal:");
compare("notDeepEqual", (one, other) => !deepEqual(one, other, false), 'Expected "actual" not to be loosely deep-equal to:');
compare("notDeepStrictEqual", (one, other) => !deepEqual(one, other, true), 'Expected "actual" not to be strictly deep-equal to:');

function matches(error, expected) {
  if (expected === undefined) return true;
  if (expected instanceof RegExp) return expected.test(`${error}`);
  if (typeof expected === "function") {
    if (expected.prototype !== undefined && error instanceof expected) return true;
    if (Error.isPrototypeOf?.(expected) || expected === Error) return false;
    return expected(error) === true;
  }
  return Object.keys(expected).every((key) => (expected[key] instanceof RegExp && typeof error[key] === "string" ? expected[key].test(error[key]) : deepEqual(error[key], expected[key], true)));
}

function judge(threw, error, expected, message) {
  if (typeof expected === "string") [expected, message] = [undefined, expected];
  if (!threw) fail(message, undefined, expected, "throws", "Missing expected exception.");
  if (!matches(error, expected)) throw error;
}

Object.assign(assert, {
  ok: (value, message) => assert(value, message),
  fail: (message) => fail(message, undefined, undefined, "fail", "Failed"),
  match: (text, pattern, message) => {
    if (!pattern.test(text)) fail(message, text, pattern, "match", `The input did not match the regular expression ${pattern}. Input:\n\n${inspect(text)}\n`);
  },
  doesNotMatch: (text, pattern, message) => {
    if (pattern.test(text)) fail(message, text, pattern, "doesNotMatch", `The input was expected to not match the regular expression ${pattern}. Input:\n\n${inspect(text)}\n`);
  },
  ifError: (value) => {
    if (value !== null && value !== undefined) throw value;
  },
  throws(callee, expected, message) {
    let threw = false, error;
    try {
      callee();
    } catch (caught) {
      [threw, error] = [true, caught];
    }
    judge(threw, error, expected, message);
  },
  async rejects(callee, expected, message) {
    let threw = false, error;
    try {
      await (typeof callee === "function" ? callee() : callee);
    } catch (caught) {
      [threw, error] = [true, caught];
    }
    judge(threw, error, expected, message);
  },
  doesNotThrow: (callee) => void callee(),
  doesNotReject: async (callee) => void (await (typeof callee === "function" ? callee() : callee)),
  AssertionError,
});
assert.strict = assert;
