// The guest's two doors: `wizer.initialize`, once at build time, and `turn`, once for every program. This file owns the engine's
// runtime, the job loop and the way out. What a program sees is written in JavaScript (../prelude); what the prelude needs from
// below is in natives.c, files.c and digest.c.
//
// QuickJS-NG is compiled as part of this unit rather than patched: a few of its internals are needed (stack limit, random
// state, job queue, an error's raw stack, global names, what an iterator goes over), and reading them here breaks the build when an upgrade moves them.
#include "stack.h"

#include "quickjs.c"

#include <wasi/api.h>

#include "guest.h"

// The snapshot holds some thousand objects. Collecting only after this much growth keeps a small program from walking them all.
#define GC_THRESHOLD_BYTES (8 * 1024 * 1024)
// Held back so that a program that ran out of memory can still be told so.
#define RESERVE_BYTES (512 * 1024)

#define EXPORT(name) __attribute__((export_name(name)))

static JSRuntime *runtime;
static JSContext *context;
// Set once by the prelude (natives.c, `register`).
static JSValue hooks[HOOK_COUNT];
static void *reserve;
static enum ending ending;
static int exit_code;

static void fail_initialisation(const char *what) {
  JSValue error = JS_GetException(context);
  const char *text = JS_ToCString(context, error);
  JSValue stack = guest_raw_stack(context, error);
  const char *frames = JS_ToCString(context, stack);
  guest_write(2, what, strlen(what));
  guest_write(2, ": ", 2);
  if (text) guest_write(2, text, strlen(text));
  guest_write(2, "\n", 1);
  if (frames) guest_write(2, frames, strlen(frames));
  abort();
}

// Runs jobs until none is left. An exception can only be an ending: the promise machinery keeps every other one.
static void run_jobs(void) {
  JSContext *where;
  int state;
  while (ending == ENDING_NONE && (state = JS_ExecutePendingJob(runtime, &where)) != 0) {
    if (state < 0) JS_FreeValue(context, JS_GetException(context));
  }
}

// What a program that failed or exited left in the queue must not run at the start of the next one.
static void drop_jobs(void) {
  struct list_head *element, *next;
  list_for_each_safe(element, next, &runtime->job_list) {
    JSJobEntry *job = list_entry(element, JSJobEntry, link);
    list_del(element);
    for (int i = 0; i < job->argc; i++) JS_FreeValue(context, job->argv[i]);
    js_free(context, job);
  }
}

static JSValue call_hook(enum hook hook, int argc, JSValue *argv) {
  return JS_Call(context, hooks[hook], JS_UNDEFINED, argc, (JSValueConst *)argv);
}

EXPORT("host_alloc") char *host_alloc(size_t length) {
  // One byte more: the engine's parsers want text that ends in a zero.
  if (length == SIZE_MAX) return NULL;
  char *memory = malloc(length + 1);
  if (memory) memory[length] = 0;
  return memory;
}

// Rewinds everything that must not outlive a program, and what the snapshot froze.
static void begin_turn(void) {
  // The stack's top is taken anew: at build time it lay elsewhere.
  JS_UpdateStackTop(runtime);
  runtime->stack_limit = runtime->stack_top - STACK_LIMIT_BYTES;
  uint64_t seed = 0;
  __wasi_random_get((uint8_t *)&seed, sizeof seed);
  context->random_state = seed ? seed : 1;
  ending = ENDING_NONE;
  exit_code = 0;
  if (!reserve) reserve = malloc(RESERVE_BYTES);
}

// The last resort: a program that replaced what the prelude itself stands on still gets an outcome, and so does its session's next one.
static int report_broken(void) {
  static const char outcome[] =
      "{\"op\":\"result\",\"outcome\":{\"status\":\"error\",\"type\":\"InternalError\",\"message\":\"the program, or an earlier one of its "
      "session, changed built-in objects that the interpreter itself needs; start a new session\",\"traceback\":\"\"}}";
  return guest_request(outcome, sizeof outcome - 1) ? 0 : 2;
}

// Runs one program. 0: a result was sent; 1: the document was malformed; 2: no result could be built.
EXPORT("turn") int turn(char *document, size_t length) {
  begin_turn();
  JSValue parsed = JS_ParseJSON(context, document, length, "<turn>");
  free(document);
  if (JS_IsException(parsed)) {
    JS_FreeValue(context, JS_GetException(context));
    return 1;
  }
  JSValue accepted = call_hook(HOOK_BEGIN, 1, &parsed);
  JS_FreeValue(context, parsed);
  int state = JS_IsException(accepted) ? STEP_BROKEN : STEP_AGAIN;
  if (state == STEP_AGAIN && !JS_VALUE_GET_BOOL(accepted)) return 1;

  while (ending == ENDING_NONE && state == STEP_AGAIN) {
    run_jobs();
    if (ending != ENDING_NONE) break;
    JSValue next = call_hook(HOOK_STEP, 0, NULL);
    state = JS_IsException(next) ? STEP_BROKEN : JS_VALUE_GET_INT(next);
  }
  JS_FreeValue(context, JS_GetException(context));
  drop_jobs();
  if (ending == ENDING_EXIT) {
    ending = ENDING_NONE;
    JSValue code = JS_NewInt32(context, exit_code);
    state = JS_IsException(call_hook(HOOK_EXITED, 1, &code)) ? STEP_BROKEN : STEP_DONE;
    JS_FreeValue(context, JS_GetException(context));
  }
  if (ending == ENDING_GONE) return 2;
  return state == STEP_DONE ? 0 : report_broken();
}

