// `Intl` and the methods that rest on it. English only, by our own tables: the data of all languages would be ten times the engine.

import { hidden } from "./errors.js";
import { DateTimeFormat } from "./intl-date.js";
import { canonical } from "./intl-locale.js";
import { NumberFormat, PluralRules } from "./intl-number.js";
import { Collator, ListFormat, RelativeTimeFormat, Segmenter } from "./intl-text.js";

// They are called with and without `new`.
const callable = (Type) => new Proxy(Type, { apply: (target, self, given) => new Type(...given) });

export const Intl = {};
for (const Type of [DateTimeFormat, NumberFormat, PluralRules, Collator, ListFormat, RelativeTimeFormat, Segmenter]) hidden(Intl, Type.name, callable(Type));
hidden(Intl, "getCanonicalLocales", (locales) => [locales ?? []].flat().map(canonical));
hidden(Intl, "supportedValuesOf", (key) => (key === "timeZone" ? ["UTC"] : key === "calendar" ? ["gregory"] : key === "numberingSystem" ? ["latn"] : []));
Object.defineProperty(Intl, Symbol.toStringTag, { value: "Intl", configurable: true });

const toNumber = (locales, options, value) => new NumberFormat(locales, options).format(value);
hidden(Number.prototype, "toLocaleString", function toLocaleString(locales, options) {
  return toNumber(locales, options, Number.prototype.valueOf.call(this));
});
hidden(BigInt.prototype, "toLocaleString", function toLocaleString(locales, options) {
  return toNumber(locales, options, BigInt.prototype.valueOf.call(this));
});

const dateMethod = (name, usual, needed) =>
  hidden(Date.prototype, name, {
    [name](locales, options) {
      const time = Date.prototype.getTime.call(this);
      return Number.isNaN(time) ? "Invalid Date" : new DateTimeFormat(locales, options, usual, needed).format(time);
    },
  }[name]);
dateMethod("toLocaleString", "both", "any");
dateMethod("toLocaleDateString", "date", "date");
dateMethod("toLocaleTimeString", "time", "time");

const usualCollator = new Collator();
hidden(String.prototype, "localeCompare", function localeCompare(other, locales, options) {
  const collator = locales === undefined && options === undefined ? usualCollator : new Collator(locales, options);
  return collator.compare(`${this}`, `${other}`);
});

// The engine leaves out the zone's name, which programs cut off or match.
for (const name of ["toString", "toTimeString"]) {
  const original = Date.prototype[name];
  hidden(Date.prototype, name, {
    [name]() {
      const text = original.call(this);
      return text.endsWith("GMT+0000") ? `${text} (Coordinated Universal Time)` : text;
    },
  }[name]);
}
