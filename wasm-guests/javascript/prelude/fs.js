// `fs` and `fs/promises` on the sandbox's files. Every operation is done at once and whole: the promise forms exist because programs are
// written with them. No streams over descriptors, no watching, no permissions.

import { native } from "guest:native";
import { Buffer, decodeBytes, encodeText } from "./buffer.js";
import { hidden } from "./errors.js";
import { path as paths } from "./path.js";

const WRITE = { replace: 0, append: 1, create: 2 };

function failure(result, call, path, target) {
  const [code, text] = native.fileError(-result);
  // Outside every directory that was granted, the system below says so in its own terms.
  const known = code === "ENOTCAPABLE" || code === "EBADF" ? ["EACCES", `not inside the sandbox's files`] : [code, text.charAt(0).toLowerCase() + text.slice(1)];
  const error = new Error(`${known[0]}: ${known[1]}, ${call} '${path}'${target === undefined ? "" : ` -> '${target}'`}`);
  Error.captureStackTrace(error);
  return Object.assign(error, { errno: result, code: known[0], syscall: call, path }, target === undefined ? {} : { dest: target });
}

const isFailure = (result) => typeof result === "number" && result < 0;

function check(result, call, path, target) {
  if (isFailure(result)) throw failure(result, call, path, target);
  return result;
}

function full(path) {
  if (path instanceof URL) path = decodeURIComponent(path.pathname);
  if (ArrayBuffer.isView(path)) path = decodeBytes(path);
  if (typeof path !== "string") {
    throw Object.assign(new TypeError(`The "path" argument must be of type string or an instance of Buffer or URL. Received ${path === null ? "null" : typeof path}`), { code: "ERR_INVALID_ARG_TYPE" });
  }
  if (path.includes("\0")) throw Object.assign(new TypeError(`The argument 'path' must be a string without null bytes.`), { code: "ERR_INVALID_ARG_VALUE" });
  return paths.resolve(path);
}

const encodingOf = (options) => (typeof options === "string" ? options : options?.encoding);
const dataOf = (data, options) => (typeof data === "string" && ["utf8", "utf-8", undefined, null].includes(encodingOf(options)) ? data.toWellFormed() : typeof data === "string" ? encodeText(data, encodingOf(options)) : bytes(data));

function bytes(data) {
  if (data instanceof Uint8Array) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw Object.assign(new TypeError(`The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received ${data === null ? "null" : typeof data}`), { code: "ERR_INVALID_ARG_TYPE" });
}

class Stats {
  constructor([type, size, atime, mtime, ctime, ino, nlink]) {
    const mode = type === 2 ? 0o40755 : type === 3 ? 0o120777 : 0o100644;
    Object.assign(this, { dev: 0, mode, nlink, uid: 0, gid: 0, rdev: 0, blksize: 4096, ino, size, blocks: Math.ceil(size / 512), atimeMs: atime, mtimeMs: mtime, ctimeMs: ctime, birthtimeMs: ctime });
    Object.assign(this, { atime: new Date(atime), mtime: new Date(mtime), ctime: new Date(ctime), birthtime: new Date(ctime) });
    hidden(this, "_type", type);
  }
}
class Dirent {
  constructor(name, parentPath, type) {
    Object.assign(this, { name, parentPath, path: parentPath });
    hidden(this, "_type", type);
  }
}
for (const Type of [Stats, Dirent]) {
  for (const [method, type] of [["isFile", 1], ["isDirectory", 2], ["isSymbolicLink", 3], ["isBlockDevice", 9], ["isCharacterDevice", 9], ["isFIFO", 9], ["isSocket", 9]]) {
    hidden(Type.prototype, method, function () {
      return this._type === type;
    });
  }
}

const stat = (path, follow) => native.fileStat(path, follow);
const listing = (path) => {
  const flat = check(native.fileList(path), "scandir", path);
  const out = [];
  for (let at = 0; at < flat.length; at += 2) out.push({ name: flat[at], type: flat[at + 1] });
  return out.sort((one, other) => (one.name < other.name ? -1 : 1));
};

function remove(path, recursive, force) {
  const found = stat(path, false);
  if (isFailure(found)) {
    if (force && native.fileError(-found)[0] === "ENOENT") return;
    throw failure(found, "rm", path);
  }
  if (found[0] !== 2) return void check(native.fileUnlink(path), "unlink", path);
  if (!recursive) throw Object.assign(new Error(`Path is a directory: rm returned EISDIR (is a directory) ${path}`), { code: "ERR_FS_EISDIR", path });
  for (const { name } of listing(path)) remove(`${path}/${name}`, true, force);
  check(native.fileRmdir(path), "rmdir", path);
}

function copy(from, to, options = {}) {
  const found = check(stat(from, true), "cp", from, to);
  if (found[0] !== 2) return sync.copyFile(from, to);
  if (!options.recursive) throw Object.assign(new Error(`Recursive option not enabled, cannot copy a directory: ${from}`), { code: "ERR_FS_EISDIR" });
  sync.mkdir(to, { recursive: true });
  for (const { name } of listing(from)) copy(`${from}/${name}`, `${to}/${name}`, options);
}

