// Values as text, in the form that Node's util.inspect made common, so that what a program prints looks as its author expects. Covers
// what ordinary programs print; not options such as colours' themes, getters' values or typed arrays' extra keys.

import { native } from "guest:native";
import { header, read } from "./errors.js";
import { describeOwn } from "./servers.js";
import { ToolCall } from "./calls.js";

const inspectSymbol = Symbol.for("nodejs.util.inspect.custom");
const defaults = { depth: 2, breakLength: 80, compact: 3, maxArrayLength: 100, maxStringLength: 10000, sorted: false, showHidden: false };
const GROUP_MIN = 6;
const identifier = /^[a-zA-Z_][a-zA-Z_0-9]*$/;
const KIND = { OBJECT: 0, ARRAY: 1, ARRAY_EXTRAS: 2 };
const TypedArray = Object.getPrototypeOf(Uint8Array);
const bigintPlain = (value) => `${value}n`;
const formatNumber = (value) => (Object.is(value, -0) ? "-0" : `${value}`);

export function inspect(value, options) {
  const context = { ...defaults, ...(typeof options === "object" && options !== null ? options : {}), seen: [], indentation: 0, currentDepth: 0, circular: undefined };
  if (context.depth === null) context.depth = Infinity;
  if (context.maxArrayLength === null) context.maxArrayLength = Infinity;
  if (context.maxStringLength === null) context.maxStringLength = Infinity;
  return formatValue(context, value, 0);
}
inspect.custom = inspectSymbol;
inspect.defaultOptions = defaults;

function formatValue(context, value, depth) {
  switch (typeof value) {
    case "string":
      return formatString(context, value);
    case "number":
      return formatNumber(value);
    case "bigint":
      return bigintPlain(value);
    case "boolean":
    case "undefined":
      return `${value}`;
    case "symbol":
      return value.toString();
  }
  if (value === null) return "null";
  const own = describeOwn(value);
  if (own?.kind === "server") return `[server ${own.name}: ${own.tools.join(", ")}]`;
  const target = native.proxyTarget(value);
  if (target !== undefined && target !== null) value = target;
  const custom = read(value, inspectSymbol);
  if (typeof custom === "function" && custom !== inspect) {
    const rest = context.depth - depth;
    const made = custom.call(value, rest, { ...context, depth: rest, stylize: (text) => `${text}` }, inspect);
    if (made !== value) return typeof made === "object" ? formatValue(context, made, depth) : `${made}`.replaceAll("\n", `\n${" ".repeat(context.indentation)}`);
  }
  if (context.seen.includes(value)) {
    context.circular ??= new Map();
    if (!context.circular.has(value)) context.circular.set(value, context.circular.size + 1);
    return `[Circular *${context.circular.get(value)}]`;
  }
  return formatRaw(context, value, depth);
}

function formatString(context, value) {
  let rest = "";
  if (value.length > context.maxStringLength) {
    const more = value.length - context.maxStringLength;
    value = value.slice(0, context.maxStringLength);
    rest = `... ${more} more character${more > 1 ? "s" : ""}`;
  }
  // A long text with line breaks inside an object is shown line by line.
  if (context.compact !== true && value.length > 16 && value.length > context.breakLength - context.indentation - 4 && context.seen.length > 0) {
    return value.split(/(?<=\n)/).map(quote).join(` +\n${" ".repeat(context.indentation + 2)}`) + rest;
  }
  return quote(value) + rest;
}

