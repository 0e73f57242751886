// Node's Buffer, as far as programs that move data use it: encodings, concatenation, comparison, numbers.

import { native } from "guest:native";
import { decodeUtf8, encodeUtf8 } from "./encoding.js";

const name = (encoding = "utf8") => {
  const lower = `${encoding}`.toLowerCase();
  if (["utf8", "utf-8"].includes(lower)) return "utf8";
  if (["hex", "base64", "base64url", "ascii"].includes(lower)) return lower;
  if (["latin1", "binary"].includes(lower)) return "latin1";
  if (["utf16le", "utf-16le", "ucs2", "ucs-2"].includes(lower)) return "utf16le";
  throw Object.assign(new TypeError(`Unknown encoding: ${encoding}`), { code: "ERR_UNKNOWN_ENCODING" });
};

export function encodeText(text, encoding) {
  switch (name(encoding)) {
    case "utf8":
      return encodeUtf8(text);
    case "hex": {
      const digits = /^(?:[0-9a-fA-F]{2})*/.exec(text)[0];
      return Uint8Array.fromHex(digits);
    }
    case "base64":
    case "base64url":
      return Uint8Array.fromBase64(text.replace(/[^A-Za-z0-9+/_-]/g, "").replaceAll("-", "+").replaceAll("_", "/").replace(/^((?:.{4})*).$/, "$1"));
    case "utf16le": {
      const bytes = new Uint8Array(text.length * 2);
      for (let at = 0; at < text.length; at++) (bytes[2 * at] = text.charCodeAt(at)), (bytes[2 * at + 1] = text.charCodeAt(at) >> 8);
      return bytes;
    }
    default:
      return Uint8Array.from(text, (character) => character.charCodeAt(0));
  }
}

export function decodeBytes(bytes, encoding) {
  switch (name(encoding)) {
    case "utf8":
      return decodeUtf8(bytes);
    case "hex":
      return Uint8Array.prototype.toHex.call(bytes);
    case "base64":
      return Uint8Array.prototype.toBase64.call(bytes);
    case "base64url":
      return Uint8Array.prototype.toBase64.call(bytes, { alphabet: "base64url", omitPadding: true });
    case "utf16le": {
      let text = "";
      for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode(bytes[at] | (bytes[at + 1] << 8));
      return text;
    }
    case "ascii":
      return native.latin1Decode(bytes.map((byte) => byte & 0x7f));
    default:
      return native.latin1Decode(bytes);
  }
}

const asBuffer = (bytes) => Object.setPrototypeOf(bytes, Buffer.prototype);
const bytesOrText = (value, encoding) => (typeof value === "string" ? encodeText(value, encoding) : value);

export class Buffer extends Uint8Array {
  static poolSize = 8192;

  // Uint8Array.from takes a mapping function where Buffer.from takes an encoding.
  static from(value, encodingOrOffset, length) {
    if (typeof value === "string") return asBuffer(encodeText(value, encodingOrOffset));
    if (value instanceof ArrayBuffer) return asBuffer(new Uint8Array(value, encodingOrOffset ?? 0, length));
    if (ArrayBuffer.isView(value) || Array.isArray(value)) return asBuffer(Uint8Array.from(value));
    if (value?.type === "Buffer" && Array.isArray(value.data)) return asBuffer(Uint8Array.from(value.data));
    if (typeof value === "object" && value !== null) return Buffer.from(value.valueOf() === value ? Array.from(value) : value.valueOf(), encodingOrOffset, length);
    throw Object.assign(new TypeError(`The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array. Received ${typeof value}`), { code: "ERR_INVALID_ARG_TYPE" });
  }
  static of(...items) {
    return asBuffer(Uint8Array.of(...items));
  }
  static alloc(size, fill, encoding) {
    const buffer = asBuffer(new Uint8Array(size));
    return fill === undefined || size === 0 ? buffer : buffer.fill(fill, 0, size, encoding);
  }
  static allocUnsafe(size) {
    return Buffer.alloc(size);
  }
  static allocUnsafeSlow(size) {
    return Buffer.alloc(size);
  }
  static concat(list, total = list.reduce((sum, item) => sum + item.length, 0)) {
    const whole = Buffer.alloc(total);
    let at = 0;
    for (const item of list) {
      if (at >= total) break;
      whole.set(item.subarray(0, total - at), at);
      at += item.length;
    }
    return whole;
  }
  static isBuffer(value) {
    return value instanceof Buffer;
  }
  static isEncoding(encoding) {
    try {
      return Boolean(name(encoding));
    } catch {
      return false;
    }
  }
  static byteLength(value, encoding) {
    return typeof value === "string" ? encodeText(value, encoding).length : value.byteLength;
  }
  static compare(one, other) {
    const length = Math.min(one.length, other.length);
    for (let at = 0; at < length; at++) if (one[at] !== other[at]) return one[at] < other[at] ? -1 : 1;
    return Math.sign(one.length - other.length);
  }

