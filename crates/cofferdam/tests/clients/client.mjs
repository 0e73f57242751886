// Drives an MCP server with the TypeScript SDK, as an agent would. Prints one JSON line per step.
//
//     client.mjs SDK COMMAND ARGUMENT...    with steps as JSON on standard input
//
// SDK is the SDK's directory. A step has `code`, `language`, and optionally `progress` (report it), `cancel` (give up once progress came) or
// `answers`: what a person says to its questions, one after the other; what was asked is then printed. A client none of whose steps has them
// cannot ask.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [sdk, command, ...args] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(`${sdk}/dist/esm/${file}`).href);
const { Client } = await load("client/index.js");
const { StdioClientTransport } = await load("client/stdio.js");
const { ElicitRequestSchema } = await load("types.js");

// Nothing here may take longer, on a slow and busy machine.
const PATIENCE_MS = 180_000;
setTimeout(() => process.exit(9), PATIENCE_MS).unref();

const show = (fields) => console.log(JSON.stringify(fields));

// Who is asked: gives the next answer, and keeps the questions. A question too many gets none.
const person = { answers: [], asked: [] };

async function step(client, { code, language, progress, cancel, answers }) {
  const seen = [];
  Object.assign(person, { answers: answers ?? [], asked: [] });
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
  const text = result.content.map((block) => block.text);
  const asked = answers ? { asked: person.asked } : {};
  show({ text, error: result.isError === true, structured: result.structuredContent ?? null, progress: seen, ...asked });
}

const steps = JSON.parse(readFileSync(0, "utf8"));
const asks = steps.some((one) => one.answers);
const client = new Client({ name: "tests", version: "1" }, { capabilities: asks ? { elicitation: {} } : {} });
if (asks) {
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    person.asked.push(params.message);
    return person.answers.shift();
  });
}
await client.connect(new StdioClientTransport({ command, args, env: process.env }));
const { tools } = await client.listTools();
show({ server: client.getServerVersion().name, tools: tools.map((tool) => tool.name) });
for (const one of steps) await step(client, one);
await client.close();
