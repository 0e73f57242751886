// Answers on the page of `cofferdam approve --web` in Chromium, as a person would. One JSON line per step in, one line out.
//
//     page.mjs PLAYWRIGHT CHROMIUM    with steps on standard input
//
// PLAYWRIGHT is the package's directory, CHROMIUM the program. Steps: `open` (an address), `code` (typed and sent), `read` (waits for a question;
// what is shown of it, its program first closed and then opened), `answer` (the words of a button, with `reason` typed before), `attack` (HTML
// that some page did not escape).

import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [playwright, executablePath] = process.argv.slice(2);
const { chromium } = await import(pathToFileURL(`${playwright}/index.mjs`).href);

// Nothing here may take longer, on a slow and busy machine.
const PATIENCE_MS = 180_000;
setTimeout(() => process.exit(9), PATIENCE_MS).unref();

// The sandbox of its own does not start for root; the page is ours, and nothing else is to be reached.
const quiet = ["background-networking", "component-update", "sync"].map((name) => `--disable-${name}`);
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", ...quiet];
const browser = await chromium.launch({ executablePath, args });
const page = await browser.newPage();
page.setDefaultTimeout(PATIENCE_MS);
const dialogs = [];
page.on("dialog", (dialog) => {
  dialogs.push(dialog.message());
  dialog.dismiss();
});
const text = async (locator) => (await locator.innerText()).trim();

async function read() {
  const section = page.locator("section");
  await section.waitFor();
  const [question, program] = [section.locator("> pre"), section.locator("details pre")];
  const closed = !(await program.isVisible());
  await section.locator("summary").click();
  const scripts = await page.locator("script, img, b").count();
  return { question: await text(question), closed, program: await text(program), scripts, dialogs };
}

async function answer(words, reason) {
  if (reason !== undefined) await page.getByLabel("Reason:").fill(reason);
  await page.getByRole("button", { name: words, exact: true }).click();
  const status = await text(page.getByRole("status"));
  return { status: status.replace(/^\S+: /, ""), left: await page.locator("section").count() };
}

async function step(one) {
  if (one.open) {
    await page.goto(one.open);
    return { shown: await text(page.locator("body")) };
  }
  if (one.code) {
    await page.getByLabel("The code that your terminal shows:").fill(one.code);
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.getByLabel("The code").waitFor({ state: "detached" });
    return { shown: await text(page.locator("body")) };
  }
  if (one.answer) return answer(one.answer, one.reason);
  if (one.attack) {
    const other = await browser.newPage();
    const said = new Promise((resolve) => other.on("dialog", (dialog) => dialog.dismiss().then(() => resolve(dialog.message()))));
    await other.setContent(one.attack);
    return { dialog: await said };
  }
  return read();
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await step(JSON.parse(line))));
await browser.close();
