// What is not a pattern, and patterns built at run time.
for (const source of ["(", "[b-a]", "a**", "(?<n>a)(?<n>b)"]) {
  try {
    new RegExp(source);
    console.log("ok", source);
  } catch (error) {
    console.log(error.name, error instanceof SyntaxError);
  }
}
const escape = (s) => s.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
console.log(escape("a.b*(c)"), new RegExp(escape("1+1"), "u").test("1+1=2"));
const words = ["cat", "dog"];
console.log("hotdog and cat".replace(new RegExp(words.join("|"), "g"), (w) => w.toUpperCase()));
const global = /o/g;
console.log(global.test("foo"), global.lastIndex, global.test("foo"), global.test("foo"), global.lastIndex);
try {
  "aa".replaceAll(/a/, "b");
} catch (error) {
  console.log(error.name);
}
console.log("x".match(/y/), "x".match(/y/g), [..."x".matchAll(/y/g)].length, /\u{1F600}/u.test("😀"), /[\u4e00-\u9fa5]/.test("漢"));
