// Intl.NumberFormat and Intl.PluralRules for English, with the separators of a few other locales. No other language's words.

import { localeOf } from "./intl-locale.js";

const SEPARATORS = { en: [",", "."], de: [".", ","], es: [".", ","], it: [".", ","], nl: [".", ","], pt: [".", ","], id: [".", ","], tr: [".", ","], da: [".", ","], fr: ["\u202f", ","], sv: ["\u00a0", ","], nb: ["\u00a0", ","], no: ["\u00a0", ","], fi: ["\u00a0", ","], pl: ["\u00a0", ","], ru: ["\u00a0", ","], uk: ["\u00a0", ","], cs: ["\u00a0", ","] };
// Swiss German and Austrian differ from German.
const REGIONAL = { "de-CH": ["\u2019", "."], "de-AT": ["\u00a0", ","] };
const SYMBOLS = { USD: "$", EUR: "€", GBP: "£", JPY: "¥", INR: "₹", CNY: "CN¥", KRW: "₩", BRL: "R$", CAD: "CA$", AUD: "A$", MXN: "MX$", NZD: "NZ$", HKD: "HK$", ILS: "₪", VND: "₫", TWD: "NT$", PHP: "₱" };
const NAMES = { USD: ["US dollar", "US dollars"], EUR: ["euro", "euros"], GBP: ["British pound", "British pounds"], JPY: ["Japanese yen", "Japanese yen"], INR: ["Indian rupee", "Indian rupees"] };
const NO_CENTS = new Set(["JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF"]);
const UNITS = {
  celsius: ["°C", "°C", "degrees Celsius", "degree Celsius"], fahrenheit: ["°F", "°", "degrees Fahrenheit", "degree Fahrenheit"], percent: ["%", "%", " percent"],
  bit: [" bit", "bit", " bits", " bit"], byte: [" byte", "B", " bytes", " byte"], kilobyte: [" kB", "kB", " kilobytes", " kilobyte"], megabyte: [" MB", "MB", " megabytes", " megabyte"], gigabyte: [" GB", "GB", " gigabytes", " gigabyte"], terabyte: [" TB", "TB", " terabytes", " terabyte"],
  millisecond: [" ms", "ms", " milliseconds", " millisecond"], second: [" sec", "s", " seconds", " second"], minute: [" min", "m", " minutes", " minute"], hour: [" hr", "h", " hours", " hour"], day: [" days", "d", " days", " day"], week: [" wks", "w", " weeks", " week"], month: [" mths", "m", " months", " month"], year: [" yrs", "y", " years", " year"],
  millimeter: [" mm", "mm", " millimeters", " millimeter"], centimeter: [" cm", "cm", " centimeters", " centimeter"], meter: [" m", "m", " meters", " meter"], kilometer: [" km", "km", " kilometers", " kilometer"], inch: [" in", "″", " inches", " inch"], foot: [" ft", "′", " feet", " foot"], mile: [" mi", "mi", " miles", " mile"],
  gram: [" g", "g", " grams", " gram"], kilogram: [" kg", "kg", " kilograms", " kilogram"], pound: [" lb", "#", " pounds", " pound"], ounce: [" oz", "oz", " ounces", " ounce"], liter: [" L", "L", " liters", " liter"], milliliter: [" mL", "mL", " milliliters", " milliliter"], gallon: [" gal", "gal", " gallons", " gallon"],
  "kilometer-per-hour": [" km/h", "km/h", " kilometers per hour", " kilometer per hour"], "mile-per-hour": [" mph", "mph", " miles per hour", " mile per hour"], "meter-per-second": [" m/s", "m/s", " meters per second", " meter per second"],
};
const SINGULAR_SHORT = { day: " day", week: " wk", month: " mth", year: " yr" };
const COMPACT = [[1e12, "T", " trillion"], [1e9, "B", " billion"], [1e6, "M", " million"], [1e3, "K", " thousand"]];

const choice = (name, value, allowed, otherwise) => {
  if (value === undefined) return otherwise;
  if (!allowed.includes(value)) throw new RangeError(`Value ${value} out of range for Intl.NumberFormat options property ${name}`);
  return value;
};
const digits = (name, value, low, high, otherwise) => {
  if (value === undefined) return otherwise;
  if (!(value >= low && value <= high)) throw new RangeError(`${name} value is out of range.`);
  return Math.floor(value);
};

export class NumberFormat {
  #options;

