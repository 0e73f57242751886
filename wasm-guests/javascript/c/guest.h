// What the parts of the guest share. Everything here is called on one thread, inside `turn` or `wizer.initialize`.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

// File names of the prelude start so; frames with such names are not the program's.
#define PRELUDE_PREFIX "guest:"

// One file of the prelude, embedded by the build. The list ends with a null name.
struct prelude_file {
  const char *name;
  const char *text;
  size_t length;
};
extern const struct prelude_file prelude_files[];

// Functions of the prelude that C calls.
enum hook { HOOK_BEGIN, HOOK_STEP, HOOK_EXITED, HOOK_REJECTION, HOOK_REQUIRE, HOOK_COUNT };
void guest_set_hook(enum hook hook, JSValue function);

// What `step` answers.
enum step { STEP_DONE = 0, STEP_AGAIN = 1, STEP_BROKEN = 2 };

// Why a program is stopped from outside its own control flow.
enum ending { ENDING_NONE, ENDING_EXIT, ENDING_GONE };
void guest_end(enum ending how, int code);

bool guest_exhausted(void);
JSValue guest_raw_stack(JSContext *ctx, JSValueConst value);
bool guest_forget_global(JSContext *ctx, JSAtom name);
JSValue guest_iterated(JSContext *ctx, JSValueConst value);
// Sends a request whose reply does not matter.
bool guest_request(const char *request, size_t length);
bool guest_write(int fd, const char *bytes, size_t length);

// Each defines functions on the object that the prelude imports as `guest:native`.
bool guest_define_natives(JSContext *ctx);
bool files_define(JSContext *ctx, JSValueConst natives);
bool digest_define(JSContext *ctx, JSValueConst natives);
