// Bundles the tests of one folder (unit, browser, node, pictures) and runs them with node's own runner:
// node scripts/test.mjs FOLDER [PART-OF-A-FILE-NAME [PATTERN-OF-TEST-NAMES]]
import { build } from "esbuild";
import { spawn } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";

const root = new URL("..", import.meta.url).pathname;
const kind = process.argv[2];
const only = process.argv[3] ?? "";
if (!["unit", "browser", "node", "pictures"].includes(kind)) throw new Error(`expected unit, browser, node or pictures, found ${kind}`);

const tests = readdirSync(`${root}/test/${kind}`).filter((name) => name.endsWith(".test.ts") && name.includes(only));
const outdir = `${root}/build/${kind}`;
rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: tests.map((name) => `test/${kind}/${name}`),
  outdir,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node18",
  packages: "external",
  jsx: "automatic",
  jsxImportSource: "preact",
  sourcemap: "inline",
  logLevel: "warning",
});
const files = tests.map((name) => `${outdir}/${name.replace(/\.ts$/, ".mjs")}`);
const run = spawn(process.execPath, ["--enable-source-maps", "--test", "--test-concurrency=1", ...(process.argv[4] ? ["--test-name-pattern", process.argv[4]] : []), ...files], { stdio: "inherit", cwd: root });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => run.kill(signal));
run.on("exit", (code) => process.exit(code ?? 1));
