// node:fs/promises by dynamic import: files inside the working directory only.
const fs = await import("node:fs/promises");
await fs.mkdir("files/sub", { recursive: true });
await fs.writeFile("files/a.txt", "one\ntwo\n");
await fs.appendFile("files/a.txt", "three\n");
console.log((await fs.readFile("files/a.txt", "utf8")).split("\n"), (await fs.readFile("files/a.txt")).length, (await fs.stat("files/a.txt")).size, (await fs.stat("files")).isDirectory());
await fs.writeFile("files/data.json", JSON.stringify({ ok: true }));
console.log(JSON.parse(await fs.readFile("files/data.json", "utf-8")), (await fs.readdir("files")).sort());
await fs.rename("files/data.json", "files/sub/moved.json");
await fs.copyFile("files/a.txt", "files/b.txt");
await fs.unlink("files/a.txt");
console.log((await fs.readdir("files")).sort(), (await fs.readdir("files/sub"))[0]);
try {
  await fs.readFile("files/none.txt", "utf8");
} catch (error) {
  console.log(error.code, error instanceof Error);
}
await fs.rm("files", { recursive: true });
console.log(await fs.access("files").then(() => "there", () => "gone"));
