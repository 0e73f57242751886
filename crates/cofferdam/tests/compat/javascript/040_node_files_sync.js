// node:fs and node:path by dynamic import: the synchronous functions.
const fs = await import("node:fs");
const path = await import("node:path");
fs.mkdirSync("out", { recursive: true });
fs.writeFileSync("out/table.csv", "id,name\n1,Ann\n2,Bo\n");
const [head, ...rows] = fs.readFileSync("out/table.csv", "utf8").trim().split("\n").map((line) => line.split(","));
console.log(head, rows, fs.existsSync("out/none"), fs.readdirSync("out"), fs.statSync("out/table.csv").isFile());
fs.writeFileSync("out/bytes.bin", new Uint8Array([1, 2, 255]));
console.log([...fs.readFileSync("out/bytes.bin")], path.join("a", "..", "b", "c.txt"), path.extname("x.tar.gz"), path.basename("/a/b.txt", ".txt"), path.dirname("/a/b/c"));
fs.appendFileSync("out/table.csv", "3,Cy\n");
console.log(fs.readFileSync("out/table.csv", "utf8").length, path.isAbsolute("a"), path.normalize("a//b/./c/"), path.parse("/d/f.ext").name);
fs.rmSync("out", { recursive: true });
try {
  fs.readFileSync("out/table.csv");
} catch (error) {
  console.log(error.code);
}
