// Locale names. Without one it is en-US; every other is accepted, and formatted as far as the tables go.

export function localeOf(locales) {
  const asked = Array.isArray(locales) ? locales[0] : locales;
  if (asked === undefined) return "en-US";
  return canonical(asked);
}

export function canonical(locale) {
  if (typeof locale !== "string" && typeof locale !== "object") throw new TypeError("Incorrect locale information provided");
  const [language, ...rest] = `${locale}`.split("-u-")[0].split("-");
  if (!/^[a-zA-Z]{2,8}$/.test(language) || rest.some((part) => !/^[a-zA-Z0-9]{1,8}$/.test(part))) throw new RangeError(`Incorrect locale information provided`);
  const parts = rest.map((part) => (part.length === 2 ? part.toUpperCase() : part.length === 4 && /^[a-z]+$/i.test(part) ? part[0].toUpperCase() + part.slice(1).toLowerCase() : part.toLowerCase()));
  return [language.toLowerCase(), ...parts].join("-");
}
