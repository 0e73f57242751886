// Intl.DateTimeFormat: English words in the orders of en-US and en-GB, the numeric forms of a few other locales.

import { localeOf } from "./intl-locale.js";
import { offsetAt, zoneName, zoneOf } from "./intl-zone.js";

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
// Order of a numeric date, its separator, whether day and month have two digits, whether there are 12 hours, and what joins date and time.
const FORMS = {
  "en-US": ["mdy", "/", false, true, ", "], "en-CA": ["ymd", "-", true, true, ", "], en: ["mdy", "/", false, true, ", "], "en-GB": ["dmy", "/", true, false, ", "], "en-AU": ["dmy", "/", true, true, ", "], "en-NZ": ["dmy", "/", true, true, ", "], "en-IN": ["dmy", "/", false, true, ", "], "en-IE": ["dmy", "/", false, false, ", "], "en-ZA": ["ymd", "/", true, false, ", "],
  de: ["dmy", ".", false, false, ", "], fr: ["dmy", "/", true, false, " "], es: ["dmy", "/", false, false, ", "], it: ["dmy", "/", false, false, ", "], nl: ["dmy", "-", false, false, ", "], pt: ["dmy", "/", true, false, ", "], sv: ["ymd", "-", true, false, " "], da: ["dmy", ".", false, false, " "], nb: ["dmy", ".", false, false, ", "], fi: ["dmy", ".", false, false, " "], pl: ["dmy", ".", true, false, ", "], ru: ["dmy", ".", true, false, ", "], ja: ["ymd", "/", false, false, " "], zh: ["ymd", "/", false, false, " "],
};
const DATE_STYLES = {
  full: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  long: { year: "numeric", month: "long", day: "numeric" },
  medium: { year: "numeric", month: "short", day: "numeric" },
  short: { year: "2-digit", month: "numeric", day: "numeric" },
};
const TIME_STYLES = {
  full: { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "long" },
  long: { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "short" },
  medium: { hour: "numeric", minute: "2-digit", second: "2-digit" },
  short: { hour: "numeric", minute: "2-digit" },
};
const DATE_FIELDS = ["weekday", "year", "month", "day"];
const TIME_FIELDS = ["hour", "minute", "second", "fractionalSecondDigits", "dayPeriod"];
const NUMERIC_DATE = { year: "numeric", month: "numeric", day: "numeric" };
const NUMERIC_TIME = { hour: "numeric", minute: "2-digit", second: "2-digit" };

export class DateTimeFormat {
  #locale;
  #zone;
  #fields;
  #options;
  #form;
  #hour12;

  constructor(locales, options = {}, usual = "date", needed = "any") {
    if (!new.target) return new DateTimeFormat(locales, options);
    options ??= {};
    this.#locale = localeOf(locales);
    this.#zone = zoneOf(options.timeZone);
    this.#options = options;
    this.#form = FORMS[this.#locale] ?? FORMS[this.#locale.split("-")[0]] ?? FORMS["en-US"];
    this.#fields = fieldsOf(options, usual, needed);
    this.#hour12 = options.hour12 ?? (options.hourCycle ? /^h1[12]$/.test(options.hourCycle) : this.#form[3]);
    this.format = (date) => this.formatToParts(date).map((part) => part.value).join("");
    Object.defineProperty(this, "format", { enumerable: false });
  }

