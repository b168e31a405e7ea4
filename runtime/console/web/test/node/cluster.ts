import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Program, until } from "./process";

const root = resolve("../../..");
const programs = resolve(process.env["LODE_PROGRAMS"] ?? `${root}/build/dev/bin`);

type Json = Record<string, unknown>;
export interface Line { tenant: string; dialect: string; api_key: string; access_token: string; client_secret: string; refresh_token: string }
interface Node { program: Program; url: string }

/** PostgreSQL, simulated APIs and real nodes, all of their own and gone with `end`. */
export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), "lode-page-"));
  readonly nodes = new Map<string, Node>();
  private dsn = "";
  private apis: Program | undefined;
  private control = "";
  private starts = 0;

  async start(nodes: string[], tenants: number) {
    process.on("exit", () => this.erase()); // also of a test that is ended early
    this.servers("start", "postgres");
    this.dsn = /^LODE_PG_DSN=(.*)$/m.exec(readFileSync(`${this.folder}/servers/env`, "utf8"))![1]!.replace(/^'(.*)'$/, "$1");
    await this.startApis(tenants);
    for (const name of nodes) await this.startNode(name);
  }

  servers(...words: [string, ...string[]]) {
    const [verb, ...names] = words;
    const done = spawnSync(`${root}/setup/servers`, [verb, `${this.folder}/servers`, ...names], { encoding: "utf8" });
    if (done.status !== 0) throw new Error(`setup/servers ${words.join(" ")}: ${done.stdout}${done.stderr}`);
  }

  /** What the command line says. */
  cli(...words: string[]) {
    const done = spawnSync(`${programs}/lode`, words, { encoding: "utf8" });
    if (done.status !== 0) throw new Error(`lode ${words.join(" ")}: ${done.stdout}${done.stderr}`);
    return done.stdout;
  }

  private async startApis(tenants: number) {
    const ready = `${this.folder}/apis.json`;
    this.apis = new Program([`${programs}/lode-simapi`, "--seed", "7", "--tenants", String(tenants), "--dialects", "graph,crm,shop",
      "--records", "posts=60,comments=1,contacts=120,orders=120,products=60,customers=60", "--ready-file", ready], `${this.folder}/apis.log`);
    const ports = () => { try { return JSON.parse(readFileSync(ready, "utf8")) as { control_port: number }; } catch { return null; } };
    await until("the simulated APIs are up", () => ports() !== null, () => this.apis!.text);
    this.control = `http://127.0.0.1:${ports()!.control_port}/control`;
  }

  /** For the first time, or again at the same address; `console`: further lines of that section. */
  async startNode(name: string, console: string[] = []) {
    const port = this.nodes.get(name)?.url.split(":").pop() ?? "0";
    const config = `${this.folder}/${name}.yaml`;
    writeFileSync(config, configOf(name, this.dsn, port, console));
    const program = new Program([`${programs}/lode`, "serve", "--config", config], `${this.folder}/${name}-${++this.starts}.log`);
    const address = () => /console on (https?:\/\/127\.0\.0\.1:\d+)[;\s]/.exec(program.text)?.[1];
    await until(`${name} is up`, () => address() !== undefined || !program.isRunning, () => program.text.slice(-3_000));
    if (!address()) throw new Error(`${name} ended at its start\n${program.text.slice(-3_000)}`);
    this.nodes.set(name, { program, url: address()! });
  }

  url(name = "n1") { return this.nodes.get(name)!.url; }
  kill(name: string) { return this.nodes.get(name)!.program.end("SIGKILL"); }
  log(name = "n1") { return this.nodes.get(name)!.program.text; }

  /** Asks a node, as the CLI does. */
  async ask(method: string, path: string, body?: unknown, type = "application/json"): Promise<Json> {
    const sent = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body), headers: { "Content-Type": type } };
    const answer = await fetch(`${this.url()}/api/v1${path}`, { method, ...sent });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}\n${this.log().slice(-2_000)}`);
    return text ? JSON.parse(text) as Json : {};
  }

  /** Tells the simulated APIs what to do. */
  async tell(path: string, body: Json): Promise<Json> {
    const answer = await fetch(this.control + path, { method: "POST", body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return await answer.json() as Json;
  }

  async lines(): Promise<Line[]> {
    const text = await (await fetch(this.control + "/tenants")).text();
    return text.trim().split("\n").map((line) => JSON.parse(line) as Line);
  }

  /** All tenants of the simulated APIs; their connections run every `every`. */
  async importTenants(every: string) {
    for (const source of ["graph", "crm", "shop"]) await this.ask("PUT", `/sources/${source}`, readFileSync(`${root}/config/examples/sources/${source}.yaml`, "utf8"), "application/yaml");
    const lines = await (await fetch(`${this.control}/import?every=${every}`)).text();
    const done = await this.ask("POST", "/import", lines, "application/x-ndjson");
    if ((done["errors"] as unknown[]).length) throw new Error(`import: ${JSON.stringify(done)}`);
  }

  /** Waits until each connection has ended a run. */
  async mined() {
    for (const { tenant } of await this.lines())
      await until(`${tenant} is mined`, async () => {
        const { runs } = await this.ask("GET", `/tenants/${tenant}/connections/main/runs`) as { runs: { phase: string }[] };
        return runs.some((run) => run.phase !== "open");
      }, () => this.log().slice(-2_000));
  }

  async end() {
    for (const { program } of this.nodes.values()) if (program.isRunning) await program.end("SIGKILL");
    if (this.apis?.isRunning) await this.apis.end("SIGKILL");
    this.erase();
  }

  private erase() {
    if (!existsSync(this.folder)) return;
    this.servers("erase");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Quick to notice and quick to try again. */
function configOf(name: string, dsn: string, port: string, console: string[]): string {
  return `node:
  name: ${name}
  shutdown_timeout: 2s
  writers: 2
  processors: 2
  scheduler_threads: 2
cluster:
  name: page
  listen: 127.0.0.1:0
  drain_timeout: 5s
store:
  dsn: "${dsn}"
  retry_min: 50ms
  retry_max: 500ms
http:
  resolve: {"*.test": 127.0.0.1}
  first_byte_timeout: 500ms
mining:
  request_retries: 8
  retry_min: 100ms
  retry_max: 2s
console:
  listen: 127.0.0.1:${port}
  threads: 2
${console.map((line) => `  ${line}\n`).join("")}security:
  key: 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
`;
}