  constructor(locales, options = {}) {
    if (!new.target) return new NumberFormat(locales, options);
    const style = choice("style", options.style, ["decimal", "percent", "currency", "unit"], "decimal");
    const notation = choice("notation", options.notation, ["standard", "scientific", "engineering", "compact"], "standard");
    const currency = options.currency?.toUpperCase();
    if (style === "currency" && !/^[A-Z]{3}$/.test(currency ?? "")) throw currency === undefined ? new TypeError("Currency code is required with currency style.") : new RangeError(`Invalid currency code : ${options.currency}`);
    if (style === "unit" && !UNITS[options.unit]) throw options.unit === undefined ? new TypeError("Unit is required with unit style.") : new RangeError(`Invalid unit argument for Intl.NumberFormat() '${options.unit}' (not known to the sandbox)`);
    const usual = style === "currency" ? (NO_CENTS.has(currency) ? 0 : 2) : undefined;
    let low = digits("minimumFractionDigits", options.minimumFractionDigits, 0, 100);
    let high = digits("maximumFractionDigits", options.maximumFractionDigits, 0, 100);
    const lowUsual = notation === "compact" ? 0 : (usual ?? 0), highUsual = notation === "compact" ? 0 : (usual ?? (style === "percent" ? 0 : 3));
    if (low !== undefined && high !== undefined && low > high) throw new RangeError("maximumFractionDigits value is out of range.");
    const compactRounding = notation === "compact" && low === undefined && high === undefined;
    low ??= Math.min(lowUsual, high ?? lowUsual);
    high ??= Math.max(highUsual, low);
    const significant = options.minimumSignificantDigits !== undefined || options.maximumSignificantDigits !== undefined;
    this.#options = {
      locale: localeOf(locales), numberingSystem: "latn", style, notation, currency,
      currencyDisplay: options.currencyDisplay ?? "symbol", currencySign: options.currencySign ?? "standard",
      unit: options.unit, unitDisplay: options.unitDisplay ?? "short", compactDisplay: options.compactDisplay ?? "short",
      minimumIntegerDigits: digits("minimumIntegerDigits", options.minimumIntegerDigits, 1, 21, 1),
      minimumFractionDigits: low, maximumFractionDigits: high,
      minimumSignificantDigits: significant ? digits("minimumSignificantDigits", options.minimumSignificantDigits, 1, 21, 1) : undefined,
      maximumSignificantDigits: significant ? digits("maximumSignificantDigits", options.maximumSignificantDigits, 1, 21, 21) : undefined,
      useGrouping: options.useGrouping ?? (notation === "compact" ? "min2" : "auto"), signDisplay: options.signDisplay ?? "auto", compactRounding,
    };
    this.format = (value) => this.formatToParts(value).map((part) => part.value).join("");
    Object.defineProperty(this, "format", { enumerable: false });
  }

  formatToParts(value) {
    const options = this.#options;
    if (typeof value === "string") value = Number(value);
    const number = typeof value === "bigint" ? value : Number(value);
    const negative = typeof number === "bigint" ? number < 0n : number < 0 || Object.is(number, -0);
    const absolute = typeof number === "bigint" ? (negative ? -number : number) : Math.abs(number);
    const body = magnitude(options, absolute);
    const zero = /^[0,.\u00a0\u202f\u2019]*$/.test(body.map((part) => (/integer|fraction/.test(part.type) ? part.value : "")).join(""));
    const sign = signOf(options.signDisplay, negative, zero, Number.isNaN(number));
    return decorate(options, sign, body, absolute);
  }

  formatRange(from, to) {
    return `${this.format(from)}–${this.format(to)}`;
  }

  resolvedOptions() {
    const { compactRounding, ...shown } = this.#options;
    return Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined));
  }

  static supportedLocalesOf(locales) {
    return [locales ?? []].flat().filter((locale) => /^en\b/i.test(locale));
  }
  get [Symbol.toStringTag]() {
    return "Intl.NumberFormat";
  }
}

function signOf(display, negative, zero, nan) {
  switch (display) {
    case "never":
      return "";
    case "always":
      return negative && !nan ? "-" : "+";
    case "exceptZero":
      return zero || nan ? "" : negative ? "-" : "+";
    case "negative":
      return negative && !zero ? "-" : "";
    default:
      return negative && !nan ? "-" : "";
  }
}