  formatToParts(date) {
    const time = date === undefined ? Date.now() : Number(date);
    if (!Number.isFinite(time)) throw new RangeError("Invalid time value");
    const local = new Date(time + offsetAt(this.#zone, time));
    const fields = this.#fields;
    const dateParts = this.#dateParts(local, fields);
    const timeParts = this.#timeParts(local, fields, time);
    if (dateParts.length === 0 || timeParts.length === 0) return [...dateParts, ...timeParts];
    return [...dateParts, literal(this.#joint(fields)), ...timeParts];
  }

  #joint(fields) {
    const style = this.#options.dateStyle;
    if (style ? style === "full" || style === "long" : fields.month === "long" && fields.day) return " at ";
    if (fields.weekday && !fields.month && !fields.day) return " ";
    return this.#form[4];
  }

  #dateParts(local, fields) {
    const [order, separator, padded] = this.#form;
    const year = local.getUTCFullYear(), month = local.getUTCMonth(), day = local.getUTCDate();
    const weekday = fields.weekday && part("weekday", fields.weekday === "long" ? DAYS[local.getUTCDay()] : DAYS[local.getUTCDay()].slice(0, fields.weekday === "narrow" ? 1 : 3));
    const shown = {
      y: fields.year && part("year", fields.year === "2-digit" ? `${year % 100}`.padStart(2, "0") : `${year}`),
      m: undefined,
      d: fields.day && part("day", fields.day === "2-digit" ? pad(day) : `${day}`),
    };
    const words = fields.month && !/^(?:numeric|2-digit)$/.test(fields.month);
    if (words) {
      const name = MONTHS[month];
      shown.m = part("month", fields.month === "long" ? name : fields.month === "narrow" ? name[0] : order === "dmy" && month === 8 && this.#locale !== "en-US" ? "Sept" : name.slice(0, 3));
      return this.#worded(weekday, shown, order);
    }
    // en-GB and its like pad both when they stand together.
    const pads = padded && fields.day && fields.month;
    if (fields.month) shown.m = part("month", fields.month === "2-digit" || pads ? pad(month + 1) : `${month + 1}`);
    if (shown.d && pads) shown.d = part("day", pad(day));
    const parts = join([...order].map((letter) => shown[letter]).filter(Boolean), separator);
    if (!weekday) return parts;
    return parts.length === 0 ? [weekday] : shown.m || shown.y ? [weekday, literal(", "), ...parts] : [...parts, literal(" "), weekday];
  }

  #worded(weekday, { y, m, d }, order) {
    if (order === "mdy" || this.#locale === "en-CA") {
      const first = d ? [m, literal(" "), d] : [m];
      const rest = y ? [literal(d ? ", " : " "), y] : [];
      return weekday ? [weekday, literal(", "), ...first, ...rest] : [...first, ...rest];
    }
    const parts = join([d, m, y].filter(Boolean), " ");
    return weekday ? [weekday, literal(this.#options.weekday === "short" || !d ? ", " : " "), ...parts] : parts;
  }

  #timeParts(local, fields, time) {
    const parts = [];
    const hours = local.getUTCHours();
    if (fields.hour) {
      const twelve = hours % 12 === 0 ? (this.#options.hourCycle === "h11" ? 0 : 12) : hours % 12;
      // `hour12: false` in en-US counts from 24 at midnight (h24), which surprises; so it does everywhere.
      const plain = this.#options.hour12 === false && this.#form[3] && hours === 0 ? 24 : hours;
      const value = this.#hour12 ? twelve : plain;
      parts.push(part("hour", fields.hour === "2-digit" || (!this.#hour12 && (fields.minute || this.#locale.startsWith("en"))) ? pad(value) : `${value}`));
    }
    if (fields.minute) {
      if (parts.length) parts.push(literal(":"));
      parts.push(part("minute", fields.hour || fields.second ? pad(local.getUTCMinutes()) : `${local.getUTCMinutes()}`));
    }
    if (fields.second) {
      if (parts.length) parts.push(literal(":"));
      parts.push(part("second", fields.minute || fields.second === "2-digit" && fields.minute ? pad(local.getUTCSeconds()) : `${local.getUTCSeconds()}`));
      if (fields.fractionalSecondDigits) parts.push(literal("."), part("fractionalSecond", `${local.getUTCMilliseconds()}`.padStart(3, "0").slice(0, fields.fractionalSecondDigits)));
    }
    if (fields.hour && this.#hour12) parts.push(literal(" "), part("dayPeriod", /^en-(?:GB|AU|NZ|IN|IE)$/.test(this.#locale) ? (hours < 12 ? "am" : "pm") : this.#locale === "en-CA" ? (hours < 12 ? "a.m." : "p.m.") : hours < 12 ? "AM" : "PM"));
    if (fields.timeZoneName) parts.push(...(parts.length ? [literal(" ")] : []), part("timeZoneName", zoneName(this.#zone, time, fields.timeZoneName)));
    return parts;
  }

  formatRange(from, to) {
    return `${this.format(from)} – ${this.format(to)}`;
  }

  resolvedOptions() {
    const out = { locale: this.#locale, calendar: "gregory", numberingSystem: "latn", timeZone: this.#zone.name };
    if (this.#fields.hour) Object.assign(out, { hourCycle: this.#hour12 ? "h12" : "h23", hour12: this.#hour12 });
    return Object.assign(out, this.#fields);
  }

  static supportedLocalesOf(locales) {
    return [locales ?? []].flat().filter((locale) => /^en\b/i.test(locale));
  }
  get [Symbol.toStringTag]() {
    return "Intl.DateTimeFormat";
  }
}

// Which fields are shown, after the options' styles and what a method shows when they name none.
function fieldsOf(options, usual, needed) {
  if (options.dateStyle !== undefined || options.timeStyle !== undefined) {
    for (const [name, styles] of [["dateStyle", DATE_STYLES], ["timeStyle", TIME_STYLES]]) {
      if (options[name] !== undefined && !styles[options[name]]) throw new RangeError(`Value ${options[name]} out of range for Intl.DateTimeFormat options property ${name}`);
    }
    if ([...DATE_FIELDS, ...TIME_FIELDS, "timeZoneName"].some((field) => options[field] !== undefined)) throw new TypeError("Can't set option fields when dateStyle or timeStyle is used");
    return { ...DATE_STYLES[options.dateStyle], ...TIME_STYLES[options.timeStyle] };
  }
  const fields = {};
  for (const field of [...DATE_FIELDS, ...TIME_FIELDS, "timeZoneName"]) if (options[field] !== undefined) fields[field] = options[field];
  const named = (list) => list.some((field) => fields[field] !== undefined);
  const enough = needed === "date" ? named(DATE_FIELDS) : needed === "time" ? named(TIME_FIELDS) : named(DATE_FIELDS) || named(TIME_FIELDS);
  if (enough) return fields;
  return { ...(usual === "time" ? {} : NUMERIC_DATE), ...(usual === "date" ? {} : NUMERIC_TIME), ...fields };
}

const pad = (value) => `${value}`.padStart(2, "0");
const part = (type, value) => ({ type, value });
const literal = (value) => ({ type: "literal", value });
const join = (parts, separator) => parts.flatMap((item, at) => (at === 0 ? [item] : [literal(separator), item]));
