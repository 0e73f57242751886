// `artifacts`: values that outlive the run. What is small travels in the request; the rest goes through a file of the workspace. Everything
// is done at once and returns plain values, so that `await` may be written or left out.

import { Buffer } from "./buffer.js";
import { crypto } from "./crypto.js";
import { encode } from "./encode.js";
import { fs } from "./fs.js";
import { request, wellFormed } from "./host.js";
import { path as paths } from "./path.js";

// Bytes that are sent inside a request: as base64 they have less than the MiB that abi.md allows.
const INLINE_BYTES = 700_000;

const files = new WeakMap();

export const artifacts = {
  /** Keeps a JSON value, text, bytes (Uint8Array, Buffer, ArrayBuffer), or what `artifacts.file(path)` returns. */
  save(name, value, options) {
    const given = typeof options === "string" ? options : (options?.media_type ?? options?.mediaType);
    const fields = { action: "save", name: nameOf(name) };
    if (given !== undefined && given !== null) fields.media_type = `${given}`;
    const path = files.get(value);
    if (path !== undefined) return request("artifact", { ...fields, path });
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
      const bytes = value instanceof ArrayBuffer ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      if (bytes.length <= INLINE_BYTES) return request("artifact", { ...fields, base64: bytes.toString("base64") });
      return throughFile(fields, bytes);
    }
    fields.media_type ??= typeof value === "string" ? "text/plain" : "application/json";
    const text = typeof value === "string" ? value.toWellFormed() : jsonOf(value);
    if (Buffer.byteLength(text) <= INLINE_BYTES) return request("artifact", { ...fields, text });
    return throughFile(fields, text);
  },

  /** Stands for a file of the workspace: `artifacts.save("report", artifacts.file("report.csv"))`. */
  file(path) {
    const file = Object.freeze({ path: paths.resolve(`${path}`) });
    files.set(file, file.path);
    return file;
  },

  /** The value again: decoded JSON, text, or a Buffer. */
  load(name) {
    const found = request("artifact", { action: "load", name: nameOf(name) });
    let data = found.text;
    if (found.path !== undefined) {
      try {
        data = fs.readFileSync(found.path);
      } finally {
        fs.rmSync(found.path, { force: true });
      }
    } else if (found.base64 !== undefined) {
      data = Buffer.from(found.base64, "base64");
    }
    if (found.kind === "bytes") return data;
    const text = typeof data === "string" ? data : data.toString("utf8");
    return found.kind === "json" ? JSON.parse(text) : text;
  },

  /** The path of this run's own copy in the workspace, for `fs.readFileSync`. */
  open: (name) => request("artifact", { action: "open", name: nameOf(name) }),

  /** All artifacts, the newest first: objects with id, name, uri, size, media_type and preview. */
  list: () => request("artifact", { action: "list" }),

  /** Lets the model see an image. */
  show: (name) => request("artifact", { action: "show", name: nameOf(name) }),
};

// What save, list and a tool's reply return stands for its artifact.
const nameOf = (name) => (typeof name === "object" && name !== null && "id" in name ? `${name.id}` : `${name}`);

function jsonOf(value) {
  let json;
  try {
    json = encode(value);
  } catch (error) {
    throw new TypeError(`artifacts.save: the value has no JSON form: ${error?.message}`);
  }
  if (json === undefined) throw new TypeError(`artifacts.save: a value of type ${typeof value} has no JSON form`);
  return wellFormed(json);
}

function throughFile(fields, data) {
  const path = `/workspace/.artifact-${crypto.randomUUID()}`;
  try {
    fs.writeFileSync(path, data);
    return request("artifact", { ...fields, path });
  } finally {
    fs.rmSync(path, { force: true });
  }
}
