// What the prelude cannot do in JavaScript: the call to the host, clocks, randomness, output, evaluation, and a look inside
// values. The prelude alone gets these functions; a program never sees the object.
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

#include "guest.h"

#define countof(array) (sizeof(array) / sizeof((array)[0]))

__attribute__((import_module("host"), import_name("call"))) int host_call(const char *request, size_t length, char **reply,
                                                                           size_t *reply_length);

enum host_status { HOST_OK, HOST_RANGE, HOST_MEMORY, HOST_OUTSIDE, HOST_GONE };

static JSValue throw_ending(JSContext *ctx, enum ending how, int code) {
  guest_end(how, code);
  JSValue error = JS_NewError(ctx);
  // No `catch` and no `finally` of the program stands between it and its end.
  JS_SetUncatchableError(ctx, error);
  return JS_Throw(ctx, error);
}

// call(text): sends one request and returns the reply's document.
static JSValue native_call(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t length;
  const char *request = JS_ToCStringLen(ctx, &length, argv[0]);
  if (!request) return JS_EXCEPTION;
  char *reply = NULL;
  size_t reply_length = 0;
  int status = host_call(request, length, &reply, &reply_length);
  JS_FreeCString(ctx, request);
  switch (status) {
    case HOST_OK: {
      JSValue value = JS_ParseJSON(ctx, reply, reply_length, "<reply>");
      free(reply);
      return value;
    }
    case HOST_RANGE:
      return JS_ThrowRangeError(ctx, "a request to the host may have 17 MiB, this one has %zu KiB", length >> 10);
    case HOST_MEMORY:
      return JS_ThrowOutOfMemory(ctx);
    case HOST_GONE:
      return throw_ending(ctx, ENDING_GONE, 0);
    default:
      return JS_ThrowInternalError(ctx, "the host answers only while a program runs");
  }
}

bool guest_request(const char *request, size_t length) {
  char *reply = NULL;
  size_t reply_length = 0;
  if (host_call(request, length, &reply, &reply_length) != HOST_OK) return false;
  free(reply);
  return true;
}

static JSValue native_exit(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  int32_t code = 0;
  if (JS_ToInt32(ctx, &code, argv[0])) return JS_EXCEPTION;
  return throw_ending(ctx, ENDING_EXIT, code);
}

static JSValue native_register(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  for (int i = 0; i < HOOK_COUNT; i++) guest_set_hook(i, JS_DupValue(ctx, argv[i]));
  return JS_UNDEFINED;
}

bool guest_write(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    __wasi_ciovec_t part = {(const uint8_t *)bytes, length};
    __wasi_size_t written = 0;
    if (__wasi_fd_write(fd, &part, 1, &written) != 0 || written == 0) return false;
    bytes += written;
    length -= written;
  }
  return true;
}

// write(fd, text): unbuffered, so that a program that is killed has said what it said.
static JSValue native_write(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  int32_t fd;
  size_t length;
  if (JS_ToInt32(ctx, &fd, argv[0])) return JS_EXCEPTION;
  const char *text = JS_ToCStringLen(ctx, &length, argv[1]);
  if (!text) return JS_EXCEPTION;
  bool written = guest_write(fd, text, length);
  JS_FreeCString(ctx, text);
  return JS_NewBool(ctx, written);
}

// monotonic(): nanoseconds as a number; exact for the hundred days after the clock's start.
static JSValue native_monotonic(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  __wasi_timestamp_t now = 0;
  if (__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1000, &now)) return JS_ThrowInternalError(ctx, "no clock");
  return JS_NewFloat64(ctx, (double)now);
}

static JSValue native_random(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t length;
  uint8_t *bytes = JS_GetUint8Array(ctx, &length, argv[0]);
  if (!bytes) return JS_EXCEPTION;
  if (length && __wasi_random_get(bytes, length)) return JS_ThrowInternalError(ctx, "no randomness");
  return JS_DupValue(ctx, argv[0]);
}

// environ(): `NAME=value` strings, read anew: the C library would answer with what it saw at build time.
static JSValue native_environ(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  __wasi_size_t count = 0, size = 0;
  JSValue list = JS_NewArray(ctx);
  if (JS_IsException(list) || __wasi_environ_sizes_get(&count, &size) || !count) return list;
  uint8_t **entries = malloc(count * sizeof *entries);
  uint8_t *text = malloc(size);
  if (entries && text && !__wasi_environ_get(entries, text)) {
    for (uint32_t i = 0; i < count; i++) JS_SetPropertyUint32(ctx, list, i, JS_NewString(ctx, (const char *)entries[i]));
  }
  free(entries);
  free(text);
  return list;
}

