// The engine's stack check, made to hold in WebAssembly. Included before the engine, whose functions it changes by macro.
//
// The engine counts bytes of the stack in linear memory, but what runs out first is the host's stack below, which nothing in here can see.
// Bytecode calls use both in a steady proportion. Two kinds of recursion hardly touch the one in linear memory: C functions that walk
// nested values (JSON, flat), and the parser. The first are given an unused block for each level, so that they count; the second may use
// only a part of the limit. README.md has the figures, and what must be measured again after an upgrade.
#pragma once

#ifndef JS_STACK_KIB
#error "the build gives JS_STACK_KIB"
#endif
#define STACK_LIMIT_BYTES (JS_STACK_KIB * 1024)
#define PARSER_LIMIT_BYTES (384 * 1024)
#define WALK_BYTES 256

// A call `js_check_stack_overflow(rt, 0)` is a walk's, `(rt, 1000)` the parser's; the function's own definition and the calls with a real
// size go through as they are. The second argument is told apart by gluing it to a name.
#define js_check_stack_overflow(runtime, size) js_stack_overflows(runtime, SIZE_##size)
#define SIZE_size_t size_t
#define SIZE_stack_size stack_size
#define SIZE_alloca_size alloca_size
#define SIZE_sizeof sizeof
#define SIZE_0 (stack_block(__builtin_alloca(WALK_BYTES)), 0)
#define SIZE_1000 (STACK_LIMIT_BYTES - PARSER_LIMIT_BYTES)

// Keeps the compiler from dropping the block.
static inline void stack_block(void *block) { __asm__ volatile("" : : "r"(block) : "memory"); }
