// What XZ Utils would learn from its configure script: C99 on wasm32, every filter and check, no threads.
#define HAVE_STDINT_H 1
#define HAVE_INTTYPES_H 1
#define HAVE_STDBOOL_H 1
#define HAVE_STRING_H 1
#define HAVE_LIMITS_H 1
#define HAVE__BOOL 1
#define SIZEOF_SIZE_T 4
#define HAVE_DECODER_LZMA1 1
#define HAVE_DECODER_LZMA2 1
#define HAVE_ENCODER_LZMA1 1
#define HAVE_ENCODER_LZMA2 1
#define HAVE_DECODER_DELTA 1
#define HAVE_ENCODER_DELTA 1
#define HAVE_ENCODERS 1
#define HAVE_DECODERS 1
#define HAVE_DECODER_X86 1
#define HAVE_ENCODER_X86 1
#define HAVE_DECODER_POWERPC 1
#define HAVE_ENCODER_POWERPC 1
#define HAVE_DECODER_IA64 1
#define HAVE_ENCODER_IA64 1
#define HAVE_DECODER_ARM 1
#define HAVE_ENCODER_ARM 1
#define HAVE_DECODER_ARMTHUMB 1
#define HAVE_ENCODER_ARMTHUMB 1
#define HAVE_DECODER_SPARC 1
#define HAVE_ENCODER_SPARC 1
#define HAVE_CHECK_CRC32 1
#define HAVE_CHECK_CRC64 1
#define HAVE_CHECK_SHA256 1
#define HAVE_MF_BT2 1
#define HAVE_MF_BT3 1
#define HAVE_MF_BT4 1
#define HAVE_MF_HC3 1
#define HAVE_MF_HC4 1
#define TUKLIB_SYMBOL_PREFIX lzma_
// mythread.h masks signals around code that is not compiled here; WASI has no signals to mask.
#define _WASI_EMULATED_SIGNAL 1
#include <signal.h>
#define sigset_t int
#define sigprocmask(how, set, old) 0
