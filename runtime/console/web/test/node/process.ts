import { spawn, type ChildProcess } from "node:child_process";
import { openSync, readFileSync } from "node:fs";

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1)); // with what "exit" cleans up

/** A program that runs until it is stopped, or until this one ends. */
export class Program {
  private readonly child: ChildProcess;
  private hasEnded = false;

  constructor(readonly command: string[], readonly log: string) {
    const out = openSync(log, "a");
    this.child = spawn(command[0]!, command.slice(1), { stdio: ["ignore", out, out] });
    this.child.on("exit", () => { this.hasEnded = true; });
    this.child.on("error", () => { this.hasEnded = true; });
    process.on("exit", () => this.child.kill("SIGKILL"));
  }

  get isRunning() { return !this.hasEnded; }
  get text() { return readFileSync(this.log, "utf8"); }

  async end(signal: "SIGTERM" | "SIGKILL") {
    this.child.kill(signal);
    await until(`${this.command[0]} has ended`, () => this.hasEnded, () => this.text.slice(-2_000));
  }
}

/** Waits until `is` holds, a minute at most; `tell` says what was seen instead. */
export async function until(what: string, is: () => boolean | Promise<boolean>, tell: () => string = () => "") {
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    if (await is()) return;
    await new Promise((later) => setTimeout(later, 50));
  }
  throw new Error(`not within a minute: ${what}\n${tell()}`);
}
