// `crypto`: randomness, UUIDs and digests. Keys, ciphers and signatures are not here: a program in the sandbox holds no secrets.

import { native } from "guest:native";
import { Buffer, encodeText } from "./buffer.js";
import { bytesOf } from "./encoding.js";

const QUOTA = 65536;

function fill(array) {
  const bytes = bytesOf(array);
  native.random(bytes);
  return array;
}

function getRandomValues(array) {
  if (!ArrayBuffer.isView(array) || array instanceof Float32Array || array instanceof Float64Array) throw new DOMException("The data argument must be an integer-type TypedArray", "TypeMismatchError");
  if (array.byteLength > QUOTA) throw new DOMException(`The requested length exceeds ${QUOTA} bytes`, "QuotaExceededError");
  return fill(array);
}

function randomUUID() {
  const bytes = fill(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toHex();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const absent = (name) => () => {
  throw Object.assign(new Error(`crypto.${name} is not available in the sandbox; there are createHash, createHmac, randomUUID, randomBytes, randomInt, getRandomValues and subtle.digest`), { code: "ERR_NOT_AVAILABLE" });
};

const subtle = new Proxy(
  {
    async digest(algorithm, data) {
      const label = `${algorithm?.name ?? algorithm}`.toLowerCase().replace("-", "");
      const bytes = label === "md5" ? undefined : native.digest(label, bytesOf(data));
      if (!bytes) throw new DOMException(`Unrecognized algorithm name: ${algorithm?.name ?? algorithm} (there are SHA-1, SHA-256, SHA-384, SHA-512)`, "NotSupportedError");
      return bytes.buffer;
    },
  },
  { get: (target, key) => target[key] ?? (typeof key === "symbol" || key === "then" || key === "toJSON" ? undefined : absent(`subtle.${key}`)) },
);

const join = (parts) => Buffer.concat(parts);
const blockSize = (algorithm) => (algorithm === "sha384" || algorithm === "sha512" ? 128 : 64);

class Hash {
  #algorithm;
  #parts = [];
  #key;
  constructor(algorithm, key) {
    this.#algorithm = `${algorithm}`.toLowerCase().replace("-", "");
    if (!native.digest(this.#algorithm, new Uint8Array(0))) throw new Error(`Digest method not supported: ${algorithm} (there are md5, sha1, sha256, sha384, sha512)`);
    if (key === undefined) return;
    const block = blockSize(this.#algorithm);
    let bytes = typeof key === "string" ? encodeText(key) : bytesOf(key);
    if (bytes.length > block) bytes = native.digest(this.#algorithm, bytes);
    this.#key = Buffer.concat([bytes, new Uint8Array(block - bytes.length)]);
    this.#parts.push(this.#key.map((byte) => byte ^ 0x36));
  }
  update(data, encoding) {
    // Copied: the caller may change its bytes before `digest`.
    this.#parts.push(typeof data === "string" ? encodeText(data, encoding) : Uint8Array.from(bytesOf(data)));
    return this;
  }
  digest(encoding) {
    let bytes = native.digest(this.#algorithm, new Uint8Array(join(this.#parts)));
    if (this.#key) bytes = native.digest(this.#algorithm, new Uint8Array(join([this.#key.map((byte) => byte ^ 0x5c), bytes])));
    const buffer = Buffer.from(bytes);
    return encoding ? buffer.toString(encoding) : buffer;
  }
}

function randomInt(low, high, done) {
  if (high === undefined || typeof high === "function") [low, high, done] = [0, low, high];
  const range = high - low;
  if (!(range > 0 && range <= 2 ** 48)) throw new RangeError(`The value of "max" is out of range. It must be greater than the value of "min" (${low}). Received ${high}`);
  const limit = 2 ** 48 - (2 ** 48 % range);
  let value;
  do {
    const bytes = fill(new Uint8Array(6));
    value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  } while (value >= limit);
  value = low + (value % range);
  if (!done) return value;
  queueMicrotask(() => done(null, value));
}

/** The web's `crypto`. */
export const crypto = { getRandomValues, randomUUID, subtle };
Object.defineProperty(crypto, Symbol.toStringTag, { value: "Crypto", configurable: true });

/** Node's module. */
export const cryptoModule = {
  createHash: (algorithm) => new Hash(algorithm),
  createHmac: (algorithm, key) => new Hash(algorithm, key),
  getHashes: () => ["md5", "sha1", "sha256", "sha384", "sha512"],
  getRandomValues,
  hash: (algorithm, data, encoding = "hex") => new Hash(algorithm).update(data).digest(encoding),
  randomBytes(size, done) {
    const bytes = fill(Buffer.alloc(size));
    if (!done) return bytes;
    queueMicrotask(() => done(null, bytes));
  },
  randomFillSync: fill,
  randomInt,
  randomUUID,
  subtle,
  timingSafeEqual: (one, other) => Buffer.compare(bytesOf(one), bytesOf(other)) === 0,
  webcrypto: crypto,
};
for (const name of ["createCipheriv", "createDecipheriv", "createSign", "createVerify", "generateKeyPair", "generateKeyPairSync", "pbkdf2", "pbkdf2Sync", "scrypt", "scryptSync", "publicEncrypt", "privateDecrypt"]) {
  cryptoModule[name] = absent(name);
}