// compile(code, file): the code as the body of an async function. The wrapper's head is lines -1 and 0 (the engine takes 0 as the
// first line for 1), so that the code keeps its own positions.
static JSValue native_compile(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  static const char head[] = "(async function () {\n\n", tail[] = "\n})";
  size_t length;
  const char *code = JS_ToCStringLen(ctx, &length, argv[0]);
  const char *file = code ? JS_ToCString(ctx, argv[1]) : NULL;
  char *text = file ? malloc(sizeof head + length + sizeof tail) : NULL;
  JSValue function = JS_EXCEPTION;
  if (text) {
    size_t size = sizeof head - 1;
    memcpy(text, head, size);
    memcpy(text + size, code, length);
    // A `#!` line is a comment to every other tool.
    if (length >= 2 && !memcmp(code, "#!", 2)) memcpy(text + size, "//", 2);
    size += length;
    memcpy(text + size, tail, sizeof tail);
    size += sizeof tail - 1;
    JSEvalOptions options = {JS_EVAL_OPTIONS_VERSION, JS_EVAL_TYPE_GLOBAL, file, -1};
    function = JS_Eval2(ctx, text, size, &options);
    if (!JS_IsException(function) && !JS_IsFunction(ctx, function)) {
      JS_FreeValue(ctx, function);
      function = JS_ThrowSyntaxError(ctx, "unbalanced braces");
    }
    free(text);
  } else if (file) {
    function = JS_ThrowOutOfMemory(ctx);
  }
  JS_FreeCString(ctx, code);
  JS_FreeCString(ctx, file);
  return function;
}

// evaluate(code, file): a global script with top-level await; a promise of {value}.
static JSValue native_evaluate(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t length;
  const char *code = JS_ToCStringLen(ctx, &length, argv[0]);
  const char *file = code ? JS_ToCString(ctx, argv[1]) : NULL;
  JSValue promise = file ? JS_Eval(ctx, code, length, file, JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_ASYNC) : JS_EXCEPTION;
  JS_FreeCString(ctx, code);
  JS_FreeCString(ctx, file);
  return promise;
}

static JSValue native_forget(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  JSAtom name = JS_ValueToAtom(ctx, argv[0]);
  if (name == JS_ATOM_NULL) return JS_EXCEPTION;
  bool forgotten = guest_forget_global(ctx, name);
  JS_FreeAtom(ctx, name);
  return JS_NewBool(ctx, forgotten);
}

static JSValue native_raw_stack(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  return guest_raw_stack(ctx, argv[0]);
}

static JSValue native_iterated(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  return guest_iterated(ctx, argv[0]);
}

// promise(value): [state, result] of a promise (0 pending, 1 fulfilled, 2 rejected), undefined for anything else.
static JSValue native_promise(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  JSPromiseStateEnum state = JS_PromiseState(ctx, argv[0]);
  if (state == JS_PROMISE_NOT_A_PROMISE) return JS_UNDEFINED;
  JSValue pair = JS_NewArray(ctx);
  JS_SetPropertyUint32(ctx, pair, 0, JS_NewInt32(ctx, state == JS_PROMISE_PENDING ? 0 : state == JS_PROMISE_FULFILLED ? 1 : 2));
  JS_SetPropertyUint32(ctx, pair, 1, state == JS_PROMISE_PENDING ? JS_UNDEFINED : JS_PromiseResult(ctx, argv[0]));
  return pair;
}

static JSValue native_proxy_target(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  return JS_IsProxy(argv[0]) ? JS_GetProxyTarget(ctx, argv[0]) : JS_UNDEFINED;
}

static JSValue native_utf8_length(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t length;
  const char *text = JS_ToCStringLen(ctx, &length, argv[0]);
  if (!text) return JS_EXCEPTION;
  JS_FreeCString(ctx, text);
  return JS_NewInt64(ctx, length);
}

static JSValue native_utf8_encode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t length;
  const char *text = JS_ToCStringLen(ctx, &length, argv[0]);
  if (!text) return JS_EXCEPTION;
  JSValue bytes = JS_NewUint8ArrayCopy(ctx, (const uint8_t *)text, length);
  JS_FreeCString(ctx, text);
  return bytes;
}

