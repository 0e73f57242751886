// structuredClone: the standard's algorithm for the types that exist here.

const failed = (value) => new DOMException(`${typeof value === "symbol" ? value.toString() : typeof value === "function" ? value.toString().slice(0, 60) : "value"} could not be cloned.`, "DataCloneError");
const ERRORS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const uncloneable = [WeakMap, WeakSet, WeakRef, Promise];

export function structuredClone(value, options) {
  const moved = new Set(options?.transfer ?? []);
  return clone(value, new Map(), moved);
}

function clone(value, seen, moved) {
  if (typeof value === "symbol" || typeof value === "function") throw failed(value);
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const keep = (copy) => (seen.set(value, copy), copy);
  if (Array.isArray(value)) {
    const copy = keep(new Array(value.length));
    for (const key of Object.keys(value)) copy[key] = clone(value[key], seen, moved);
    return copy;
  }
  if (value instanceof Date) return keep(new Date(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof Number || value instanceof String || value instanceof Boolean || value instanceof BigInt) return keep(Object(value.valueOf()));
  if (value instanceof ArrayBuffer) return keep(moved.has(value) ? value.transfer() : value.slice(0));
  if (ArrayBuffer.isView(value)) {
    const buffer = clone(value.buffer, seen, moved);
    const length = value instanceof DataView ? value.byteLength : value.length;
    const Type = value instanceof DataView ? DataView : globalThis[value[Symbol.toStringTag]];
    return keep(new Type(buffer, value.byteOffset, length));
  }
  if (value instanceof Map) {
    const copy = keep(new Map());
    for (const [key, item] of [...value]) copy.set(clone(key, seen, moved), clone(item, seen, moved));
    return copy;
  }
  if (value instanceof Set) {
    const copy = keep(new Set());
    for (const item of [...value]) copy.add(clone(item, seen, moved));
    return copy;
  }
  if (value instanceof Error) {
    const Type = ERRORS[value.name] ?? Error;
    const fresh = keep(new Type(value.message));
    Object.defineProperty(fresh, "stack", { value: value.stack, writable: true, configurable: true, enumerable: false });
    if (Object.hasOwn(value, "cause")) Object.defineProperty(fresh, "cause", { value: clone(value.cause, seen, moved), writable: true, configurable: true, enumerable: false });
    return fresh;
  }
  if (uncloneable.some((Type) => value instanceof Type)) throw new DOMException(`${Object.prototype.toString.call(value).slice(8, -1)} object could not be cloned.`, "DataCloneError");
  const copy = keep({});
  for (const key of Object.keys(value)) copy[key] = clone(value[key], seen, moved);
  return copy;
}