function magnitude(options, value) {
  if (Number.isNaN(value)) return [{ type: "nan", value: "NaN" }];
  if (value === Infinity) return [{ type: "infinity", value: "∞" }];
  if (options.style === "percent") value = typeof value === "bigint" ? value * 100n : Number(shifted(value, 2));
  if (options.notation === "compact") return compact(options, Number(value));
  if (options.notation === "scientific" || options.notation === "engineering") {
    let exponent = value === 0 ? 0 : Math.floor(Math.log10(Number(value)));
    if (options.notation === "engineering") exponent = Math.floor(exponent / 3) * 3;
    return [...plain(options, Number(value) / 10 ** exponent), { type: "exponentSeparator", value: "E" }, { type: "exponentInteger", value: `${exponent}` }];
  }
  return plain(options, value);
}

// A decimal shift without the error that a multiplication would add.
const shifted = (value, by) => {
  const [mantissa, exponent = "0"] = `${value}`.split("e");
  return `${mantissa}e${Number(exponent) + by}`;
};

function compact(options, value) {
  let at = COMPACT.findIndex(([size]) => value >= size);
  // Without other wishes: two significant digits below 100, whole numbers above.
  const rounding = (scaled) => (options.compactRounding && options.maximumSignificantDigits === undefined && scaled < 100 ? { ...options, minimumSignificantDigits: 1, maximumSignificantDigits: 2 } : options);
  const round = (scaled) => Number(text(rounding(scaled), scaled));
  let scaled = at < 0 ? value : value / COMPACT[at][0];
  // 999,999 is 1M, not 1000K.
  if (round(scaled) >= 1000 && at !== 0) {
    at = at < 0 ? COMPACT.length - 1 : at - 1;
    scaled = value / COMPACT[at][0];
  }
  const parts = plain(rounding(scaled), scaled);
  if (at >= 0) parts.push({ type: "compact", value: options.compactDisplay === "long" ? COMPACT[at][2] : COMPACT[at][1] });
  return parts;
}

// Digits of a finite value, rounded as the options say.
function text(options, value) {
  if (options.maximumSignificantDigits !== undefined) {
    if (typeof value === "bigint") value = Number(value);
    if (value === 0) return options.minimumSignificantDigits > 1 ? `0.${"0".repeat(options.minimumSignificantDigits - 1)}` : "0";
    const digitsBefore = Math.floor(Math.log10(value)) + 1;
    let rounded = roundAt(value, options.maximumSignificantDigits - digitsBefore);
    // Rounding up may have made it one digit longer.
    if (rounded.replace(/^0\.0*|\./g, "").length > options.maximumSignificantDigits && options.maximumSignificantDigits > digitsBefore) rounded = rounded.slice(0, -1);
    const wanted = options.minimumSignificantDigits;
    let out = rounded.includes(".") ? rounded.replace(/\.?0+$/, "") : rounded;
    const shown = out.replace(/^0\.0*|\./g, "").length;
    if (shown < wanted) out = `${out}${out.includes(".") ? "" : "."}${"0".repeat(wanted - shown)}`;
    return out;
  }
  if (typeof value === "bigint") return `${value}${options.minimumFractionDigits > 0 ? `.${"0".repeat(options.minimumFractionDigits)}` : ""}`;
  let out = roundAt(value, options.maximumFractionDigits);
  if (options.maximumFractionDigits > options.minimumFractionDigits) {
    const [whole, fraction = ""] = out.split(".");
    const kept = fraction.replace(/0+$/, "").padEnd(options.minimumFractionDigits, "0");
    out = kept ? `${whole}.${kept}` : whole;
  }
  return out.replace(/\.$/, "");
}

// Rounds half up at a decimal place, by the digits that a person sees: 1.005 is 1.01, though as a double it lies below.
function roundAt(value, places) {
  const [whole, fraction = ""] = expand(`${value}`).split(".");
  let scaled = BigInt(places >= 0 ? whole + fraction.slice(0, places).padEnd(places, "0") : whole.slice(0, places) || "0");
  const next = places >= 0 ? fraction[places] : whole.at(places);
  if (next >= "5" && (places >= 0 || whole.length >= -places)) scaled += 1n;
  if (places < 0) return `${scaled}${scaled === 0n ? "" : "0".repeat(-places)}`;
  const all = `${scaled}`.padStart(places + 1, "0");
  return places === 0 ? all : `${all.slice(0, -places)}.${all.slice(-places)}`;
}