// Length of the valid sequence at `at`, or minus the length of the part that one U+FFFD replaces (the WHATWG's rule).
static int utf8_sequence(const uint8_t *at, const uint8_t *end) {
  uint8_t first = at[0], low = 0x80, high = 0xbf;
  int length;
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) length = 2;
  else if ((first & 0xf0) == 0xe0) length = 3;
  else if (first >= 0xf0 && first <= 0xf4) length = 4;
  else return -1;
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed) high = 0x9f;
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  for (int i = 1; i < length; i++) {
    if (at + i >= end || at[i] < low || at[i] > high) return -i;
    low = 0x80;
    high = 0xbf;
  }
  return length;
}

// utf8Decode(bytes, fatal): undefined when `fatal` and malformed.
static JSValue native_utf8_decode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t length, bad = 0;
  const uint8_t *bytes = JS_GetUint8Array(ctx, &length, argv[0]);
  if (JS_HasException(ctx)) return JS_EXCEPTION;
  const uint8_t *end = bytes + length;
  for (const uint8_t *at = bytes; at < end;) {
    int step = utf8_sequence(at, end);
    if (step < 0) bad++;
    at += abs(step);
  }
  if (!bad) return JS_NewStringLen(ctx, (const char *)bytes, length);
  if (JS_ToBool(ctx, argv[1])) return JS_UNDEFINED;
  char *clean = malloc(length + 2 * bad), *to = clean;
  if (!clean) return JS_ThrowOutOfMemory(ctx);
  for (const uint8_t *at = bytes; at < end;) {
    int step = utf8_sequence(at, end);
    if (step > 0) memcpy(to, at, step), to += step;
    else memcpy(to, "\xef\xbf\xbd", 3), to += 3;
    at += abs(step);
  }
  JSValue text = JS_NewStringLen(ctx, clean, to - clean);
  free(clean);
  return text;
}

// latin1Decode(bytes): one character for each byte.
static JSValue native_latin1_decode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t length;
  const uint8_t *bytes = JS_GetUint8Array(ctx, &length, argv[0]);
  if (JS_HasException(ctx)) return JS_EXCEPTION;
  char *text = malloc(2 * length + 1), *to = text;
  if (!text) return JS_ThrowOutOfMemory(ctx);
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] < 0x80) *to++ = bytes[i];
    else *to++ = 0xc0 | bytes[i] >> 6, *to++ = 0x80 | (bytes[i] & 0x3f);
  }
  JSValue string = JS_NewStringLen(ctx, text, to - text);
  free(text);
  return string;
}

// exhausted(): whether memory ran out since the program began.
static JSValue native_exhausted(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  return JS_NewBool(ctx, guest_exhausted());
}

static const struct {
  const char *name;
  JSCFunction *function;
  int length;
} natives[] = {
    {"call", native_call, 1},
    {"exit", native_exit, 1},
    {"register", native_register, HOOK_COUNT},
    {"write", native_write, 2},
    {"monotonic", native_monotonic, 0},
    {"random", native_random, 1},
    {"environ", native_environ, 0},
    {"compile", native_compile, 2},
    {"evaluate", native_evaluate, 2},
    {"forget", native_forget, 1},
    {"rawStack", native_raw_stack, 1},
    {"iterated", native_iterated, 1},
    {"promise", native_promise, 1},
    {"proxyTarget", native_proxy_target, 1},
    {"utf8Length", native_utf8_length, 1},
    {"utf8Encode", native_utf8_encode, 1},
    {"utf8Decode", native_utf8_decode, 2},
    {"latin1Decode", native_latin1_decode, 1},
    {"exhausted", native_exhausted, 0},
};

static int export_natives(JSContext *ctx, JSModuleDef *module) {
  JSValue object = JS_GetModulePrivateValue(ctx, module);
  return JS_SetModuleExport(ctx, module, "native", object);
}

bool guest_define_natives(JSContext *ctx) {
  JSValue object = JS_NewObject(ctx);
  for (size_t i = 0; i < countof(natives); i++) {
    JSValue function = JS_NewCFunction(ctx, natives[i].function, natives[i].name, natives[i].length);
    if (JS_SetPropertyStr(ctx, object, natives[i].name, function) < 0) return false;
  }
  if (!files_define(ctx, object) || !digest_define(ctx, object)) return false;
  JSModuleDef *module = JS_NewCModule(ctx, PRELUDE_PREFIX "native", export_natives);
  if (!module || JS_AddModuleExport(ctx, module, "native") < 0) return false;
  return JS_SetModulePrivateValue(ctx, module, object) == 0;
}