// Each operation once, synchronous; the other two forms are made of these.
const sync = {
  readFile(path, options) {
    path = full(path);
    const read = check(native.fileRead(path), "open", path);
    const encoding = encodingOf(options);
    return encoding && encoding !== "buffer" ? decodeBytes(read, encoding) : Buffer.from(read.buffer);
  },
  writeFile(path, data, options) {
    path = full(path);
    const flag = options?.flag ?? "w";
    const mode = flag.startsWith("a") ? WRITE.append : flag.includes("x") ? WRITE.create : WRITE.replace;
    check(native.fileWrite(path, dataOf(data, options), mode), "open", path);
  },
  appendFile(path, data, options) {
    path = full(path);
    check(native.fileWrite(path, dataOf(data, options), WRITE.append), "open", path);
  },
  readdir(path, options) {
    path = full(path);
    const collect = (directory, prefix) =>
      listing(directory).flatMap(({ name, type }) => {
        const entry = options?.withFileTypes ? new Dirent(name, directory, type) : prefix + name;
        return options?.recursive && type === 2 ? [entry, ...collect(`${directory}/${name}`, `${prefix}${name}/`)] : [entry];
      });
    return collect(path, "");
  },
  mkdir(path, options) {
    path = full(path);
    if (!options?.recursive) return void check(native.fileMkdir(path), "mkdir", path);
    let first, at = "";
    for (const segment of path.split("/").filter(Boolean)) {
      at += `/${segment}`;
      const found = stat(at, true);
      if (!isFailure(found)) {
        if (found[0] !== 2) throw Object.assign(new Error(`EEXIST: file already exists, mkdir '${path}'`), { code: "EEXIST", syscall: "mkdir", path });
        continue;
      }
      const made = native.fileMkdir(at);
      // Above the granted directories nothing can be seen, nor does it need to be made.
      if (isFailure(made) && at !== path) continue;
      check(made, "mkdir", path);
      first ??= at;
    }
    return first;
  },
  stat(path, options) {
    path = full(path);
    const found = stat(path, true);
    if (isFailure(found) && options?.throwIfNoEntry === false) return undefined;
    return new Stats(check(found, "stat", path));
  },
  lstat(path) {
    path = full(path);
    return new Stats(check(stat(path, false), "lstat", path));
  },
  access(path) {
    path = full(path);
    check(stat(path, true), "access", path);
  },
  exists(path) {
    try {
      return !isFailure(stat(full(path), true));
    } catch {
      return false;
    }
  },
  unlink(path) {
    path = full(path);
    check(native.fileUnlink(path), "unlink", path);
  },
  rmdir(path, options) {
    path = full(path);
    if (options?.recursive) return remove(path, true, false);
    check(native.fileRmdir(path), "rmdir", path);
  },
  rm(path, options) {
    remove(full(path), Boolean(options?.recursive), Boolean(options?.force));
  },
  rename(from, to) {
    [from, to] = [full(from), full(to)];
    check(native.fileRename(from, to), "rename", from, to);
  },
  copyFile(from, to) {
    [from, to] = [full(from), full(to)];
    const read = check(native.fileRead(from), "copyfile", from, to);
    check(native.fileWrite(to, read, WRITE.replace), "copyfile", from, to);
  },
  cp: (from, to, options) => copy(full(from), full(to), options),
  symlink(target, path) {
    path = full(path);
    check(native.fileSymlink(`${target}`, path), "symlink", `${target}`, path);
  },
  readlink(path) {
    path = full(path);
    return check(native.fileReadlink(path), "readlink", path);
  },
  realpath(path) {
    path = full(path);
    check(stat(path, true), "realpath", path);
    return path;
  },
  truncate(path, length = 0) {
    path = full(path);
    check(native.fileTruncate(path, length), "truncate", path);
  },
  mkdtemp(prefix) {
    const name = `${prefix}${Math.random().toString(36).slice(2, 8).padEnd(6, "0")}`;
    sync.mkdir(name);
    return name;
  },
};

export const constants = { F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1 };

/** `fs/promises`. */
export const fsPromises = { constants };
/** `fs`: the names with Sync at once, the plain ones with a callback, or, without one, as promises. */
export const fs = { constants, promises: fsPromises, Stats, Dirent };
for (const name of Object.keys(sync)) {
  const operation = sync[name];
  const promised = { [name]: async (...given) => operation(...given) }[name];
  fsPromises[name] = promised;
  fs[`${name}Sync`] = operation;
  fs[name] = {
    [name](...given) {
      const done = given.at(-1);
      if (typeof done !== "function") return promised(...given);
      given.pop();
      promised(...given).then(
        (value) => queueMicrotask(() => (name === "exists" ? done(value) : done(null, value))),
        (error) => queueMicrotask(() => done(error)),
      );
    },
  }[name];
}
for (const name of ["createReadStream", "createWriteStream", "open", "openSync", "watch", "watchFile"]) {
  fs[name] = () => {
    throw Object.assign(new Error(`fs.${name} is not available in the sandbox: files are read and written whole (readFile, writeFile, appendFile)`), { code: "ERR_NOT_AVAILABLE" });
  };
}
