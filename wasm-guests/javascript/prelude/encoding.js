// TextEncoder and TextDecoder: UTF-8, and for reading also latin1 (as windows-1252, the standard's rule) and UTF-16.

import { native } from "guest:native";

export function bytesOf(source) {
  if (source === undefined) return new Uint8Array(0);
  if (source instanceof Uint8Array) return source;
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  throw new TypeError('The "input" argument must be an instance of ArrayBuffer or ArrayBufferView.');
}

export const encodeUtf8 = (text) => native.utf8Encode(`${text}`.toWellFormed());
export const decodeUtf8 = (bytes) => native.utf8Decode(bytes, false);

export class TextEncoder {
  get encoding() {
    return "utf-8";
  }
  encode(text = "") {
    return encodeUtf8(text);
  }
  encodeInto(text, target) {
    const bytes = encodeUtf8(text);
    if (bytes.length <= target.length) {
      target.set(bytes);
      return { read: `${text}`.length, written: bytes.length };
    }
    let written = target.length;
    while (written > 0 && (bytes[written] & 0xc0) === 0x80) written--;
    target.set(bytes.subarray(0, written));
    return { read: decodeUtf8(bytes.subarray(0, written)).length, written };
  }
}

const labels = {
  "utf-8": ["utf-8", "utf8", "unicode-1-1-utf-8"],
  "windows-1252": ["windows-1252", "latin1", "iso-8859-1", "ascii", "us-ascii", "l1", "cp1252"],
  "utf-16le": ["utf-16le", "utf-16", "ucs-2", "utf16le", "unicode"],
  "utf-16be": ["utf-16be"],
};
// What windows-1252 has where latin1 has control characters.
const HIGH = "\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178";

export class TextDecoder {
  #encoding;
  #fatal;
  #ignoreBOM;
  #rest = new Uint8Array(0);
  #started = false;

  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    const name = `${label}`.trim().toLowerCase();
    this.#encoding = Object.keys(labels).find((encoding) => labels[encoding].includes(name));
    if (!this.#encoding) throw new RangeError(`The "${label}" encoding is not supported (available: utf-8, utf-16le, utf-16be, latin1)`);
    this.#fatal = fatal;
    this.#ignoreBOM = ignoreBOM;
  }
  get encoding() {
    return this.#encoding;
  }
  get fatal() {
    return this.#fatal;
  }
  get ignoreBOM() {
    return this.#ignoreBOM;
  }

  decode(input, { stream = false } = {}) {
    let bytes = bytesOf(input);
    if (this.#rest.length > 0) {
      const joined = new Uint8Array(this.#rest.length + bytes.length);
      joined.set(this.#rest);
      joined.set(bytes, this.#rest.length);
      bytes = joined;
    }
    this.#rest = new Uint8Array(0);
    if (stream) {
      const whole = completeLength(bytes, this.#encoding);
      this.#rest = bytes.slice(whole);
      bytes = bytes.subarray(0, whole);
    }
    let text = this.#decodeAll(bytes);
    if (!this.#started && !this.#ignoreBOM && text.charCodeAt(0) === 0xfeff && this.#encoding !== "windows-1252") text = text.slice(1);
    this.#started = stream;
    return text;
  }

  #decodeAll(bytes) {
    switch (this.#encoding) {
      case "utf-8": {
        const text = native.utf8Decode(bytes, this.#fatal);
        if (text === undefined) throw Object.assign(new TypeError("The encoded data was not valid for encoding utf-8"), { code: "ERR_ENCODING_INVALID_ENCODED_DATA" });
        return text;
      }
      case "windows-1252":
        return native.latin1Decode(bytes).replace(/[\x80-\x9f]/g, (character) => HIGH[character.charCodeAt(0) - 0x80]);
      default: {
        const big = this.#encoding === "utf-16be" ? 1 : 0;
        let text = "";
        for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode(bytes[at + 1 - big] | (bytes[at + big] << 8));
        return (bytes.length % 2 ? `${text}\ufffd` : text).toWellFormed();
      }
    }
  }
}

// How much of a stream's chunk ends at a character's end.
function completeLength(bytes, encoding) {
  if (encoding === "windows-1252") return bytes.length;
  if (encoding !== "utf-8") return bytes.length & ~1;
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