const escapes = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "\\": "\\\\", "'": "\\'" };
const special = /[\x00-\x1f\x27\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export function quote(value) {
  if (!/[\x00-\x1f\x27\x5c\x7f-\x9f\ud800-\udfff]/.test(value)) return `'${value}'`;
  let mark = "'";
  if (value.includes("'")) {
    if (!value.includes('"')) mark = '"';
    else if (!value.includes("`") && !value.includes("${")) mark = "`";
  }
  const escaped = value.replace(special, (found) => {
    if (found === "'" && mark !== "'") return found;
    const code = found.charCodeAt(0);
    return escapes[found] ?? (code > 0xff ? `\\u${code.toString(16)}` : `\\x${code.toString(16).toUpperCase().padStart(2, "0")}`);
  });
  return mark + escaped + mark;
}

function constructorName(value) {
  for (let object = value, first = true; object !== null; object = Object.getPrototypeOf(object), first = false) {
    const descriptor = Object.getOwnPropertyDescriptor(object, "constructor");
    if (descriptor && typeof descriptor.value === "function" && descriptor.value.name !== "" && isInstance(value, descriptor.value)) {
      return descriptor.value.name;
    }
  }
  return null;
}

function isInstance(value, constructor) {
  try {
    return value instanceof constructor;
  } catch {
    return false;
  }
}

function prefix(constructor, tag, fallback, size = "") {
  if (constructor === null) return tag !== "" && fallback !== tag ? `[${fallback}${size}: null prototype] [${tag}] ` : `[${fallback}${size}: null prototype] `;
  return tag !== "" && constructor !== tag ? `${constructor}${size} [${tag}] ` : `${constructor}${size} `;
}

function keysOf(value, context) {
  const symbols = Object.getOwnPropertySymbols(value);
  const keys = context.showHidden ? Object.getOwnPropertyNames(value) : Object.keys(value);
  return symbols.length === 0 ? keys : [...keys, ...symbols.filter((symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol))];
}

const indexKey = /^(?:0|[1-9][0-9]*)$/;
const otherKeys = (value, context) => keysOf(value, context).filter((key) => typeof key === "symbol" || !indexKey.test(key));

function formatRaw(context, value, depth) {
  const constructor = constructorName(value);
  let tag = read(value, Symbol.toStringTag);
  if (typeof tag !== "string" || Object.prototype.propertyIsEnumerable.call(value, Symbol.toStringTag)) tag = "";
  let keys, base = "", braces = ["{", "}"], formatter = () => [], kind = KIND.OBJECT;

  if (Array.isArray(value)) {
    keys = otherKeys(value, context);
    const head = constructor !== "Array" || tag !== "" ? prefix(constructor, tag, "Array", `(${value.length})`) : "";
    braces = [`${head}[`, "]"];
    if (value.length === 0 && keys.length === 0) return `${braces[0]}]`;
    kind = KIND.ARRAY_EXTRAS;
    formatter = formatArray;
  } else if (value instanceof Set && setSize(value) !== undefined) {
    keys = keysOf(value, context);
    const head = prefix(constructor, tag, "Set", `(${value.size})`);
    if (value.size === 0 && keys.length === 0) return `${head}{}`;
    braces = [`${head}{`, "}"];
    formatter = formatSet;
  } else if (value instanceof Map && mapSize(value) !== undefined) {
    keys = keysOf(value, context);
    const head = prefix(constructor, tag, "Map", `(${value.size})`);
    if (value.size === 0 && keys.length === 0) return `${head}{}`;
    braces = [`${head}{`, "}"];
    formatter = formatMap;
  } else if (value instanceof TypedArray && ArrayBuffer.isView(value)) {
    keys = otherKeys(value, context);
    const head = prefix(constructor, tag, tag, `(${value.length})`);
    braces = [`${head}[`, "]"];
    if (value.length === 0 && keys.length === 0) return `${braces[0]}]`;
    kind = KIND.ARRAY_EXTRAS;
    formatter = formatTyped;
  } else if (native.iterated(value)) {
    keys = keysOf(value, context);
    const [collection, entries] = native.iterated(value);
    braces = [`[${entries ? tag.replace("Iterator", "Entries") : tag}] {`, "}"];
    formatter = (context, _, depth) => formatIterated(context, collection, entries, value, depth);
  } else if (typeof value === "function") {
    keys = keysOf(value, context);
    base = functionBase(value, constructor, tag);
    if (keys.length === 0) return base;
  } else {
    keys = keysOf(value, context);
    const plain = plainBase(context, value, constructor, tag, keys);
    if (plain.text !== undefined && keys.length === 0) return plain.text;
    base = plain.text ?? "";
    if (plain.brace !== undefined) braces[0] = `${plain.brace}{`;
    if (plain.formatter) formatter = plain.formatter;
    else if (plain.text === undefined && keys.length === 0) return `${braces[0]}}`;
  }

  if (depth > context.depth) {
    const name = prefix(constructor, tag, Array.isArray(value) ? "Array" : "Object").slice(0, -1);
    return `[${name}]`;
  }
  depth += 1;
  context.seen.push(value);
  context.currentDepth = depth;
  let output;
  const before = context.indentation;
  try {
    output = formatter(context, value, depth);
    for (const key of keys) output.push(formatProperty(context, value, depth, key, kind));
  } catch (error) {
    context.indentation = before;
    if (!(error instanceof RangeError) && error?.name !== "InternalError") throw error;
    context.seen.pop();
    return `[${constructor ?? "Object"}: inspection interrupted by the stack's size]`;
  }
  if (context.circular?.has(value)) {
    const reference = `<ref *${context.circular.get(value)}>`;
    if (context.compact !== true) base = base === "" ? reference : `${reference} ${base}`;
    else braces[0] = `${reference} ${braces[0]}`;
  }
  context.seen.pop();
  if (context.sorted) output.sort();
  return reduce(context, output, base, braces, kind, depth, value);
}

function setSize(value) {
  try { return Object.getOwnPropertyDescriptor(Set.prototype, "size").get.call(value); } catch { return undefined; }
}
function mapSize(value) {
  try { return Object.getOwnPropertyDescriptor(Map.prototype, "size").get.call(value); } catch { return undefined; }
}

function functionBase(value, constructor, tag) {
  const source = Function.prototype.toString.call(value);
  if (source.startsWith("class") && source.endsWith("}")) {
    const parent = Object.getPrototypeOf(value);
    const name = Object.hasOwn(value, "name") && value.name ? value.name : "(anonymous)";
    const base = parent && parent.name ? ` extends ${parent.name}` : "";
    return `[class ${name}${base}]`;
  }
  const type = tag && tag !== "Function" ? tag : "Function";
  const own = describeOwn(value);
  let base = `[${own ? "tool" : type}`;
  if (constructor === null) base += " (null prototype)";
  base += own ? ` ${own.name}` : value.name ? `: ${value.name}` : " (anonymous)";
  return `${base}]`;
}

/** The head of an object that is neither a list nor a function: {text} stands before the braces or alone, {brace} inside the first one. */
function plainBase(context, value, constructor, tag, keys) {
  const promise = native.promise(value);
  if (promise) {
    const [state, result] = promise;
    if (value instanceof ToolCall && state === 0) return { brace: "ToolCall ", formatter: () => ["<pending: not awaited>"] };
    const name = value instanceof ToolCall ? "ToolCall " : prefix(constructor, tag, "Promise");
    return {
      brace: name,
      formatter: (context, _, depth) => {
        if (state === 0) return ["<pending>"];
        context.indentation += 2;
        const text = formatValue(context, result, depth);
        context.indentation -= 2;
        return [state === 2 ? `<rejected> ${text}` : text];
      },
    };
  }
  if (native.rawStack(value) !== undefined || value instanceof Error) return { text: formatError(context, value, constructor, keys) };
  const kind = Object.prototype.toString.call(value);
  try {
    if (value instanceof RegExp) {
      const text = RegExp.prototype.toString.call(value);
      return { text: constructor === "RegExp" ? text : `${prefix(constructor, tag, "RegExp")}${text}` };
    }
    if (value instanceof Date) {
      const time = Date.prototype.getTime.call(value);
      return { text: Number.isNaN(time) ? "Invalid Date" : Date.prototype.toISOString.call(value) };
    }
    if (value instanceof Number) return { text: `[Number: ${formatNumber(Number.prototype.valueOf.call(value))}]` };
    if (value instanceof Boolean) return { text: `[Boolean: ${Boolean.prototype.valueOf.call(value)}]` };
    if (value instanceof String) {
      const text = String.prototype.valueOf.call(value);
      keys.splice(0, keys.length, ...keys.filter((key) => !indexKey.test(String(key))));
      return { text: `[String: ${quote(text)}]` };
    }
    if (value instanceof BigInt) return { text: `[BigInt: ${BigInt.prototype.valueOf.call(value)}n]` };
    if (value instanceof Symbol) return { text: `[Symbol: ${Symbol.prototype.toString.call(value)}]` };
  } catch {
    // Something with a borrowed prototype: shown as the object it is.
  }
  if (value instanceof ArrayBuffer) {
    const bytes = new Uint8Array(value);
    const shown = [...bytes.subarray(0, 50)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const rest = bytes.length > 50 ? ` ... ${bytes.length - 50} more byte${bytes.length > 51 ? "s" : ""}` : "";
    return { brace: prefix(constructor, tag, "ArrayBuffer"), formatter: () => [`[Uint8Contents]: <${shown}${rest}>`, `byteLength: ${bytes.length}`] };
  }
  if (value instanceof WeakSet || value instanceof WeakMap) return { brace: prefix(constructor, tag, "WeakSet"), formatter: () => ["<items unknown>"] };
  if (kind === "[object Arguments]") return { brace: "[Arguments] ", formatter: undefined };
  if (kind === "[object Generator]" || kind === "[object AsyncGenerator]") return { brace: `Object [${kind.slice(8, -1)}] ` };
  if (constructor === "Object" && tag === "") return { brace: keys.length === 0 ? "" : undefined };
  return { brace: prefix(constructor, tag, "Object") };
}

function formatError(context, error, constructor, keys) {
  let stack = read(error, "stack");
  if (typeof stack !== "string" || stack === "") stack = `[${header(error)}]`;
  else if (!/\n {4}at /.test(stack)) stack = `[${stack}]`;
  else {
    const name = read(error, "name");
    // A class that did not set its name is shown by the class's.
    if (constructor && typeof name === "string" && name !== constructor && stack.startsWith(name) && !stack.startsWith(constructor)) stack = constructor.includes(name) || name === "Error" ? constructor + stack.slice(name.length) : stack;
  }
  for (const hidden of ["name", "message", "stack"]) {
    const at = keys.indexOf(hidden);
    if (at >= 0 && stack.includes(`${read(error, hidden)}`)) keys.splice(at, 1);
  }
  if (Object.hasOwn(error, "cause") && !keys.includes("cause")) keys.push("cause");
  if (Array.isArray(Object.getOwnPropertyDescriptor(error, "errors")?.value) && !keys.includes("errors")) keys.push("errors");
  for (let at = keys.length - 1; at >= 0; at--) {
    if (keys[at] === "tool" && read(error, "tool") === undefined) keys.splice(at, 1);
  }
  return context.indentation === 0 ? stack : stack.replaceAll("\n", `\n${" ".repeat(context.indentation)}`);
}

function formatProperty(context, value, depth, key, kind) {
  const descriptor = Object.getOwnPropertyDescriptor(value, key) ?? { value: read(value, key), enumerable: true };
  let text, separator = " ";
  if (descriptor.get !== undefined) text = descriptor.set !== undefined ? "[Getter/Setter]" : "[Getter]";
  else if (descriptor.set !== undefined) text = "[Setter]";
  else {
    const difference = context.compact !== true || kind !== KIND.OBJECT ? 2 : 3;
    context.indentation += difference;
    text = formatValue(context, descriptor.value, depth);
    if (difference === 3 && context.breakLength < text.length) separator = `\n${" ".repeat(context.indentation)}`;
    context.indentation -= difference;
  }
  if (kind === KIND.ARRAY) return text;
  let name;
  if (typeof key === "symbol") name = `[${key.toString()}]`;
  else if (key === "__proto__") name = "['__proto__']";
  else if (descriptor.enumerable === false) name = `[${key}]`;
  else name = identifier.test(key) ? key : quote(key);
  return `${name}:${separator}${text}`;
}

function formatArray(context, value, depth) {
  const output = [];
  const length = Math.min(value.length, context.maxArrayLength);
  let shown = 0;
  for (let index = 0; index < value.length && shown < length; index++, shown++) {
    if (Object.hasOwn(value, index)) {
      output.push(formatProperty(context, value, depth, `${index}`, KIND.ARRAY));
      continue;
    }
    let holes = 0;
    while (index < value.length && !Object.hasOwn(value, index)) index++, holes++;
    index--;
    output.push(`<${holes} empty item${holes > 1 ? "s" : ""}>`);
  }
  const more = value.length - length;
  if (more > 0) output.push(`... ${more} more item${more > 1 ? "s" : ""}`);
  return output;
}

function formatTyped(context, value) {
  const length = Math.min(value.length, context.maxArrayLength);
  const format = typeof value[0] === "bigint" ? bigintPlain : formatNumber;
  const output = [];
  for (let index = 0; index < length; index++) output.push(format(value[index]));
  const more = value.length - length;
  if (more > 0) output.push(`... ${more} more item${more > 1 ? "s" : ""}`);
  return output;
}

function formatSet(context, value, depth) {
  context.indentation += 2;
  const output = [];
  let left = context.maxArrayLength;
  for (const item of Set.prototype.values.call(value)) {
    if (left-- <= 0) break;
    output.push(formatValue(context, item, depth));
  }
  moreItems(output, value.size - context.maxArrayLength);
  context.indentation -= 2;
  return output;
}

function formatMap(context, value, depth) {
  context.indentation += 2;
  const output = [];
  let left = context.maxArrayLength;
  for (const [key, item] of Map.prototype.entries.call(value)) {
    if (left-- <= 0) break;
    output.push(`${formatValue(context, key, depth)} => ${formatValue(context, item, depth)}`);
  }
  moreItems(output, value.size - context.maxArrayLength);
  context.indentation -= 2;
  return output;
}

// The items of the collection that an iterator goes over, without moving it.
function formatIterated(context, collection, entries, iterator, depth) {
  const keys = collection instanceof Map && !entries && native.iterated(iterator)[2];
  const items = collection instanceof Set ? [...collection] : keys ? [...collection.keys()] : entries ? [...collection] : [...collection.values()];
  context.indentation += 2;
  const output = items.slice(0, context.maxArrayLength).map((item) => (entries && Array.isArray(item) ? `[ ${item.map((part) => formatValue(context, part, depth)).join(", ")} ]` : formatValue(context, item, depth)));
  moreItems(output, items.length - context.maxArrayLength);
  context.indentation -= 2;
  return output;
}

function moreItems(output, more) {
  if (more > 0) output.push(`... ${more} more item${more > 1 ? "s" : ""}`);
}

function reduce(context, output, base, braces, kind, depth, value) {
  if (context.compact !== true) {
    if (typeof context.compact === "number" && context.compact >= 1) {
      const entries = output.length;
      if (kind === KIND.ARRAY_EXTRAS && entries > GROUP_MIN) output = group(context, output, value);
      if (context.currentDepth - depth < context.compact && entries === output.length) {
        const start = output.length + context.indentation + braces[0].length + base.length + 10;
        if (fits(context, output, start, base)) {
          const joined = output.join(", ");
          if (!joined.includes("\n")) return `${base ? `${base} ` : ""}${braces[0]} ${joined} ${braces[1]}`;
        }
      }
    }
    const indentation = `\n${" ".repeat(context.indentation)}`;
    return `${base ? `${base} ` : ""}${braces[0]}${indentation}  ${output.join(`,${indentation}  `)}${indentation}${braces[1]}`;
  }
  if (fits(context, output, 0, base)) return `${braces[0]}${base ? ` ${base}` : ""} ${output.join(", ")} ${braces[1]}`;
  const indentation = `\n${" ".repeat(context.indentation)}`;
  const line = base === "" && braces[0].length === 1 ? " " : `${base ? ` ${base}` : ""}\n${indentation.slice(1)}  `;
  return `${braces[0]}${line}${output.join(`,${indentation}  `)} ${braces[1]}`;
}

function fits(context, output, start, base) {
  let total = output.length + start;
  if (total + output.length > context.breakLength) return false;
  for (const entry of output) {
    total += entry.length;
    if (total > context.breakLength) return false;
  }
  return base === "" || !base.includes("\n");
}

// Long lists in columns: as many as make the whole about 2.5 times as wide as high.
function group(context, output, value) {
  let total = 0, longest = 0, index = 0;
  let length = output.length;
  if (value !== undefined && context.maxArrayLength < value.length) length--;
  const separator = 2;
  const lengths = new Array(length);
  for (; index < length; index++) {
    const size = width(output[index]);
    lengths[index] = size;
    total += size + separator;
    if (longest < size) longest = size;
  }
  const actual = longest + separator;
  if (actual * 3 + context.indentation >= context.breakLength) return output;
  if (!(total / actual > 5 || longest <= 6)) return output;
  const bias = Math.sqrt(actual - total / output.length);
  const biased = Math.max(actual - 3 - bias, 1);
  const columns = Math.min(Math.round(Math.sqrt(2.5 * biased * length) / biased), Math.floor((context.breakLength - context.indentation) / actual), context.compact * 4, 15);
  if (columns <= 1) return output;
  const rows = [];
  const widths = [];
  for (let column = 0; column < columns; column++) {
    let widest = 0;
    for (let item = column; item < length; item += columns) widest = Math.max(widest, lengths[item]);
    widths.push(widest + separator);
  }
  let pad = String.prototype.padStart;
  if (value !== undefined) {
    for (let item = 0; item < output.length; item++) {
      if (typeof value[item] !== "number" && typeof value[item] !== "bigint") {
        pad = String.prototype.padEnd;
        break;
      }
    }
  }
  for (let first = 0; first < length; first += columns) {
    const end = Math.min(first + columns, length);
    let row = "", item = first;
    for (; item < end - 1; item++) row += pad.call(`${output[item]}, `, widths[item - first] + output[item].length - lengths[item], " ");
    if (pad === String.prototype.padStart) row += output[item].padStart(widths[item - first] + output[item].length - lengths[item] - separator, " ");
    else row += output[item];
    rows.push(row);
  }
  if (context.maxArrayLength < value?.length) rows.push(output[length]);
  return rows;
}

/** Columns that a text takes: wide East Asian characters and emoji take two, combining ones none. */
export function width(text) {
  if (!/[^\x20-\x7e]/.test(text)) return text.length;
  let columns = 0;
  for (const character of text.normalize("NFC")) {
    const code = character.codePointAt(0);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x200b || (code >= 0xfe00 && code <= 0xfe0f) || /\p{Mark}/u.test(character)) continue;
    columns += (code >= 0x1100 && (code <= 0x115f || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) || (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd))) ? 2 : 1;
  }
  return columns;
}