void guest_end(enum ending how, int code) {
  ending = how;
  exit_code = code;
}

bool guest_exhausted(void) { return !reserve; }

// Gives up the reserve the moment an allocation fails: the error itself, and the report of it, are made from it.
static void *or_give_up_reserve(void *memory, size_t size) {
  if (!memory && size) {
    free(reserve);
    reserve = NULL;
  }
  return memory;
}

static void *allocate_zeroed(void *opaque, size_t count, size_t size) { return or_give_up_reserve(calloc(count, size), count * size); }
static void *allocate(void *opaque, size_t size) { return or_give_up_reserve(malloc(size), size); }
static void release(void *opaque, void *memory) { free(memory); }
static void *reallocate(void *opaque, void *memory, size_t size) { return or_give_up_reserve(realloc(memory, size), size); }
static const JSMallocFunctions allocator = {allocate_zeroed, allocate, release, reallocate, js__malloc_usable_size};

JSValue guest_raw_stack(JSContext *ctx, JSValueConst value) {
  if (JS_VALUE_GET_TAG(value) != JS_TAG_OBJECT) return JS_UNDEFINED;
  JSObject *object = JS_VALUE_GET_OBJ(value);
  if (object->class_id != JS_CLASS_ERROR && object->class_id != JS_CLASS_DOM_EXCEPTION) return JS_UNDEFINED;
  return js_dup(object->u.object_data);
}

// Takes back a name that an earlier script of the session declared, so that a later one can declare it again, as in a shell.
bool guest_forget_global(JSContext *ctx, JSAtom name) {
  JSObject *lexical = JS_VALUE_GET_OBJ(ctx->global_var_obj), *global = JS_VALUE_GET_OBJ(ctx->global_obj);
  if (find_own_property1(lexical, name)) return delete_property(ctx, lexical, name) == true;
  JSShapeProperty *property = find_own_property1(global, name);
  // What cannot be written is the language's own: NaN, undefined.
  if (!property || !(property->flags & JS_PROP_WRITABLE) || js_shape_prepare_update(ctx, global, &property)) return false;
  property->flags |= JS_PROP_CONFIGURABLE;
  return delete_property(ctx, global, name) == true;
}

// [collection, whether it yields pairs, whether it yields keys] of a Map's or Set's iterator, undefined for anything else.
JSValue guest_iterated(JSContext *ctx, JSValueConst value) {
  if (JS_VALUE_GET_TAG(value) != JS_TAG_OBJECT) return JS_UNDEFINED;
  JSObject *object = JS_VALUE_GET_OBJ(value);
  if (object->class_id != JS_CLASS_MAP_ITERATOR && object->class_id != JS_CLASS_SET_ITERATOR) return JS_UNDEFINED;
  JSMapIteratorData *data = object->u.map_iterator_data;
  if (!data || JS_IsUndefined(data->obj)) return JS_UNDEFINED;
  JSValue triple = JS_NewArray(ctx);
  JS_SetPropertyUint32(ctx, triple, 0, js_dup(data->obj));
  JS_SetPropertyUint32(ctx, triple, 1, JS_NewBool(ctx, data->kind == JS_ITERATOR_KIND_KEY_AND_VALUE));
  JS_SetPropertyUint32(ctx, triple, 2, JS_NewBool(ctx, data->kind == JS_ITERATOR_KIND_KEY));
  return triple;
}

void guest_set_hook(enum hook hook, JSValue function) {
  hooks[hook] = function;
}

static void on_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, bool handled, void *opaque) {
  JSValue arguments[3] = {js_dup(promise), js_dup(reason), JS_NewBool(ctx, handled)};
  if (!JS_IsUndefined(hooks[HOOK_REJECTION])) {
    JSValue saved = JS_GetException(ctx);
    JSValue done = call_hook(HOOK_REJECTION, 3, arguments);
    if (JS_IsException(done)) JS_FreeValue(ctx, JS_GetException(ctx));
    JS_FreeValue(ctx, done);
    if (!JS_IsUninitialized(saved)) JS_Throw(ctx, saved);
  }
  JS_FreeValue(ctx, arguments[0]);
  JS_FreeValue(ctx, arguments[1]);
}

