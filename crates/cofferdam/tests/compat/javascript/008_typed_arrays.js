// Typed arrays, ArrayBuffer, DataView: overflow, endianness, views, slices.
const bytes = new Uint8Array([1, 2, 255, 256, -1]);
console.log(bytes, bytes.length, new Uint8ClampedArray([300, -5, 1.5]), new Int8Array([200]), new Float32Array([0.1])[0]);
const buffer = new ArrayBuffer(16);
const view = new DataView(buffer);
view.setUint16(0, 0x1234);
view.setUint16(2, 0x1234, true);
view.setFloat64(4, Math.PI);
view.setBigInt64(8, -2n);
console.log([...new Uint8Array(buffer, 0, 4)].map((b) => b.toString(16)), view.getUint16(2, true), view.getInt8(15), view.byteLength);
const shared = new Uint16Array(buffer, 0, 2);
shared[0] = 7;
console.log(new Uint8Array(buffer)[0], buffer.slice(0, 2).byteLength, shared.byteOffset, shared.BYTES_PER_ELEMENT);
const f = Float64Array.from([3, 1, 2], (x) => x / 2);
console.log(f.sort(), f.map((x) => x * 2), f.subarray(1), f.indexOf(1.5), Array.from(f), f.toSorted((a, b) => b - a), f.join("|"));
const big = new BigUint64Array(1);
big[0] = -1n;
console.log(big[0], new Uint8Array([1, 2]).set([9], 1), bytes.fill(0, 1, 3), ArrayBuffer.isView(view), new Int32Array(2).fill(5).reduce((a, b) => a + b));
for (const bad of [() => view.getUint32(14), () => new Uint16Array(buffer, 1), () => new Uint8Array(-1)]) {
  try {
    bad();
  } catch (error) {
    console.log(error.name);
  }
}
