// Drives an MCP server with the TypeScript SDK, as an agent would. Prints one JSON line per step.
//
//     client.mjs SDK COMMAND ARGUMENT...    with steps as JSON on standard input
//
// SDK is the SDK's directory. A step has `code`, `language`, and optionally `progress` (report it) or `cancel` (give up once progress came).

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [sdk, command, ...args] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(`${sdk}/dist/esm/client/${file}`).href);
const { Client } = await load("index.js");
const { StdioClientTransport } = await load("stdio.js");

// Nothing here may take longer, on a slow and busy machine.
const PATIENCE_MS = 180_000;
setTimeout(() => process.exit(9), PATIENCE_MS).unref();

const show = (fields) => console.log(JSON.stringify(fields));

async function step(client, { code, language, progress, cancel }) {
  const seen = [];
  const giveUp = new AbortController();
  const onprogress = ({ progress, total, message }) => {
    seen.push([progress, total ?? null, message ?? null]);
    if (cancel) giveUp.abort("enough");
  };
  const options = progress || cancel ? { onprogress, signal: giveUp.signal } : {};
  const call = client.callTool({ name: "execute", arguments: { code, language } }, undefined, options);
  if (cancel) {
    await call.then(
      () => show({ cancelled: false }),
      () => show({ cancelled: true }),
    );
    return;
  }
  const result = await call;
  show({ text: result.content.map((block) => block.text), error: result.isError === true, structured: result.structuredContent ?? null, progress: seen });
}

const steps = JSON.parse(readFileSync(0, "utf8"));
const client = new Client({ name: "tests", version: "1" });
await client.connect(new StdioClientTransport({ command, args, env: process.env }));
const { tools } = await client.listTools();
show({ server: client.getServerVersion().name, tools: tools.map((tool) => tool.name) });
for (const one of steps) await step(client, one);
await client.close();
