// Node's `path`, POSIX rules.

import { workingDirectory } from "./process.js";

function normalizeSegments(path, absolute) {
  const out = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") out.push(segment);
    else if (out.length > 0 && out.at(-1) !== "..") out.pop();
    else if (!absolute) out.push("..");
  }
  return out.join("/");
}

function string(value, name) {
  if (typeof value !== "string") throw Object.assign(new TypeError(`The "${name}" argument must be of type string. Received ${value === null ? "null" : typeof value}`), { code: "ERR_INVALID_ARG_TYPE" });
  return value;
}

export const path = {
  sep: "/",
  delimiter: ":",
  normalize(value) {
    string(value, "path");
    if (value === "") return ".";
    const absolute = value.startsWith("/");
    const normal = normalizeSegments(value, absolute);
    const tail = value.endsWith("/") && normal !== "" ? "/" : "";
    return absolute ? `/${normal}${tail}` : normal === "" ? (value.endsWith("/") ? "./" : ".") : normal + tail;
  },
  join(...parts) {
    const joined = parts.filter((part) => string(part, "path") !== "").join("/");
    return joined === "" ? "." : path.normalize(joined);
  },
  resolve(...parts) {
    let whole = "";
    for (const part of [...parts.map((part) => string(part, "path"))].reverse()) {
      if (part === "") continue;
      whole = whole === "" ? part : `${part}/${whole}`;
      if (part.startsWith("/")) break;
    }
    if (!whole.startsWith("/")) whole = `${workingDirectory()}/${whole}`;
    return `/${normalizeSegments(whole, true)}`;
  },
  isAbsolute: (value) => string(value, "path").startsWith("/"),
  relative(from, to) {
    const start = path.resolve(from).split("/").filter(Boolean), end = path.resolve(to).split("/").filter(Boolean);
    let common = 0;
    while (common < start.length && common < end.length && start[common] === end[common]) common++;
    return [...Array(start.length - common).fill(".."), ...end.slice(common)].join("/");
  },
  dirname(value) {
    const trimmed = string(value, "path").replace(/\/+$/, "");
    const at = trimmed.lastIndexOf("/");
    if (at < 0) return value.startsWith("/") ? "/" : ".";
    return trimmed.slice(0, at).replace(/\/+$/, "") || "/";
  },
  basename(value, suffix = "") {
    const base = string(value, "path").replace(/\/+$/, "").split("/").at(-1);
    return suffix !== "" && base.endsWith(suffix) && base !== suffix ? base.slice(0, -suffix.length) : base;
  },
  extname(value) {
    const base = path.basename(value);
    const at = base.lastIndexOf(".");
    return at <= 0 || base === ".." ? "" : base.slice(at);
  },
  parse(value) {
    const base = path.basename(value), ext = path.extname(value), root = value.startsWith("/") ? "/" : "";
    const dir = path.dirname(value);
    return { root, dir: dir === "." && !value.startsWith(".") ? "" : dir, base, ext, name: ext ? base.slice(0, -ext.length) : base };
  },
  format: ({ dir, root = "", base, name = "", ext = "" }) => {
    const last = base ?? `${name}${ext && !ext.startsWith(".") ? "." : ""}${ext}`;
    return dir ? (dir === root ? `${dir}${last}` : `${dir}/${last}`) : `${root}${last}`;
  },
  toNamespacedPath: (value) => value,
};
path.posix = path;
