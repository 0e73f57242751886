// The prelude's entry: defines the globals, hands C its hooks, and runs through the common paths once so that they are warm in the snapshot.

import { native } from "guest:native";
import { artifacts } from "./artifacts.js";
import { console } from "./console.js";
import { ToolError, hidden } from "./errors.js";
import { request } from "./host.js";
import { process, queueMicrotask } from "./process.js";
import { begin, exited, onRejection, step } from "./program.js";
import { help, tools } from "./servers.js";
import * as timers from "./timers.js";
import { globals as more, require } from "./globals.js";
import { warm } from "./warm.js";

const globals = {
  ToolError,
  artifacts,
  clearImmediate: timers.clearImmediate,
  clearInterval: timers.clearTimeout,
  clearTimeout: timers.clearTimeout,
  console,
  global: globalThis,
  help,
  process,
  progress: (progress, total, message) => void request("progress", { progress, total, message }),
  queueMicrotask,
  setImmediate: timers.setImmediate,
  setInterval: timers.setInterval,
  setTimeout: timers.setTimeout,
  tools,
  ...more,
};
for (const name in globals) hidden(globalThis, name, globals[name]);

native.register(begin, step, exited, onRejection, require);
warm();
