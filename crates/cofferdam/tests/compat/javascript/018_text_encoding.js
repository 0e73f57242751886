// TextEncoder, TextDecoder, atob, btoa, code points.
const encoder = new TextEncoder();
console.log(encoder.encode("é€😀"), encoder.encode("").length, new TextDecoder().decode(new Uint8Array([0xc3, 0xa9, 0xff])), new TextDecoder("utf-8").encoding);
console.log(new TextDecoder("utf-8", { ignoreBOM: false }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), encoder.encodeInto("ab", new Uint8Array(1)));
try {
  new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([0xff]));
} catch (error) {
  console.log(error.name);
}
console.log(btoa("Hello, \xff"), atob("SGVsbG8="), atob(" S G V s "), btoa(String.fromCharCode(...encoder.encode("ü"))));
for (const bad of [() => btoa("€"), () => atob("a")]) {
  try {
    bad();
  } catch (error) {
    console.log(error.name);
  }
}
console.log("😀".length, [..."😀a"].length, "😀".codePointAt(0), String.fromCodePoint(128512, 65), "😀".charCodeAt(1), "\u{1F600}" === "😀", "a\u0301".normalize("NFC").length);
const hex = [...encoder.encode("hi")].map((b) => b.toString(16).padStart(2, "0")).join("");
console.log(hex, new TextDecoder().decode(Uint8Array.from(hex.match(/../g), (h) => parseInt(h, 16))));
