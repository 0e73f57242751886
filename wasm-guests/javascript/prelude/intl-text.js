// Intl.Collator, ListFormat, RelativeTimeFormat, Segmenter for English: orders words as a dictionary does, not as code points.

import { localeOf } from "./intl-locale.js";
import { NumberFormat } from "./intl-number.js";

// A character's class, in the order in which they are sorted: space, punctuation, symbols, digits, letters.
const rank = (character) => (/\s/.test(character) ? 0 : /\p{P}/u.test(character) ? 1 : /\p{N}/u.test(character) ? 3 : /\p{L}/u.test(character) ? 4 : 2);
const PUNCTUATION = "_-,;:!?.'\"()[]{}@*/\\&#%";

function units(text, numeric, ignorePunctuation) {
  const out = [];
  for (const [found] of text.matchAll(numeric ? /\d+|[^\d]/gsu : /./gsu)) {
    if (/\p{M}/u.test(found) && out.length > 0) {
      out.at(-1).accent += found;
      continue;
    }
    const kind = rank(found);
    if (ignorePunctuation && kind < 2) continue;
    out.push({ rank: kind, number: numeric && kind === 3 ? Number(found) : undefined, base: found.toLowerCase(), upper: found !== found.toLowerCase() ? 1 : 0, accent: "" });
  }
  return out;
}

function compareUnits(one, other) {
  if (one.rank !== other.rank) return one.rank - other.rank;
  if (one.number !== undefined && other.number !== undefined) return one.number - other.number;
  if (one.base === other.base) return 0;
  if (one.rank === 1) {
    const [a, b] = [PUNCTUATION.indexOf(one.base), PUNCTUATION.indexOf(other.base)];
    if (a >= 0 && b >= 0) return a - b;
  }
  return one.base < other.base ? -1 : 1;
}

export class Collator {
  #options;
  constructor(locales, options = {}) {
    const { sensitivity = "variant", numeric = /-u(?:-\w+)*?-kn(?!-false)/.test(`${locales ?? ""}`), ignorePunctuation = false, caseFirst = "false", usage = "sort" } = options ?? {};
    this.#options = { locale: localeOf(locales), usage, sensitivity, ignorePunctuation, collation: "default", numeric, caseFirst };
    this.compare = (one, other) => this.#compare(`${one}`, `${other}`);
    Object.defineProperty(this, "compare", { enumerable: false });
  }
  #compare(one, other) {
    if (one === other) return 0;
    const { numeric, ignorePunctuation, sensitivity, caseFirst } = this.#options;
    const a = units(one.normalize("NFD"), numeric, ignorePunctuation), b = units(other.normalize("NFD"), numeric, ignorePunctuation);
    const first = (compare) => {
      for (let at = 0; at < a.length && at < b.length; at++) {
        const result = compare(a[at], b[at]);
        if (result !== 0) return Math.sign(result);
      }
      return 0;
    };
    const base = first(compareUnits) || Math.sign(a.length - b.length);
    if (base !== 0 || sensitivity === "base") return base;
    const accents = sensitivity === "case" ? 0 : first((x, y) => (x.accent === y.accent ? 0 : x.accent < y.accent ? -1 : 1));
    if (accents !== 0 || sensitivity === "accent") return accents;
    return first((x, y) => (caseFirst === "upper" ? y.upper - x.upper : x.upper - y.upper));
  }
  resolvedOptions() {
    return { ...this.#options };
  }
  static supportedLocalesOf(locales) {
    return [locales ?? []].flat().filter((locale) => /^en\b/i.test(locale));
  }
}

export class ListFormat {
  #options;
  constructor(locales, { type = "conjunction", style = "long" } = {}) {
    this.#options = { locale: localeOf(locales), type, style };
  }
  format(list) {
    const items = [...list];
    const { type, style } = this.#options;
    const word = type === "unit" ? "" : type === "disjunction" ? "or" : style === "long" ? "and" : style === "short" ? "&" : "";
    if (items.length <= 1) return items.join("");
    if (items.length === 2) return word ? `${items[0]} ${word} ${items[1]}` : items.join(style === "narrow" && type === "unit" ? " " : ", ");
    const comma = style === "narrow" && type === "unit" ? " " : ", ";
    return `${items.slice(0, -1).join(comma)}${comma}${word ? `${word} ` : ""}${items.at(-1)}`;
  }
  resolvedOptions() {
    return { ...this.#options };
  }
}

const AUTO = {
  day: { "-1": "yesterday", 0: "today", 1: "tomorrow" },
  ...Object.fromEntries(["year", "quarter", "month", "week"].map((unit) => [unit, { "-1": `last ${unit}`, 0: `this ${unit}`, 1: `next ${unit}` }])),
  hour: { 0: "this hour" }, minute: { 0: "this minute" }, second: { 0: "now" },
};
const SHORT = { year: "yr.", quarter: "qtr.", month: "mo.", week: "wk.", day: "day", hour: "hr.", minute: "min.", second: "sec." };

export class RelativeTimeFormat {
  #options;
  constructor(locales, { numeric = "always", style = "long" } = {}) {
    this.#options = { locale: localeOf(locales), numeric, style };
  }
  format(value, unit) {
    unit = `${unit}`.replace(/s$/, "");
    if (!SHORT[unit]) throw new RangeError(`Invalid unit argument for format() '${unit}'`);
    const known = this.#options.numeric === "auto" ? AUTO[unit]?.[value] : undefined;
    if (known) return known;
    const size = Math.abs(value);
    const name = this.#options.style === "long" ? `${unit}${size === 1 ? "" : "s"}` : unit === "day" || unit === "quarter" ? `${SHORT[unit].replace(".", "")}${size === 1 ? "" : "s"}${unit === "day" ? "" : "."}` : SHORT[unit];
    const text = `${new NumberFormat("en-US").format(size)} ${name}`;
    return value < 0 || Object.is(value, -0) ? `${text} ago` : `in ${text}`;
  }
  resolvedOptions() {
    return { ...this.#options, numberingSystem: "latn" };
  }
}

// Graphemes: a base with its marks, joined emoji, flags, Hangul as it comes. Close to the Unicode rules, not all of them.
const GRAPHEME = /\r\n|\p{RI}\p{RI}|(?:\p{Emoji_Presentation}|\p{Extended_Pictographic})(?:\ufe0f|\p{EMod})?(?:\u200d(?:\p{Extended_Pictographic}|\p{Emoji_Presentation})(?:\ufe0f|\p{EMod})?)*|.[\p{M}\u200d\ufe0f]*/gsu;
const WORD = /[\p{L}\p{N}_]+(?:['’.][\p{L}\p{N}]+)*|\s+|./gsu;
const SENTENCE = /.*?(?:[.!?]+["')\]]*\s+|$)/gsu;

export class Segmenter {
  #options;
  constructor(locales, { granularity = "grapheme" } = {}) {
    this.#options = { locale: localeOf(locales), granularity };
  }
  segment(text) {
    const { granularity } = this.#options;
    const pattern = granularity === "word" ? WORD : granularity === "sentence" ? SENTENCE : GRAPHEME;
    const input = `${text}`;
    const all = () => [...input.matchAll(pattern)].filter((found) => found[0] !== "").map((found) => ({ segment: found[0], index: found.index, input, ...(granularity === "word" ? { isWordLike: /[\p{L}\p{N}]/u.test(found[0]) } : {}) }));
    return { [Symbol.iterator]: () => all()[Symbol.iterator](), containing: (at = 0) => all().find((found) => at >= found.index && at < found.index + found.segment.length) };
  }
  resolvedOptions() {
    return { ...this.#options };
  }
}
