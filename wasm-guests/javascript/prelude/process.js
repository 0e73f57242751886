// `process`, as far as it means something in the sandbox: how to exit, what to print, what the environment says.

import { native } from "guest:native";
import { crash } from "./crash.js";

let environment;
let directory;
let exitCode;
let started = 0;

/** What the program left in `process.exitCode`. */
export const ExitCode = { get: () => Number(exitCode) | 0 };

export function refreshProcess(file) {
  environment = undefined;
  directory = undefined;
  exitCode = undefined;
  started = native.monotonic();
  process.argv = ["javascript", file];
}

function readEnvironment() {
  return Object.fromEntries(native.environ().map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]));
}

const environ = () => (environment ??= readEnvironment());

/** The working directory: paths are resolved here, the system below knows none. */
export const workingDirectory = () => (directory ??= environ().HOME || "/");

const stream = (fd) => ({
  fd,
  isTTY: false,
  columns: 80,
  writable: true,
  write(chunk, encoding, done) {
    native.write(fd, typeof chunk === "string" ? chunk.toWellFormed() : native.utf8Decode(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength), false));
    const callback = typeof encoding === "function" ? encoding : done;
    if (callback) queueMicrotask(callback);
    return true;
  },
  end(chunk) {
    if (chunk !== undefined) this.write(chunk);
  },
  on: () => undefined,
  once: () => undefined,
});

const hrtime = (since) => {
  const now = native.monotonic();
  const pair = [Math.floor(now / 1e9), Math.floor(now % 1e9)];
  if (!since) return pair;
  let seconds = pair[0] - since[0], nanoseconds = pair[1] - since[1];
  if (nanoseconds < 0) seconds--, (nanoseconds += 1e9);
  return [seconds, nanoseconds];
};
hrtime.bigint = () => BigInt(native.monotonic());

export const process = {
  title: "javascript",
  platform: "wasi",
  arch: "wasm32",
  pid: 1,
  ppid: 0,
  version: "v20.0.0",
  versions: { node: "20.0.0", quickjs: "0.16.2" },
  release: { name: "cofferdam" },
  argv: [],
  argv0: "javascript",
  execArgv: [],
  execPath: "/javascript",
  features: {},
  stdout: stream(1),
  stderr: stream(2),
  stdin: { fd: 0, isTTY: false, on: () => undefined, once: () => undefined, setEncoding: () => undefined, async *[Symbol.asyncIterator]() {} },
  get env() {
    return environ();
  },
  set env(value) {
    environment = value;
  },
  get exitCode() {
    return exitCode;
  },
  set exitCode(value) {
    exitCode = value;
  },
  exit: (code = exitCode ?? 0) => native.exit(Number(code) | 0),
  abort: () => native.exit(134),
  cwd: () => workingDirectory(),
  chdir(path) {
    directory = path.startsWith("/") ? path : `${workingDirectory()}/${path}`;
  },
  nextTick(callback, ...args) {
    queueMicrotask(() => callback(...args));
  },
  hrtime,
  uptime: () => (native.monotonic() - started) / 1e9,
  memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
  cpuUsage: () => ({ user: 0, system: 0 }),
  emitWarning(warning) {
    native.write(2, `Warning: ${warning?.message ?? warning}\n`);
  },
  // Events that never come: listeners for them are accepted and never called.
  on: () => process,
  once: () => process,
  off: () => process,
  addListener: () => process,
  removeListener: () => process,
  removeAllListeners: () => process,
  listeners: () => [],
  listenerCount: () => 0,
  emit: () => false,
};
Object.defineProperty(process, Symbol.toStringTag, { value: "process", configurable: true });

const microtask = globalThis.queueMicrotask;
/** A microtask whose exception ends the program, as everywhere. */
export function queueMicrotask(callback) {
  if (typeof callback !== "function") throw new TypeError('The "callback" argument must be of type function.');
  microtask(() => {
    try {
      callback();
    } catch (error) {
      crash(error);
    }
  });
}
