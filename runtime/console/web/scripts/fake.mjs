// Serves dist/ with the fake node behind it, to develop the page without a cluster: npm run build && npm run fake
import { build } from "esbuild";

const root = new URL("..", import.meta.url).pathname;
const outfile = `${root}/build/fake.mjs`;
await build({ absWorkingDir: root, entryPoints: ["test/fake/main.ts"], outfile, bundle: true, platform: "node", format: "esm", target: "node18", packages: "external", logLevel: "warning" });
await import(outfile);
