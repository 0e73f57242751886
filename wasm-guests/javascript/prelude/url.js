// URL and URLSearchParams by the WHATWG's parser. Host names that are not ASCII are lower-cased, normalised and written in Punycode;
// the mapping tables of IDNA are not here.

import { decodeUtf8, encodeUtf8 } from "./encoding.js";

const PORTS = { "ftp:": "21", "http:": "80", "https:": "443", "ws:": "80", "wss:": "443", "file:": "" };
const isSpecial = (url) => Object.hasOwn(PORTS, url.scheme);

const C0 = /[^\x20-\x7e]/;
const FRAGMENT = /[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7e]/;
const QUERY = /[^\x21\x24-\x3b\x3d\x3f-\x7e]/;
const SPECIAL_QUERY = /[^\x21\x24-\x26\x28-\x3b\x3d\x3f-\x7e]/;
const PATH = /[^\x21\x24-\x3b\x3d\x40-\x5d\x5f\x61-\x7a\x7c\x7e]/;
const USERINFO = /[^\x21\x24-\x2e\x30-\x39\x41-\x5a\x5f\x61-\x7a\x7e]/;
const FORM = /[^*\-.0-9A-Z_a-z ]/;

function percentEncode(text, reserved) {
  let out = "";
  for (const character of text) {
    if (!reserved.test(character)) out += character;
    else for (const byte of encodeUtf8(character)) out += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

function percentDecodeBytes(text) {
  const bytes = encodeUtf8(text);
  if (!text.includes("%")) return bytes;
  const out = [];
  for (let at = 0; at < bytes.length; at++) {
    const value = bytes[at] === 0x25 ? hexPair(bytes[at + 1], bytes[at + 2]) : -1;
    if (value < 0) out.push(bytes[at]);
    else out.push(value), (at += 2);
  }
  return Uint8Array.from(out);
}

function hexPair(high, low) {
  const digit = (code) => (code >= 48 && code <= 57 ? code - 48 : (code | 32) >= 97 && (code | 32) <= 102 ? (code | 32) - 87 : -1);
  return digit(high) < 0 || digit(low) < 0 ? -1 : digit(high) * 16 + digit(low);
}

const FAILED = Symbol("failed");

function parseHost(input, special) {
  if (input.startsWith("[")) return input.endsWith("]") ? parseIPv6(input.slice(1, -1)) : FAILED;
  if (!special) return /[\x00\t\n\r #/:<>?@[\\\]^|]/.test(input) ? FAILED : percentEncode(input, C0);
  const domain = toAscii(decodeUtf8(percentDecodeBytes(input)));
  if (domain === FAILED || domain === "" || /[\x00-\x20"#%/:<>?@[\\\]^`{|}\x7f]/.test(domain)) return FAILED;
  return endsInNumber(domain) ? parseIPv4(domain) : domain;
}

function toAscii(domain) {
  if (!/[^\x00-\x7f]/.test(domain)) return domain.toLowerCase();
  const labels = domain.normalize("NFKC").toLowerCase().replace(/[\u3002\uff0e\uff61]/g, ".").replace(/\u00ad/g, "").split(".");
  return labels.map((label) => (/[^\x00-\x7f]/.test(label) ? `xn--${punycode(label)}` : label)).join(".");
}

function punycode(label) {
  const points = [...label].map((character) => character.codePointAt(0));
  const basic = points.filter((point) => point < 0x80);
  let out = String.fromCodePoint(...basic) + (basic.length > 0 ? "-" : "");
  let n = 128, delta = 0, bias = 72, handled = basic.length;
  while (handled < points.length) {
    const next = Math.min(...points.filter((point) => point >= n));
    delta += (next - n) * (handled + 1);
    n = next;
    for (const point of points) {
      if (point < n) delta++;
      if (point !== n) continue;
      let q = delta;
      for (let k = 36; ; k += 36) {
        const t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        if (q < t) break;
        out += digitOf(t + ((q - t) % (36 - t)));
        q = Math.floor((q - t) / (36 - t));
      }
      out += digitOf(q);
      bias = adapt(delta, handled + 1, handled === basic.length);
      delta = 0;
      handled++;
    }
    delta++;
    n++;
  }
  return out;
}
const digitOf = (value) => String.fromCharCode(value < 26 ? 97 + value : 22 + value);
function adapt(delta, count, first) {
  delta = first ? Math.floor(delta / 700) : delta >> 1;
  delta += Math.floor(delta / count);
  let k = 0;
  for (; delta > 455; k += 36) delta = Math.floor(delta / 35);
  return k + Math.floor((36 * delta) / (delta + 38));
}

function endsInNumber(domain) {
  const parts = domain.split(".");
  if (parts.at(-1) === "" && parts.length > 1) parts.pop();
  return /^(?:[0-9]+|0[xX][0-9a-fA-F]*)$/.test(parts.at(-1));
}

function parseIPv4(domain) {
  const parts = domain.split(".");
  if (parts.at(-1) === "" && parts.length > 1) parts.pop();
  if (parts.length > 4) return FAILED;
  const numbers = parts.map((part) => {
    if (/^0[xX][0-9a-fA-F]*$/.test(part)) return part.length === 2 ? 0 : parseInt(part.slice(2), 16);
    if (/^0[0-7]+$/.test(part)) return parseInt(part, 8);
    return /^[0-9]+$/.test(part) && !/^0[89]/.test(part) ? parseInt(part, 10) : NaN;
  });
  const last = numbers.pop();
  if (numbers.some((number) => !(number <= 255)) || !(last < 256 ** (4 - numbers.length))) return FAILED;
  let address = last;
  numbers.forEach((number, at) => (address += number * 256 ** (3 - at)));
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

function parseIPv6(text) {
  const halves = text.split("::");
  if (halves.length > 2) return FAILED;
  const pieces = (half, last) => {
    if (half === "") return [];
    const out = [];
    const parts = half.split(":");
    for (const [at, part] of parts.entries()) {
      if (part.includes(".")) {
        if (!last || at !== parts.length - 1 || !/^\d{1,3}(?:\.\d{1,3}){3}$/.test(part)) return FAILED;
        const bytes = part.split(".").map(Number);
        if (bytes.some((byte, i) => byte > 255 || (part.split(".")[i].length > 1 && part.split(".")[i][0] === "0"))) return FAILED;
        out.push(bytes[0] * 256 + bytes[1], bytes[2] * 256 + bytes[3]);
      } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) out.push(parseInt(part, 16));
      else return FAILED;
    }
    return out;
  };
  const head = pieces(halves[0], halves.length === 1), tail = halves.length === 2 ? pieces(halves[1], true) : [];
  if (head === FAILED || tail === FAILED) return FAILED;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return FAILED;
  const all = [...head, ...Array(missing).fill(0), ...tail];
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (at + length < 8 && all[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
    at += length;
  }
  let out = "";
  for (let at = 0; at < 8; at++) {
    if (at === best.at) {
      out += at === 0 ? "::" : ":";
      at += best.length - 1;
    } else out += all[at].toString(16) + (at < 7 ? ":" : "");
  }
  return `[${out}]`;
}

const isSingleDot = (segment) => /^(?:\.|%2e)$/i.test(segment);
const isDoubleDot = (segment) => /^(?:\.|%2e){2}$/i.test(segment);
const isDrive = (segment) => /^[a-zA-Z][:|]$/.test(segment);

/** The record of a URL, or FAILED. */
function parse(input, base) {
  input = input.replace(/^[\x00-\x20]+|[\x00-\x20]+$/g, "").replace(/[\t\n\r]/g, "");
  const url = { scheme: "", username: "", password: "", host: null, port: "", path: [], query: null, fragment: null, opaque: false };
  const hash = input.indexOf("#");
  if (hash >= 0) {
    url.fragment = percentEncode(input.slice(hash + 1), FRAGMENT);
    input = input.slice(0, hash);
  }
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(input);
  let rest = input;
  if (scheme) {
    url.scheme = `${scheme[1].toLowerCase()}:`;
    rest = input.slice(scheme[0].length);
    if (isSpecial(url) && url.scheme !== "file:" && base && base.scheme === url.scheme && !/^[/\\]{2}/.test(rest)) return relative(url, rest, base);
    if (url.scheme === "file:") return parseFile(url, rest, base?.scheme === "file:" ? base : undefined);
    if (isSpecial(url)) return parseAuthority(url, rest.replace(/^[/\\]*/, ""));
    if (rest.startsWith("//")) return parseAuthority(url, rest.slice(2));
    if (rest.startsWith("/")) return parsePath(url, rest);
    url.opaque = true;
    const [path, query] = cut(rest);
    url.path = percentEncode(path, C0);
    if (query !== null) url.query = percentEncode(query, QUERY);
    return url;
  }
  if (!base) return FAILED;
  url.scheme = base.scheme;
  if (base.opaque) {
    if (input !== "" || hash < 0) return FAILED;
    return { ...base, fragment: url.fragment };
  }
  return base.scheme === "file:" ? parseFile(url, input, base) : relative(url, input, base);
}

const cut = (text) => {
  const at = text.indexOf("?");
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
};

function relative(url, rest, base) {
  const slash = isSpecial(url) ? /^[/\\]/ : /^\//;
  if (slash.test(rest) && slash.test(rest.slice(1))) return parseAuthority(url, isSpecial(url) ? rest.replace(/^[/\\]+/, "") : rest.slice(2));
  Object.assign(url, { username: base.username, password: base.password, host: base.host, port: base.port });
  if (slash.test(rest)) return parsePath(url, rest);
  url.path = [...base.path];
  if (rest === "") {
    url.query = base.query;
    return url;
  }
  if (!rest.startsWith("?")) url.path.pop();
  return parsePath(url, rest, true);
}

function parseFile(url, rest, base) {
  url.host = "";
  if (/^[/\\]{2}/.test(rest)) {
    const end = rest.slice(2).search(/[/\\?]/);
    const host = end < 0 ? rest.slice(2) : rest.slice(2, 2 + end);
    if (isDrive(host)) return parsePath(url, `/${rest.slice(2)}`);
    if (host !== "") {
      const parsed = parseHost(host, true);
      if (parsed === FAILED) return FAILED;
      url.host = parsed === "localhost" ? "" : parsed;
    }
    return parsePath(url, end < 0 ? "" : rest.slice(2 + end));
  }
  if (/^[/\\]/.test(rest) || !base) return parsePath(url, rest);
  url.host = base.host;
  url.path = [...base.path];
  if (rest === "") url.query = base.query;
  else if (!rest.startsWith("?")) url.path.pop();
  return rest === "" ? url : parsePath(url, rest, true);
}

function parseAuthority(url, rest) {
  const special = isSpecial(url);
  const end = rest.search(special ? /[/\\?]/ : /[/?]/);
  let authority = end < 0 ? rest : rest.slice(0, end);
  const at = authority.lastIndexOf("@");
  if (at >= 0) {
    const colon = authority.slice(0, at).indexOf(":");
    url.username = percentEncode(authority.slice(0, colon < 0 ? at : colon), USERINFO);
    url.password = colon < 0 ? "" : percentEncode(authority.slice(colon + 1, at), USERINFO);
    authority = authority.slice(at + 1);
    if (authority === "") return FAILED;
  }
  const port = /:([^:\]]*)$/.exec(authority);
  const host = port ? authority.slice(0, port.index) : authority;
  if (port && !setPort(url, port[1])) return FAILED;
  if (host === "" && (special || port)) return FAILED;
  const parsed = host === "" ? "" : parseHost(host, special);
  if (parsed === FAILED) return FAILED;
  url.host = parsed;
  return parsePath(url, end < 0 ? "" : rest.slice(end));
}

function setPort(url, text) {
  if (!/^[0-9]*$/.test(text) || Number(text) > 65535) return false;
  const port = text === "" ? "" : `${Number(text)}`;
  url.port = port === PORTS[url.scheme] ? "" : port;
  return true;
}

function parsePath(url, rest, continued = false) {
  const special = isSpecial(url);
  const [path, query] = cut(rest);
  if (query !== null) url.query = percentEncode(query, special ? SPECIAL_QUERY : QUERY);
  if (path === "" && !special) return url;
  if (path === "" && continued) return url;
  const segments = (special ? path.replaceAll("\\", "/") : path).split("/");
  if (segments[0] === "" && (!continued || segments.length > 1) && segments.length > 1) segments.shift();
  segments.forEach((segment, at) => {
    const last = at === segments.length - 1;
    if (isDoubleDot(segment)) {
      if (!(url.scheme === "file:" && url.path.length === 1 && isDrive(url.path[0]))) url.path.pop();
      if (last) url.path.push("");
    } else if (isSingleDot(segment)) {
      if (last) url.path.push("");
    } else {
      if (url.scheme === "file:" && url.path.length === 0 && isDrive(segment)) segment = `${segment[0]}:`;
      url.path.push(percentEncode(segment, PATH));
    }
  });
  return url;
}

const pathOf = (url) => (url.opaque ? url.path : url.path.length === 0 ? "" : `/${url.path.join("/")}`);

function serialise(url, withoutFragment = false) {
  let out = url.scheme;
  if (url.host !== null) {
    out += "//";
    if (url.username !== "" || url.password !== "") out += `${url.username}${url.password && `:${url.password}`}@`;
    out += url.host + (url.port && `:${url.port}`);
  } else if (!url.opaque && url.path.length > 1 && url.path[0] === "") out += "/.";
  out += pathOf(url);
  if (url.query !== null) out += `?${url.query}`;
  if (url.fragment !== null && !withoutFragment) out += `#${url.fragment}`;
  return out;
}

function invalid(input, base) {
  const error = new TypeError("Invalid URL");
  Object.assign(error, { code: "ERR_INVALID_URL", input });
  if (base !== undefined) error.base = `${base}`;
  return error;
}

export class URL {
  #url;
  #params;

  constructor(input, base) {
    let parsedBase;
    if (base !== undefined) {
      parsedBase = parse(`${base}`);
      if (parsedBase === FAILED) throw invalid(`${input}`, base);
    }
    const url = parse(`${input}`.toWellFormed(), parsedBase);
    if (url === FAILED) throw invalid(`${input}`, base);
    this.#url = url;
    this.#params = new URLSearchParams(url.query ?? "");
    bindParams(this.#params, (query) => (url.query = query === "" ? null : query));
  }

  static canParse(input, base) {
    return URL.parse(input, base) !== null;
  }
  static parse(input, base) {
    try {
      return new URL(input, base);
    } catch {
      return null;
    }
  }

  get href() {
    return serialise(this.#url);
  }
  set href(value) {
    const url = parse(`${value}`);
    if (url === FAILED) throw invalid(`${value}`);
    Object.assign(this.#url, url);
    resetParams(this.#params, url.query ?? "");
  }
  get origin() {
    const { scheme, host, port } = this.#url;
    if (scheme === "blob:") return URL.parse(pathOf(this.#url))?.origin ?? "null";
    return isSpecial(this.#url) && scheme !== "file:" ? `${scheme}//${host}${port && `:${port}`}` : "null";
  }
  get protocol() {
    return this.#url.scheme;
  }
  set protocol(value) {
    const found = /^([a-zA-Z][a-zA-Z0-9+.-]*):?/.exec(`${value}`);
    if (!found) return;
    const scheme = `${found[1].toLowerCase()}:`;
    if (Object.hasOwn(PORTS, scheme) !== isSpecial(this.#url)) return;
    this.#url.scheme = scheme;
    setPort(this.#url, this.#url.port);
  }
  get username() {
    return this.#url.username;
  }
  set username(value) {
    if (this.#url.host) this.#url.username = percentEncode(`${value}`, USERINFO);
  }
  get password() {
    return this.#url.password;
  }
  set password(value) {
    if (this.#url.host) this.#url.password = percentEncode(`${value}`, USERINFO);
  }
  get host() {
    return this.#url.host === null ? "" : this.#url.host + (this.#url.port && `:${this.#url.port}`);
  }
  set host(value) {
    const found = /^(\[[^\]]*\]|[^:/?#\\]*)(?::([0-9]*))?/.exec(`${value}`);
    if (this.#url.opaque || !found || found[1] === "") return;
    const host = parseHost(found[1], isSpecial(this.#url));
    if (host === FAILED) return;
    this.#url.host = host;
    if (found[2]) setPort(this.#url, found[2]);
  }
  get hostname() {
    return this.#url.host ?? "";
  }
  set hostname(value) {
    const host = parseHost(`${value}`.replace(/[/?#\\].*$/s, ""), isSpecial(this.#url));
    if (!this.#url.opaque && host !== FAILED && !`${value}`.includes(":")) this.#url.host = host;
  }
  get port() {
    return this.#url.port;
  }
  set port(value) {
    const digits = /^[0-9]*/.exec(`${value}`)[0];
    if (this.#url.host && this.#url.scheme !== "file:" && (digits !== "" || `${value}` === "")) setPort(this.#url, digits);
  }
  get pathname() {
    return pathOf(this.#url);
  }
  set pathname(value) {
    if (this.#url.opaque) return;
    this.#url.path = [];
    const { query } = this.#url;
    parsePath(this.#url, `${value}`.replaceAll("?", "%3F").replaceAll("#", "%23"));
    this.#url.query = query;
  }
  get search() {
    return this.#url.query ? `?${this.#url.query}` : "";
  }
  set search(value) {
    const text = `${value}`.replace(/^\?/, "");
    this.#url.query = text === "" ? null : percentEncode(text, isSpecial(this.#url) ? SPECIAL_QUERY : QUERY);
    resetParams(this.#params, text);
  }
  get searchParams() {
    return this.#params;
  }
  get hash() {
    return this.#url.fragment ? `#${this.#url.fragment}` : "";
  }
  set hash(value) {
    const text = `${value}`.replace(/^#/, "");
    this.#url.fragment = text === "" ? null : percentEncode(text, FRAGMENT);
  }
  toString() {
    return this.href;
  }
  toJSON() {
    return this.href;
  }
  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    if (depth < 0) return "[URL]";
    const { href, origin, protocol, username, password, host, hostname, port, pathname, search, searchParams, hash } = this;
    return `URL ${inspect({ href, origin, protocol, username, password, host, hostname, port, pathname, search, searchParams, hash }, options)}`;
  }
}

export class URLSearchParams {
  #list = [];
  #changed = () => undefined;

  constructor(init = "") {
    if (typeof init === "object" && init !== null) {
      if (typeof init[Symbol.iterator] === "function") {
        for (const pair of init) {
          const [name, value, ...more] = [...pair];
          if (value === undefined || more.length > 0) throw new TypeError("Each query pair must be an iterable [name, value] tuple");
          this.#list.push([`${name}`, `${value}`]);
        }
      } else for (const name of Object.keys(init)) this.#list.push([name, `${init[name]}`]);
    } else this.#list = parseForm(`${init}`.replace(/^\?/, ""));
  }

  static _bind(params, changed) {
    params.#changed = () => changed(params.toString());
  }
  static _reset(params, query) {
    params.#list = parseForm(query);
  }

  get size() {
    return this.#list.length;
  }
  append(name, value) {
    this.#list.push([`${name}`, `${value}`]);
    this.#changed();
  }
  delete(name, value) {
    this.#list = this.#list.filter((pair) => pair[0] !== `${name}` || (value !== undefined && pair[1] !== `${value}`));
    this.#changed();
  }
  get(name) {
    return this.#list.find((pair) => pair[0] === `${name}`)?.[1] ?? null;
  }
  getAll(name) {
    return this.#list.filter((pair) => pair[0] === `${name}`).map((pair) => pair[1]);
  }
  has(name, value) {
    return this.#list.some((pair) => pair[0] === `${name}` && (value === undefined || pair[1] === `${value}`));
  }
  set(name, value) {
    const first = this.#list.find((pair) => pair[0] === `${name}`);
    if (first) {
      first[1] = `${value}`;
      this.#list = this.#list.filter((pair) => pair === first || pair[0] !== `${name}`);
    } else this.#list.push([`${name}`, `${value}`]);
    this.#changed();
  }
  sort() {
    this.#list.sort((one, other) => (one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0));
    this.#changed();
  }
  forEach(callback, self) {
    for (const [name, value] of this.#list) callback.call(self, value, name, this);
  }
  *entries() {
    for (const [name, value] of this.#list) yield [name, value];
  }
  *keys() {
    for (const [name] of this.#list) yield name;
  }
  *values() {
    for (const [, value] of this.#list) yield value;
  }
  [Symbol.iterator]() {
    return this.entries();
  }
  toString() {
    return this.#list.map((pair) => pair.map(encodeForm).join("=")).join("&");
  }
  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    if (this.#list.length === 0) return "URLSearchParams {}";
    return `URLSearchParams { ${this.#list.map(([name, value]) => `${inspect(name)} => ${inspect(value)}`).join(", ")} }`;
  }
}
const { _bind: bindParams, _reset: resetParams } = URLSearchParams;
delete URLSearchParams._bind;
delete URLSearchParams._reset;

const encodeForm = (text) => percentEncode(text.toWellFormed(), FORM).replaceAll(" ", "+");
const decodeForm = (text) => decodeUtf8(percentDecodeBytes(text.replaceAll("+", " ")));

function parseForm(query) {
  return query
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const at = part.indexOf("=");
      return at < 0 ? [decodeForm(part), ""] : [decodeForm(part.slice(0, at)), decodeForm(part.slice(at + 1))];
    });
}
