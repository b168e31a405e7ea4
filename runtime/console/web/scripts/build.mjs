// Makes dist/: index.html, one script and one style sheet with their content's hash in the name.
// node scripts/build.mjs [--dev] [--out FOLDER] [--embed FILE.cpp]: the last is the same as a part of the node.
import { build } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { embed } from "./embed.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const isDev = process.argv.includes("--dev");
const valueOf = (option, otherwise) => (process.argv.includes(option) ? resolve(process.argv[process.argv.indexOf(option) + 1]) : otherwise);
const out = valueOf("--out", `${root}dist`);
const embedded = valueOf("--embed");

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: { app: "src/main.tsx" },
  outdir: out,
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: !isDev,
  sourcemap: isDev ? "linked" : false,
  target: "es2022",
  format: "esm",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});

const names = Object.keys(result.metafile.outputs).map((path) => basename(path));
const page = (await readFile(`${root}src/index.html`, "utf8"))
  .replace("app.css", names.find((name) => name.endsWith(".css")))
  .replace("app.js", names.find((name) => name.endsWith(".js")));
await writeFile(`${out}/index.html`, page);
await writeFile(`${out}/icon.svg`, await readFile(`${root}src/icon.svg`));
if (embedded) await embed(out, ["index.html", "icon.svg", ...names], embedded);
else for (const [path, { bytes }] of Object.entries(result.metafile.outputs)) console.log(`${path}  ${(bytes / 1024).toFixed(1)} KiB`);
