// The globals that are not the language's: the web's and Node's.

import { Buffer } from "./buffer.js";
import { structuredClone } from "./clone.js";
import { crypto } from "./crypto.js";
import { TextDecoder, TextEncoder } from "./encoding.js";
import { AbortController, AbortSignal, CustomEvent, Event, EventTarget } from "./events.js";
import { fetch, Headers, Request, Response } from "./fetch.js";
import { fs } from "./fs.js";
import { Intl } from "./intl.js";
import { require } from "./modules.js";
import { performance } from "./performance.js";
import { URL, URLSearchParams } from "./url.js";

export const globals = {
  AbortController,
  AbortSignal,
  Buffer,
  CustomEvent,
  Event,
  EventTarget,
  Headers,
  Intl,
  Request,
  Response,
  TextDecoder,
  TextEncoder,
  URL,
  URLSearchParams,
  crypto,
  fetch,
  fs,
  performance,
  require,
  structuredClone,
};
export { require };
