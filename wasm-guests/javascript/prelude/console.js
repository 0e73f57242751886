// `console`: what is printed goes straight to the descriptors, so that a program that is killed has said what it said.

import { native } from "guest:native";
import { formatWith, inspect, width } from "./inspect.js";
import { here, frameText } from "./errors.js";

let counts = new Map();
let starts = new Map();
let indentation = "";

function print(fd, values) {
  line(fd, formatWith({}, values));
}

function line(fd, text) {
  if (indentation) text = indentation + (text.includes("\n") ? text.replaceAll("\n", `\n${indentation}`) : text);
  native.write(fd, `${text.toWellFormed()}\n`);
}

/** Forgets groups, counts and timers at a program's end. */
export function endConsole() {
  if (counts.size) counts = new Map();
  if (starts.size) starts = new Map();
  indentation = "";
}

const elapsed = (label) => {
  const start = starts.get(label);
  if (start === undefined) return undefined;
  const ms = (native.monotonic() - start) / 1e6;
  if (ms >= 60000) return `${Math.floor(ms / 60000)}:${((ms % 60000) / 1000).toFixed(3).padStart(6, "0")} (m:ss.mmm)`;
  return ms >= 1000 ? `${(ms / 1000).toFixed(3)}s` : `${Number(ms.toFixed(3))}ms`;
};

export const console = {
  log: (...values) => print(1, values),
  info: (...values) => print(1, values),
  debug: (...values) => print(1, values),
  warn: (...values) => print(2, values),
  error: (...values) => print(2, values),
  dir: (value, options) => line(1, inspect(value, options)),
  dirxml: (...values) => print(1, values),
  trace(...values) {
    line(2, `Trace${values.length ? `: ${formatWith({}, values)}` : ""}\n${frameText(here())}`);
  },
  assert(condition, ...values) {
    if (condition) return;
    if (typeof values[0] === "string") values[0] = `Assertion failed: ${values[0]}`;
    else values.unshift("Assertion failed");
    print(2, values);
  },
  count(label = "default") {
    const count = (counts.get(`${label}`) ?? 0) + 1;
    counts.set(`${label}`, count);
    line(1, `${label}: ${count}`);
  },
  countReset: (label = "default") => void counts.delete(`${label}`),
  group(...values) {
    if (values.length > 0) print(1, values);
    indentation += "  ";
  },
  groupCollapsed: (...values) => console.group(...values),
  groupEnd: () => void (indentation = indentation.slice(2)),
  time: (label = "default") => void starts.set(`${label}`, native.monotonic()),
  timeLog(label = "default", ...values) {
    const text = elapsed(`${label}`);
    if (text === undefined) return line(2, `Warning: No such label '${label}' for console.timeLog()`);
    print(1, [`${label}: ${text}`, ...values]);
  },
  timeEnd(label = "default") {
    const text = elapsed(`${label}`);
    if (text === undefined) return line(2, `Warning: No such label '${label}' for console.timeEnd()`);
    line(1, `${label}: ${text}`);
    starts.delete(`${label}`);
  },
  table(data, columns) {
    if (typeof data !== "object" || data === null) return print(1, [data]);
    line(1, table(data, columns));
  },
};
Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });

const cell = (value) => inspect(value, { depth: typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 2 ? -1 : 0, maxArrayLength: 3, breakLength: Infinity });

function table(data, only) {
  const isMap = data instanceof Map, isSet = data instanceof Set;
  const rows = isMap ? [...data.values()] : isSet ? [...data] : Object.values(data);
  const keys = isMap ? rows.map((_, at) => at) : isSet ? rows.map((_, at) => at) : Object.keys(data);
  const head = [isMap || isSet ? "(iteration index)" : "(index)"];
  const body = keys.map((key) => [`${key}`]);
  if (isMap) {
    head.push("Key");
    [...data.keys()].forEach((key, at) => body[at].push(cell(key)));
  }
  const columns = [];
  let values = false;
  for (const row of rows) {
    if (typeof row !== "object" || row === null || isMap) values = true;
    else for (const key of Object.keys(row)) if (!columns.includes(key)) columns.push(key);
  }
  const shown = only ?? (isMap ? [] : columns);
  rows.forEach((row, at) => {
    for (const column of shown) body[at].push(typeof row === "object" && row !== null && Object.hasOwn(row, column) ? cell(row[column]) : "");
  });
  head.push(...shown);
  if (values) {
    head.push("Values");
    rows.forEach((row, at) => body[at].push(typeof row === "object" && row !== null && !isMap ? "" : cell(row)));
  }
  const widths = head.map((title, column) => Math.max(width(title), ...body.map((row) => width(row[column]))) + 2);
  const rule = (left, middle, right) => left + widths.map((size) => "─".repeat(size)).join(middle) + right;
  const row = (cells) => `│${cells.map((text, column) => ` ${text}${" ".repeat(widths[column] - width(text) - 1)}`).join("│")}│`;
  return [rule("┌", "┬", "┐"), row(head), rule("├", "┼", "┤"), ...body.map(row), rule("└", "┴", "┘")].join("\n");
}
