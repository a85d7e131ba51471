// node consume.mjs ENTRY FOLDER: a folder of jobs by the npm package whose entry file is given.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { consume } from "./job.mjs";

const [entry, folder] = process.argv.slice(2);
const loaded = await import(pathToFileURL(entry));
const ort = loaded.InferenceSession ? loaded : loaded.default;
if (ort.env.wasm) ort.env.wasm.numThreads = 1;
for (const job of JSON.parse(await readFile(join(folder, "jobs.json"), "utf8"))) {
  const read = async (file) => new Uint8Array(await readFile(join(folder, file)));
  const files = await consume(ort, job, new Uint8Array(await readFile(job.model)), read);
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
}
