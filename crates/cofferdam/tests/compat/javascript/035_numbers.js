// Numbers: printing, rounding, parsing, limits, Math.
console.log(0.1 + 0.2, 1e21, 1e-7, 123456789012345680000, 5e-324, 1.7976931348623157e308, -1e-7, 100, 1e5, 0.000001, 2 ** 53);
console.log((1.005).toFixed(2), (1234.5678).toFixed(1), (0).toFixed(2), (1e21).toFixed(2), (-1.5).toFixed(0), (2.5).toFixed(0), (0.000001234).toPrecision(2), (123.456).toPrecision(4), (1234).toPrecision(2), (1234.5).toExponential(2));
console.log((255).toString(16), (0.5).toString(2), (-255).toString(36), (1e21).toString(36).length > 5, Number("0x1f"), Number(""), Number("1e3"), Number("12px"), Number(null), Number(undefined), Number([5]), Number(true), Number("0b11"));
console.log(parseInt("42.9abc"), parseInt("ff", 16), parseInt("0x10"), parseInt(""), parseFloat("3.14xyz"), parseFloat(".5"), Number.parseFloat("1e-3"), parseInt("z", 36), parseInt("1e3"));
console.log(Number.MAX_SAFE_INTEGER, Number.EPSILON, Number.isInteger(5.0), Number.isSafeInteger(2 ** 53), Number.isNaN("x"), isNaN("x"), isFinite("5"), Number.MIN_VALUE, 1 / 0, -1 / 0, 0 / 0);
console.log(Math.round(-0.5), Math.round(2.5), Math.round(-2.5), Math.trunc(-4.7), Math.floor(-4.2), Math.ceil(4.1), Math.sign(-3), Math.cbrt(27), Math.hypot(3, 4), Math.log2(8), Math.fround(5.5), Math.clz32(1), Math.imul(3, 4));
console.log(5 % 3, -5 % 3, 5.5 % 2, 2 ** -1, (-2) ** 2, 7 / 2 | 0, ~~-7.9, 1 << 31, 1 << 32, -1 >>> 0, -8 >> 1, 5 & 3, 5 ^ 3, 0xff, 0b101, 0o17, 1_000_000, .5, 5.);
console.log(Math.max(), Math.min(), Math.max(1, "3", 2), Math.max(1, NaN), Math.sqrt(2), Math.PI, Math.E, Math.atan2(1, 1), Math.sin(1), Math.exp(1), Math.log(10), Math.pow(2, 0.5), Math.log10(1000), Math.expm1(1e-10), Math.log1p(1e-10));
const r = Math.random();
console.log(r >= 0 && r < 1, Math.random() !== Math.random(), Object.is(-0, 0), 0 === -0, 9007199254740993, 0.1 * 3, 1.1 + 2.2, 4.35 * 100, 1.15.toFixed(1), 10 / 3);