/** `console.log`'s and util.format's text: %-directives in a first string, everything else inspected and joined by spaces. */
export function format(...values) {
  return formatWith({}, values);
}

export function formatWith(options, values) {
  if (values.length === 0) return "";
  if (values.length === 1) return typeof values[0] === "string" ? values[0] : inspect(values[0], options);
  let text = "", next = 0;
  if (typeof values[0] === "string") {
    next = 1;
    text = values[0].replace(/%[sdifjoOc%]/g, (directive) => {
      if (directive === "%%") return "%";
      if (next >= values.length) return directive;
      const value = values[next++];
      switch (directive) {
        case "%s":
          if (typeof value === "bigint") return `${value}n`;
          if (typeof value === "number") return formatNumber(value);
          if (typeof value !== "object" || value === null) return String(value);
          return hasOwnText(value) ? String(value) : inspect(value, { ...options, depth: 0, compact: 3 });
        case "%d":
          return typeof value === "bigint" ? `${value}n` : typeof value === "symbol" ? "NaN" : formatNumber(Number(value));
        case "%i":
          return typeof value === "bigint" ? `${value}n` : typeof value === "symbol" ? "NaN" : formatNumber(parseInt(value, 10));
        case "%f":
          return typeof value === "symbol" ? "NaN" : formatNumber(parseFloat(value));
        case "%j":
          try { return JSON.stringify(value); } catch { return "[Circular]"; }
        case "%o":
          return inspect(value, { ...options, depth: 4, showHidden: false });
        case "%O":
          return inspect(value, options);
        default:
          return "";
      }
    });
  }
  for (let at = next; at < values.length; at++) {
    const value = values[at];
    text += `${at > 0 ? " " : ""}${typeof value === "string" ? value : inspect(value, options)}`;
  }
  return text;
}

// Whether String(value) is its author's own text and not "[object Object]".
function hasOwnText(value) {
  if (value instanceof Error || value instanceof Date) return false;
  const method = read(value, "toString");
  return typeof method === "function" && method !== Object.prototype.toString && method !== Array.prototype.toString;
}
