// BigInt: size, division, conversions, mixing, bit operations.
const factorial = (n) => (n <= 1n ? 1n : n * factorial(n - 1n));
console.log(factorial(30n), 2n ** 200n, -7n / 2n, -7n % 2n, 5n > 4, 2n == 2, 2n === 2, typeof 1n);
console.log(BigInt("0xff"), BigInt("123456789012345678901234567890"), BigInt(2 ** 53), Number(2n ** 64n), parseInt("12n"), BigInt(true));
console.log((255n).toString(16), BigInt.asUintN(8, 257n), BigInt.asIntN(8, 255n), 1n << 70n, -1n >> 1n, 6n & 3n, 6n | 1n, 6n ^ 3n, ~5n);
console.log([3n, 1, 2n].sort((a, b) => (a < b ? -1 : 1)), `${10n ** 20n}`, 10n > 9.5, -(-5n), 0n ? "yes" : "no", (1234567n).toLocaleString("en-US"));
let [a, b] = [0n, 1n];
for (let i = 0; i < 150; i++) [a, b] = [b, a + b];
console.log(a);
for (const bad of [() => 1n + 1, () => BigInt(1.5), () => BigInt("x"), () => 1n / 0n, () => Math.max(1n), () => JSON.stringify({ n: 1n }), () => +1n]) {
  try {
    console.log(bad());
  } catch (error) {
    console.log(error.name);
  }
}