// Scientific notation written out.
function expand(written) {
  const found = /^(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(written);
  if (!found) return written;
  const all = found[1] + (found[2] ?? ""), exponent = Number(found[3]);
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${all}`;
  return all.length <= exponent + 1 ? all.padEnd(exponent + 1, "0") : `${all.slice(0, exponent + 1)}.${all.slice(exponent + 1)}`;
}

function plain(options, value) {
  const [whole, fraction] = text(options, value).split(".");
  const [group, decimal] = REGIONAL[options.locale] ?? SEPARATORS[options.locale.split("-")[0]] ?? SEPARATORS.en;
  const integer = whole.padStart(options.minimumIntegerDigits, "0");
  // Spanish, Portuguese and Polish leave four digits together.
  const least = options.useGrouping === "min2" || /^(?:es|pt-PT|pl)\b/.test(options.locale) ? 5 : 4;
  const groups = options.useGrouping === false || options.useGrouping === "false" || integer.length < least ? [integer] : grouped(integer, /-IN$/.test(options.locale));
  const parts = [];
  groups.forEach((digitsOfGroup, at) => {
    if (at > 0) parts.push({ type: "group", value: group });
    parts.push({ type: "integer", value: digitsOfGroup });
  });
  if (fraction) parts.push({ type: "decimal", value: decimal }, { type: "fraction", value: fraction });
  return parts;
}

function grouped(integer, indian) {
  const groups = [integer.slice(-3)];
  for (let rest = integer.slice(0, -3); rest !== ""; rest = rest.slice(0, indian ? -2 : -3)) groups.unshift(rest.slice(indian ? -2 : -3));
  return groups;
}

function decorate(options, sign, body, value) {
  const signPart = sign === "" ? [] : [{ type: sign === "-" ? "minusSign" : "plusSign", value: sign }];
  const after = !/^(?:en|ja|zh|ko)\b/.test(options.locale);
  switch (options.style) {
    case "percent":
      return [...signPart, ...body, ...(after ? [{ type: "literal", value: "\u00a0" }] : []), { type: "percentSign", value: "%" }];
    case "unit": {
      const [short, narrow, long, single] = UNITS[options.unit];
      const one = value === 1 || value === 1n;
      const unit = options.unitDisplay === "narrow" ? narrow : options.unitDisplay === "long" ? ((one && single) || long) : (one && SINGULAR_SHORT[options.unit]) || short;
      return [...signPart, ...body, ...(unit.startsWith(" ") ? [{ type: "literal", value: " " }] : []), { type: "unit", value: unit.trimStart() }];
    }
    case "currency": {
      const { currency, currencyDisplay: display } = options;
      if (display === "name") return [...signPart, ...body, { type: "literal", value: " " }, { type: "currency", value: NAMES[currency]?.[value === 1 ? 0 : 1] ?? currency }];
      const symbol = display === "code" ? currency : display === "narrowSymbol" ? (SYMBOLS[currency] ?? currency).replace(/^[A-Z]+(?=\$|¥)/, "") : localSymbol(options.locale, currency);
      if (after) return [...signPart, ...body, { type: "literal", value: "\u00a0" }, { type: "currency", value: symbol }];
      const gap = /[A-Za-z]$/.test(symbol) ? [{ type: "literal", value: "\u00a0" }] : [];
      const shown = [{ type: "currency", value: symbol }, ...gap, ...body];
      if (options.currencySign === "accounting" && sign === "-") return [{ type: "literal", value: "(" }, ...shown, { type: "literal", value: ")" }];
      return [...signPart, ...shown];
    }
    default:
      return [...signPart, ...body];
  }
}

const LOCAL = { CA: "CAD", AU: "AUD", NZ: "NZD", MX: "MXN", HK: "HKD", JP: "JPY", CN: "CNY" };
const localSymbol = (locale, currency) => (LOCAL[locale.split("-")[1]] === currency ? (SYMBOLS[currency] ?? currency).replace(/^[A-Z]+(?=\$|¥)/, "") : (SYMBOLS[currency] ?? currency));

export class PluralRules {
  #type;
  #locale;
  constructor(locales, { type = "cardinal" } = {}) {
    this.#type = type;
    this.#locale = localeOf(locales);
  }
  select(number) {
    if (this.#type === "ordinal") {
      const tens = number % 100, ones = number % 10;
      if (ones === 1 && tens !== 11) return "one";
      if (ones === 2 && tens !== 12) return "two";
      return ones === 3 && tens !== 13 ? "few" : "other";
    }
    return Math.abs(number) === 1 ? "one" : "other";
  }
  resolvedOptions() {
    return { locale: this.#locale, type: this.#type, pluralCategories: this.#type === "ordinal" ? ["few", "one", "two", "other"] : ["one", "other"] };
  }
}
