// Requests to the host (../../abi.md) and the replies' errors. The only caller of `native.call`.

import { native } from "guest:native";
import { ToolError, rememberToolError } from "./errors.js";
import { jsonStringify, stringIncludes, stringReplace } from "./primordials.js";

/** Sends one request; a failed one is thrown as a ToolError. */
export function request(op, fields) {
  const reply = native.call(wellFormed(jsonStringify({ op, ...fields })));
  if (reply.ok) return reply.value;
  throw toolError(reply.error);
}

/** As `request`, for a document that is JSON already. */
export function requestText(json) {
  const reply = native.call(wellFormed(json));
  if (reply.ok) return reply.value;
  throw toolError(reply.error);
}

export function toolError(document) {
  const error = new ToolError(document.message, document);
  rememberToolError(error, document);
  return error;
}

/** Half of a surrogate pair is no text to the host: JSON.stringify writes one as an escape, which becomes U+FFFD here. */
export function wellFormed(json) {
  if (!stringIncludes(json, "\\ud")) return json;
  return stringReplace(json, /\\(?:\\|u[dD][89a-fA-F][0-9a-fA-F]{2})/g, (found) => (found === "\\\\" ? found : "\\ufffd"));
}
