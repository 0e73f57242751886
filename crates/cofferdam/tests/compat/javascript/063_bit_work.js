// Bits and checksums: CRC-32, FNV, hex, base64 by hand, seeded random numbers, popcount.
const table = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
const crc32 = (bytes) => (bytes.reduce((c, b) => table[(c ^ b) & 255] ^ (c >>> 8), -1) ^ -1) >>> 0;
const bytes = new TextEncoder().encode("123456789");
console.log(crc32(bytes).toString(16), crc32([]).toString(16));
const fnv = (text) => [...new TextEncoder().encode(text)].reduce((h, b) => Math.imul(h ^ b, 0x01000193) >>> 0, 0x811c9dc5);
console.log(fnv("").toString(16), fnv("a").toString(16), fnv("foobar").toString(16));
const mulberry = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const random = mulberry(42);
console.log(Array.from({ length: 4 }, () => Math.floor(random() * 1000)), random());
const shuffle = (xs, rnd) => xs.map((x) => [rnd(), x]).sort(([a], [b]) => a - b).map(([, x]) => x);
console.log(shuffle([1, 2, 3, 4, 5, 6], mulberry(7)));
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const base64 = (xs) => {
  let out = "";
  for (let i = 0; i < xs.length; i += 3) {
    const n = (xs[i] << 16) | ((xs[i + 1] ?? 0) << 8) | (xs[i + 2] ?? 0);
    out += [18, 12, 6, 0].map((s, k) => (i + k > xs.length ? "=" : alphabet[(n >> s) & 63])).join("");
  }
  return out;
};
console.log(base64(bytes) === btoa("123456789"), base64([1]), base64([1, 2]), (0b1011).toString(2).split("1").length - 1, (-1 >>> 28).toString(2), (5).toString(2).padStart(8, "0"));
