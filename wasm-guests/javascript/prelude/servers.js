// The user's servers as objects whose properties are tools, and `tools.search`, `tools.describe` and `help` about them.

import { native } from "guest:native";
import { submit } from "./calls.js";
import { request } from "./host.js";
import { defineProperty, getOwnPropertyDescriptor } from "./primordials.js";

// Behind a server's object: its name and tools. Behind a tool's function: the tool's full name.
const serverOf = new WeakMap();
const toolOf = new WeakMap();
// Globals that this file made, to be taken away when the server is gone.
let defined = new Map();

/** Makes each server a global; called at the start of every program. */
export function defineServers(names, tools) {
  for (const [name, proxy] of defined) {
    if (!names.includes(name) && getOwnPropertyDescriptor(globalThis, name)?.value === proxy) delete globalThis[name];
  }
  const now = new Map();
  for (const name of names) {
    const list = Array.isArray(tools[name]) ? tools[name] : [];
    const known = defined.get(name);
    if (known) serverOf.get(known).tools = list;
    const proxy = known ?? makeServer(name, list);
    now.set(name, proxy);
    defineProperty(globalThis, name, { value: proxy, writable: true, configurable: true, enumerable: true });
  }
  defined = now;
}

function makeServer(name, tools) {
  const server = { name, tools };
  const functions = new Map();
  const proxy = new Proxy(Object.create(null), {
    get(target, key) {
      if (typeof key === "symbol") return key === Symbol.toStringTag ? `server ${name}` : undefined;
      if (isLanguage(key) && !server.tools.includes(key)) return key === "toString" || key === "valueOf" ? Object.prototype[key] : undefined;
      let tool = functions.get(key);
      if (!tool) functions.set(key, (tool = makeTool(`${name}.${key}`, key)));
      return tool;
    },
    has: (target, key) => server.tools.includes(key),
    ownKeys: () => [...server.tools],
    getOwnPropertyDescriptor(target, key) {
      if (!server.tools.includes(key)) return undefined;
      return { value: this.get(target, key), writable: false, enumerable: true, configurable: true };
    },
    set() {
      throw new TypeError(`${name} is a server; its tools cannot be replaced`);
    },
    defineProperty() {
      throw new TypeError(`${name} is a server; its tools cannot be replaced`);
    },
    deleteProperty() {
      throw new TypeError(`${name} is a server; its tools cannot be removed`);
    },
  });
  serverOf.set(proxy, server);
  return proxy;
}

// Names that the language itself looks up on any value; never tools, unless the server says that it has such a tool.
const LANGUAGE = new Set(["then", "toJSON", "toString", "valueOf", "constructor", "prototype", "__proto__", "inspect", "nodeType", "asymmetricMatch"]);
const isLanguage = (key) => LANGUAGE.has(key);

function makeTool(full, name) {
  const tool = { [name]: (...given) => submit(full, given) }[name];
  toolOf.set(tool, full);
  return tool;
}

/** What inspect and help show for a server or a tool. */
export function describeOwn(value) {
  const server = serverOf.get(value);
  if (server) return { kind: "server", name: server.name, tools: server.tools };
  const tool = toolOf.get(value);
  return tool && { kind: "tool", name: tool };
}

export const tools = {
  /** Finds tools by words; a list of {tool, signature, summary}. */
  search(query, options) {
    const limit = typeof options === "number" ? options : options?.limit;
    return request("search", { query: `${query}`, limit });
  },
  /** The text about a server or a tool. */
  describe: (subject) => request("describe", { name: nameOf(subject), language: "javascript" }),
};

function nameOf(subject) {
  if (typeof subject === "string") return subject;
  const known = (typeof subject === "object" && subject !== null) || typeof subject === "function" ? describeOwn(subject) : undefined;
  if (!known) throw new TypeError("expected a server, a tool or its name, for example help(github.list_issues)");
  return known.name;
}

/** Prints what `tools.describe` says. */
export function help(subject) {
  if (subject === undefined) {
    const names = [...defined.keys()];
    native.write(1, `Servers: ${names.join(", ") || "none"}. tools.search("words") finds tools, help(server.tool) describes one.\n`);
    return;
  }
  native.write(1, `${tools.describe(subject)}\n`);
}
