// `require` and `import()`: the modules of Node that exist here, and a clear answer for everything else. A file of the workspace can be
// required if it is JSON; code is only ever the program itself.

import { Buffer } from "./buffer.js";
import { console } from "./console.js";
import { cryptoModule } from "./crypto.js";
import { TextDecoder, TextEncoder } from "./encoding.js";
import { EventEmitter } from "./events.js";
import { fs, fsPromises } from "./fs.js";
import { path } from "./path.js";
import { performance } from "./performance.js";
import { process, workingDirectory } from "./process.js";
import * as timers from "./timers.js";
import { URL, URLSearchParams } from "./url.js";
import { assert, util } from "./util.js";

const os = {
  EOL: "\n",
  arch: () => "wasm32",
  availableParallelism: () => 1,
  cpus: () => [{ model: "wasm", speed: 0, times: {} }],
  endianness: () => "LE",
  freemem: () => 0,
  homedir: () => process.env.HOME ?? "/",
  hostname: () => "sandbox",
  loadavg: () => [0, 0, 0],
  networkInterfaces: () => ({}),
  platform: () => "wasi",
  release: () => "0",
  tmpdir: () => process.env.TMPDIR ?? workingDirectory(),
  totalmem: () => 0,
  type: () => "WASI",
  uptime: () => 0,
  userInfo: () => ({ username: "sandbox", uid: 0, gid: 0, shell: null, homedir: process.env.HOME ?? "/" }),
  version: () => "",
};

const querystring = {
  parse: (text) => {
    const out = Object.create(null);
    for (const [name, value] of new URLSearchParams(text)) out[name] = name in out ? [].concat(out[name], value) : value;
    return out;
  },
  stringify: (object) => new URLSearchParams(Object.entries(object).flatMap(([name, value]) => (Array.isArray(value) ? value.map((item) => [name, item]) : [[name, value]]))).toString(),
  escape: encodeURIComponent,
  unescape: decodeURIComponent,
};

const url = {
  URL,
  URLSearchParams,
  parse: (text) => {
    const parsed = new URL(text);
    return { href: parsed.href, protocol: parsed.protocol, host: parsed.host, hostname: parsed.hostname, port: parsed.port || null, pathname: parsed.pathname, search: parsed.search, query: parsed.search.slice(1), hash: parsed.hash };
  },
  format: (value) => (value instanceof URL ? value.href : `${value.protocol ?? ""}//${value.host ?? value.hostname ?? ""}${value.pathname ?? ""}${value.search ?? ""}${value.hash ?? ""}`),
  resolve: (from, to) => new URL(to, from).href,
  fileURLToPath: (value) => decodeURIComponent(new URL(value).pathname),
  pathToFileURL: (value) => new URL(`file://${path.resolve(value).split("/").map(encodeURIComponent).join("/")}`),
};

const { setTimeout, setInterval, setImmediate, clearTimeout, clearImmediate, timersPromises } = timers;

const modules = {
  assert,
  "assert/strict": assert,
  buffer: { Buffer, atob: globalThis.atob, btoa: globalThis.btoa },
  console,
  crypto: cryptoModule,
  events: EventEmitter,
  fs,
  "fs/promises": fsPromises,
  os,
  path,
  "path/posix": path,
  perf_hooks: { performance },
  process,
  querystring,
  string_decoder: {
    StringDecoder: class StringDecoder {
      #decoder;
      constructor(encoding = "utf8") {
        this.#decoder = new TextDecoder(encoding);
      }
      write = (bytes) => this.#decoder.decode(bytes, { stream: true });
      end = (bytes) => this.#decoder.decode(bytes);
    },
  },
  timers: { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval: clearTimeout, clearImmediate, promises: timersPromises },
  "timers/promises": timersPromises,
  url,
  util: { ...util, TextDecoder, TextEncoder },
};

const elsewhere = {
  http: "use fetch()",
  https: "use fetch()",
  http2: "use fetch()",
  net: "there are no sockets",
  tls: "there are no sockets",
  dgram: "there are no sockets",
  dns: "there are no sockets",
  child_process: "there are no processes",
  cluster: "there are no processes",
  worker_threads: "there are no threads; Promise.all runs tool calls side by side",
  vm: "code is only the program itself",
  axios: "use fetch()",
  "node-fetch": "fetch is a global",
  zlib: "compression is not available",
  stream: "files are read and written whole",
  readline: "there is no standard input",
};

/** What `require` and `import()` answer with. */
export function require(specifier) {
  const name = `${specifier}`.replace(/^node:/, "");
  if (Object.hasOwn(modules, name)) return modules[name];
  if (/^(?:\.{0,2}\/|file:).*\.json$/.test(name)) return JSON.parse(fs.readFileSync(name.startsWith("file:") ? new URL(name) : name, "utf8"));
  const why = Object.hasOwn(elsewhere, name) ? elsewhere[name] : /^(?:\.{0,2}\/|file:)/.test(name) ? "a program is one file; of the workspace only .json can be required" : "packages cannot be installed at run time";
  throw Object.assign(new Error(`Cannot find module '${specifier}': ${why}; available: ${Object.keys(modules).join(", ")}`), { code: "MODULE_NOT_FOUND" });
}
require.resolve = (specifier) => (require(specifier), specifier);
require.cache = {};
