// `fetch` with Headers, Request and Response. The host sends the request: it decides by the operator's rules, follows redirects, and a refusal is a
// rejection whose cause is the ToolError.

import { Buffer } from "./buffer.js";
import { abandon, submitFetch } from "./calls.js";
import { bytesOf, decodeUtf8, encodeUtf8 } from "./encoding.js";

export class Headers {
  #map = new Map();
  constructor(init) {
    if (init === undefined || init === null) return;
    const pairs = typeof init[Symbol.iterator] === "function" ? init : Object.entries(init);
    for (const [name, value] of pairs) this.append(name, value);
  }
  append(name, value) {
    const lower = checkName(name);
    const before = this.#map.get(lower);
    this.#map.set(lower, before === undefined ? `${value}`.trim() : `${before}, ${`${value}`.trim()}`);
  }
  set(name, value) {
    this.#map.set(checkName(name), `${value}`.trim());
  }
  get(name) {
    return this.#map.get(checkName(name)) ?? null;
  }
  has(name) {
    return this.#map.has(checkName(name));
  }
  delete(name) {
    this.#map.delete(checkName(name));
  }
  getSetCookie() {
    return this.has("set-cookie") ? this.get("set-cookie").split(/, (?=[^;]+=)/) : [];
  }
  forEach(callback, self) {
    for (const [name, value] of this) callback.call(self, value, name, this);
  }
  *entries() {
    for (const name of [...this.#map.keys()].sort()) yield [name, this.#map.get(name)];
  }
  *keys() {
    for (const [name] of this) yield name;
  }
  *values() {
    for (const [, value] of this) yield value;
  }
  [Symbol.iterator]() {
    return this.entries();
  }
  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    return `Headers ${inspect(Object.fromEntries(this), options)}`;
  }
}

function checkName(name) {
  const lower = `${name}`.toLowerCase();
  if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(lower)) throw new TypeError(`Headers: "${name}" is an invalid header name.`);
  return lower;
}

// What a body is made of: its bytes and the type that goes with it.
function bodyOf(body) {
  if (body === undefined || body === null) return { bytes: null };
  if (typeof body === "string") return { bytes: encodeUtf8(body), type: "text/plain;charset=UTF-8" };
  if (body instanceof URLSearchParams) return { bytes: encodeUtf8(`${body}`), type: "application/x-www-form-urlencoded;charset=UTF-8" };
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return { bytes: bytesOf(body) };
  return { bytes: encodeUtf8(`${body}`), type: "text/plain;charset=UTF-8" };
}

class Body {
  #bytes;
  #used = false;
  constructor(bytes) {
    this.#bytes = bytes;
  }
  get bodyUsed() {
    return this.#used;
  }
  get body() {
    return null;
  }
  async bytes() {
    if (this.#used) throw new TypeError("Body is unusable: Body has already been read");
    this.#used = true;
    return this.#bytes ?? new Uint8Array(0);
  }
  async text() {
    return decodeUtf8(await this.bytes()).replace(/^\ufeff/, "");
  }
  async json() {
    return JSON.parse(await this.text());
  }
  async arrayBuffer() {
    const bytes = await this.bytes();
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  }
  static copy(body) {
    return body.#bytes;
  }
}
const bytesIn = Body.copy;
delete Body.copy;

export class Request extends Body {
  constructor(input, init = {}) {
    const before = input instanceof Request ? input : undefined;
    const { bytes, type } = init.body === undefined && before ? { bytes: bytesIn(before) } : bodyOf(init.body);
    super(bytes);
    this.method = (init.method ?? before?.method ?? "GET").toUpperCase();
    this.url = before ? before.url : new URL(`${input}`).href;
    this.headers = new Headers(init.headers ?? before?.headers);
    this.signal = init.signal ?? before?.signal ?? null;
    if (type && !this.headers.has("content-type")) this.headers.set("content-type", type);
    if (bytes && (this.method === "GET" || this.method === "HEAD")) throw new TypeError("Request with GET/HEAD method cannot have body.");
  }
  clone() {
    return new Request(this);
  }
}

export class Response extends Body {
  #status;
  #statusText;
  #url = "";
  #redirected = false;
  constructor(body, { status = 200, statusText = "", headers } = {}) {
    const { bytes, type } = bodyOf(body);
    super(bytes);
    this.#status = status;
    this.#statusText = statusText;
    this.headers = new Headers(headers);
    if (type && !this.headers.has("content-type")) this.headers.set("content-type", type);
  }
  get status() {
    return this.#status;
  }
  get ok() {
    return this.#status >= 200 && this.#status < 300;
  }
  get statusText() {
    return this.#statusText;
  }
  get url() {
    return this.#url;
  }
  get redirected() {
    return this.#redirected;
  }
  get type() {
    return "basic";
  }
  clone() {
    return Response._made(new Response(bytesIn(this), { status: this.#status, statusText: this.#statusText, headers: this.headers }), this.#url, this.#redirected);
  }
  static json(value, init = {}) {
    const headers = new Headers(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return new Response(JSON.stringify(value), { ...init, headers });
  }
  static error() {
    return new Response(null, { status: 0 });
  }
  static _made(response, url, redirected) {
    response.#url = url;
    response.#redirected = redirected;
    return response;
  }
}

/** Sends a request through the host, beside the calls of tools. Its reply: {status, statusText, headers, url, redirected, body (text) or body_base64}. */
export function fetch(input, init = {}) {
  let asked;
  try {
    asked = new Request(input, init);
    asked.signal?.throwIfAborted();
  } catch (error) {
    return Promise.reject(error);
  }
  const bytes = bytesIn(asked);
  const text = bytes === null ? undefined : Buffer.from(bytes).toString();
  const isText = bytes === null || Buffer.from(text).equals(bytes);
  const request = {
    method: asked.method,
    url: asked.url,
    headers: Object.fromEntries(asked.headers),
    body: isText ? text : undefined,
    body_base64: isText ? undefined : bytes.toBase64(),
  };
  const call = submitFetch(request, { value: responseOf, error: (cause) => new TypeError(`fetch failed: ${cause.message}`, { cause }) });
  return asked.signal ? abortable(call, asked.signal) : call;
}

function responseOf(reply) {
  const body = reply.body_base64 === undefined ? reply.body : Uint8Array.fromBase64(reply.body_base64);
  const response = new Response(body, { status: reply.status, statusText: reply.statusText, headers: reply.headers });
  if (!reply.headers["content-type"]) response.headers.delete("content-type");
  return Response._made(response, reply.url, reply.redirected);
}

// An abort ends the waiting; what was sent stays sent.
function abortable(call, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => {
      abandon(call);
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    call.then(resolve, reject);
  });
}