// `import("fs")`: a module is made of the object that the prelude's `require` answers with.
static int fill_module(JSContext *ctx, JSModuleDef *module) {
  JSValue exports = JS_GetModulePrivateValue(ctx, module);
  JSPropertyEnum *names;
  uint32_t count;
  int failed = JS_GetOwnPropertyNames(ctx, &names, &count, exports, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY);
  if (!failed) {
    for (uint32_t i = 0; i < count; i++) {
      const char *name = JS_AtomToCString(ctx, names[i].atom);
      if (name && strcmp(name, "default")) JS_SetModuleExport(ctx, module, name, JS_GetProperty(ctx, exports, names[i].atom));
      JS_FreeCString(ctx, name);
    }
    JS_FreePropertyEnum(ctx, names, count);
    JS_SetModuleExport(ctx, module, "default", js_dup(exports));
  }
  JS_FreeValue(ctx, exports);
  return failed;
}

static JSModuleDef *module_of_object(JSContext *ctx, const char *name, JSValue exports) {
  JSPropertyEnum *names;
  uint32_t count;
  JSModuleDef *module = JS_NewCModule(ctx, name, fill_module);
  if (!module || JS_GetOwnPropertyNames(ctx, &names, &count, exports, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY)) {
    JS_FreeValue(ctx, exports);
    return NULL;
  }
  for (uint32_t i = 0; i < count; i++) {
    const char *export = JS_AtomToCString(ctx, names[i].atom);
    if (export && strcmp(export, "default")) JS_AddModuleExport(ctx, module, export);
    JS_FreeCString(ctx, export);
  }
  JS_FreePropertyEnum(ctx, names, count);
  JS_AddModuleExport(ctx, module, "default");
  JS_SetModulePrivateValue(ctx, module, exports);
  return module;
}

static JSModuleDef *load_module(JSContext *ctx, const char *name, void *opaque) {
  if (JS_IsUndefined(hooks[HOOK_REQUIRE])) {
    for (const struct prelude_file *file = prelude_files; file->name; file++) {
      if (strcmp(file->name, name)) continue;
      JSValue module = JS_Eval(ctx, file->text, file->length, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
      if (JS_IsException(module)) return NULL;
      JSModuleDef *definition = JS_VALUE_GET_PTR(module);
      JS_FreeValue(ctx, module);
      return definition;
    }
    JS_ThrowReferenceError(ctx, "the prelude has no %s", name);
    return NULL;
  }
  JSValue specifier = JS_NewString(ctx, name);
  JSValue exports = call_hook(HOOK_REQUIRE, 1, &specifier);
  JS_FreeValue(ctx, specifier);
  return JS_IsException(exports) ? NULL : module_of_object(ctx, name, exports);
}

// Inside the prelude `./x.js` is a file of the prelude; a program's specifiers are taken as they are.
static char *normalise_module(JSContext *ctx, const char *base, const char *name, void *opaque) {
  if (!strncmp(base, PRELUDE_PREFIX, strlen(PRELUDE_PREFIX)) && !strncmp(name, "./", 2)) {
    size_t size = strlen(PRELUDE_PREFIX) + strlen(name);
    char *full = js_malloc(ctx, size);
    if (full) snprintf(full, size, "%s%s", PRELUDE_PREFIX, name + 2);
    return full;
  }
  return js_strdup(ctx, name);
}

EXPORT("wizer.initialize") void initialize(void) {
  runtime = JS_NewRuntime2(&allocator, NULL);
  if (!runtime) abort();
  JS_UpdateStackTop(runtime);
  runtime->stack_limit = runtime->stack_top - STACK_LIMIT_BYTES;
  context = JS_NewContext(runtime);
  if (!context) abort();
  for (int i = 0; i < HOOK_COUNT; i++) hooks[i] = JS_UNDEFINED;
  JS_SetModuleLoaderFunc(runtime, normalise_module, load_module, NULL);
  JS_SetHostPromiseRejectionTracker(runtime, on_rejection, NULL);
  if (!guest_define_natives(context)) fail_initialisation("natives");

  static const char start[] = "import '" PRELUDE_PREFIX "main.js'";
  JSValue done = JS_Eval(context, start, sizeof start - 1, PRELUDE_PREFIX "start.js", JS_EVAL_TYPE_MODULE);
  if (JS_IsException(done)) fail_initialisation("prelude");
  run_jobs();
  if (JS_PromiseState(context, done) == JS_PROMISE_REJECTED) {
    JS_Throw(context, JS_PromiseResult(context, done));
    fail_initialisation("prelude");
  }
  JS_FreeValue(context, done);
  for (int i = 0; i < HOOK_COUNT; i++) {
    if (!JS_IsFunction(context, hooks[i])) abort();
  }
  // From here on in the image, where its untouched pages cost nothing.
  reserve = malloc(RESERVE_BYTES);
  JS_RunGC(runtime);
  JS_SetGCThreshold(runtime, GC_THRESHOLD_BYTES);
}
