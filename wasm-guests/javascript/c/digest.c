// Message digests for `crypto`: MD5, SHA-1, SHA-256, SHA-384, SHA-512, in one shot. Programs use them to name and compare things; nothing
// in the sandbox's security rests on them. Written out because the engine has none and interpreted ones are 100 times slower.
#include <stdlib.h>
#include <string.h>

#include "guest.h"

static uint32_t left32(uint32_t x, int n) { return x << n | x >> (32 - n); }
static uint32_t right32(uint32_t x, int n) { return x >> n | x << (32 - n); }
static uint64_t right64(uint64_t x, int n) { return x >> n | x << (64 - n); }

static uint32_t load32(const uint8_t *at) { return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]; }
static uint64_t load64(const uint8_t *at) { return (uint64_t)load32(at) << 32 | load32(at + 4); }
static void store32(uint8_t *at, uint32_t x) { for (int i = 0; i < 4; i++) at[i] = x >> (24 - 8 * i); }

static void md5_block(uint32_t *state, const uint8_t *block) {
  static const uint8_t shifts[] = {7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};
  static const uint32_t table[] = {
      0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1,
      0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453,
      0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942,
      0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05,
      0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d,
      0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  for (int i = 0; i < 64; i++) {
    uint32_t f;
    int word;
    switch (i / 16) {
      case 0: f = (b & c) | (~b & d), word = i; break;
      case 1: f = (d & b) | (~d & c), word = 5 * i + 1; break;
      case 2: f = b ^ c ^ d, word = 3 * i + 5; break;
      default: f = c ^ (b | ~d), word = 7 * i; break;
    }
    f += a + table[i] + __builtin_bswap32(load32(block + 4 * (word % 16)));
    a = d, d = c, c = b;
    b += left32(f, shifts[i / 16 * 4 + i % 4]);
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
}

static void sha1_block(uint32_t *state, const uint8_t *block) {
  uint32_t w[80];
  for (int i = 0; i < 80; i++) w[i] = i < 16 ? load32(block + 4 * i) : left32(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  for (int i = 0; i < 80; i++) {
    uint32_t f = i < 20 ? ((b & c) | (~b & d)) + 0x5a827999 : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
               : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc : (b ^ c ^ d) + 0xca62c1d6;
    f += left32(a, 5) + e + w[i];
    e = d, d = c, c = left32(b, 30), b = a, a = f;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

// The high halves are SHA-256's constants too.
static const uint64_t sha2_table[] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b,
    0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1,
    0x9bdc06a725c71235, 0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275,
    0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
    0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8,
    0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec, 0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915,
    0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c, 0x4cc5d4becb3e42b6,
    0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817};

static void sha256_block(uint32_t *state, const uint8_t *block) {
  uint32_t w[64], s[8];
  for (int i = 0; i < 64; i++) {
    if (i < 16) {
      w[i] = load32(block + 4 * i);
      continue;
    }
    uint32_t x = w[i - 15], y = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (right32(x, 7) ^ right32(x, 18) ^ x >> 3) + (right32(y, 17) ^ right32(y, 19) ^ y >> 10);
  }
  memcpy(s, state, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t t1 = s[7] + (right32(s[4], 6) ^ right32(s[4], 11) ^ right32(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) +
                  (uint32_t)(sha2_table[i] >> 32) + w[i];
    uint32_t t2 = (right32(s[0], 2) ^ right32(s[0], 13) ^ right32(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) state[i] += s[i];
}

static void sha512_block(uint64_t *state, const uint8_t *block) {
  uint64_t w[80], s[8];
  for (int i = 0; i < 80; i++) {
    if (i < 16) {
      w[i] = load64(block + 8 * i);
      continue;
    }
    uint64_t x = w[i - 15], y = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (right64(x, 1) ^ right64(x, 8) ^ x >> 7) + (right64(y, 19) ^ right64(y, 61) ^ y >> 6);
  }
  memcpy(s, state, sizeof s);
  for (int i = 0; i < 80; i++) {
    uint64_t t1 = s[7] + (right64(s[4], 14) ^ right64(s[4], 18) ^ right64(s[4], 41)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + sha2_table[i] + w[i];
    uint64_t t2 = (right64(s[0], 28) ^ right64(s[0], 34) ^ right64(s[0], 39)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) state[i] += s[i];
}

enum algorithm { MD5, SHA1, SHA256, SHA384, SHA512 };
static const struct {
  const char *name;
  size_t block, output;
} algorithms[] = {{"md5", 64, 16}, {"sha1", 64, 20}, {"sha256", 64, 32}, {"sha384", 128, 48}, {"sha512", 128, 64}};

static void run(enum algorithm which, const uint8_t *bytes, size_t length, uint8_t *output) {
  uint32_t small[8] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  static const uint32_t small256[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  static const uint64_t large384[8] = {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
                                       0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4};
  static const uint64_t large512[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                       0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
  uint64_t large[8];
  if (which == SHA256) memcpy(small, small256, sizeof small);
  memcpy(large, which == SHA384 ? large384 : large512, sizeof large);

  size_t block = algorithms[which].block, whole = length / block * block, rest = length - whole;
  uint8_t tail[256] = {0};
  if (rest) memcpy(tail, bytes + whole, rest);
  tail[rest] = 0x80;
  size_t tail_length = rest + 1 + block / 8 <= block ? block : 2 * block;
  for (int i = 0; i < 8; i++) {
    uint8_t byte = (uint64_t)length * 8 >> 8 * i;
    tail[which == MD5 ? tail_length - 8 + i : tail_length - 1 - i] = byte;
  }
  for (size_t at = 0; at < whole + tail_length; at += block) {
    const uint8_t *from = at < whole ? bytes + at : tail + (at - whole);
    if (which == MD5) md5_block(small, from);
    else if (which == SHA1) sha1_block(small, from);
    else if (which == SHA256) sha256_block(small, from);
    else sha512_block(large, from);
  }
  for (size_t i = 0; i < algorithms[which].output / 4; i++) {
    uint32_t word = block == 128 ? (uint32_t)(large[i / 2] >> (i % 2 ? 0 : 32)) : small[i];
    store32(output + 4 * i, which == MD5 ? __builtin_bswap32(word) : word);
  }
}

// digest(name, bytes): undefined for a name it does not know.
static JSValue digest(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  const char *name = JS_ToCString(ctx, argv[0]);
  if (!name) return JS_EXCEPTION;
  int which = -1;
  for (int i = 0; i < 5; i++) {
    if (!strcmp(algorithms[i].name, name)) which = i;
  }
  JS_FreeCString(ctx, name);
  if (which < 0) return JS_UNDEFINED;
  size_t length;
  const uint8_t *bytes = JS_GetUint8Array(ctx, &length, argv[1]);
  if (JS_HasException(ctx)) return JS_EXCEPTION;
  uint8_t output[64];
  run(which, bytes, length, output);
  return JS_NewUint8ArrayCopy(ctx, output, algorithms[which].output);
}

bool digest_define(JSContext *ctx, JSValueConst natives) {
  return JS_SetPropertyStr(ctx, natives, "digest", JS_NewCFunction(ctx, digest, "digest", 2)) >= 0;
}