  toString(encoding, start = 0, end = this.length) {
    return decodeBytes(new Uint8Array(this.buffer, this.byteOffset, this.length).subarray(start, end), encoding);
  }
  toJSON() {
    return { type: "Buffer", data: Array.from(this) };
  }
  equals(other) {
    return Buffer.compare(this, other) === 0;
  }
  compare(other) {
    return Buffer.compare(this, other);
  }
  slice(start, end) {
    return this.subarray(start, end);
  }
  subarray(start, end) {
    return asBuffer(Uint8Array.prototype.subarray.call(Object.setPrototypeOf(new Uint8Array(this.buffer, this.byteOffset, this.length), Uint8Array.prototype), start, end));
  }
  copy(target, at = 0, start = 0, end = this.length) {
    const part = this.subarray(start, Math.min(end, start + target.length - at));
    target.set(part, at);
    return part.length;
  }
  write(text, offset = 0, length = this.length - offset, encoding) {
    if (typeof offset === "string") [offset, length, encoding] = [0, this.length, offset];
    else if (typeof length === "string") [length, encoding] = [this.length - offset, length];
    const bytes = encodeText(text, encoding).subarray(0, length);
    this.set(bytes, offset);
    return bytes.length;
  }
  fill(value, start = 0, end = this.length, encoding) {
    if (typeof value === "number") return super.fill(value, start, end);
    const bytes = bytesOrText(value, encoding);
    for (let at = start; at < end; at++) this[at] = bytes.length > 0 ? bytes[(at - start) % bytes.length] : 0;
    return this;
  }
  indexOf(value, from = 0, encoding) {
    if (typeof value === "number") return super.indexOf(value, from);
    const bytes = bytesOrText(value, encoding);
    outer: for (let at = from; at + bytes.length <= this.length; at++) {
      for (let i = 0; i < bytes.length; i++) if (this[at + i] !== bytes[i]) continue outer;
      return at;
    }
    return -1;
  }
  includes(value, from, encoding) {
    return this.indexOf(value, from, encoding) >= 0;
  }
  [Symbol.for("nodejs.util.inspect.custom")]() {
    const shown = [...new Uint8Array(this.buffer, this.byteOffset, Math.min(this.length, 50))].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const more = this.length - 50;
    return `<Buffer${shown && ` ${shown}`}${more > 0 ? ` ... ${more} more byte${more > 1 ? "s" : ""}` : ""}>`;
  }
}
for (const [method, getter, size] of [["UInt8", "Uint8", 1], ["Int8", "Int8", 1], ["UInt16", "Uint16", 2], ["Int16", "Int16", 2], ["UInt32", "Uint32", 4], ["Int32", "Int32", 4], ["Float", "Float32", 4], ["Double", "Float64", 8], ["BigInt64", "BigInt64", 8], ["BigUInt64", "BigUint64", 8]]) {
  for (const [suffix, little] of size === 1 ? [["", true]] : [["LE", true], ["BE", false]]) {
    define(`read${method}${suffix}`, function (offset = 0) {
      return new DataView(this.buffer, this.byteOffset, this.length)[`get${getter}`](offset, little);
    });
    define(`write${method}${suffix}`, function (value, offset = 0) {
      new DataView(this.buffer, this.byteOffset, this.length)[`set${getter}`](offset, value, little);
      return offset + size;
    });
  }
}
function define(method, value) {
  Object.defineProperty(Buffer.prototype, method, { value, writable: true, configurable: true, enumerable: false });
  if (method.includes("UInt")) Object.defineProperty(Buffer.prototype, method.replace("UInt", "Uint"), { value, writable: true, configurable: true, enumerable: false });
}
