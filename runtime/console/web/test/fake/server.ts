import { readFileSync } from "node:fs";
import { createServer, STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { addHistory, note } from "./audit";
import { serveLive } from "./live_socket";
import { answer, Refused } from "./routes";
import { World } from "./world";

export interface Fake { url: string; world: World; close: () => Promise<void> }

/** What a node must send with the page: nothing inline, nothing from elsewhere. */
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const types: Record<string, string> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".map": "application/json" };

export async function startFake(world: World, dist: string, port = 0): Promise<Fake> {
  const server = createServer((request, response) => void serve(world, dist, request, response));
  if (!world.audit.length) addHistory(world);
  const closeLive = serveLive(server, world);
  await new Promise<void>((started) => server.listen(port, "127.0.0.1", started));
  const close = () => new Promise<void>((ended) => { closeLive(); server.close(() => ended()); server.closeAllConnections(); });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, world, close };
}

async function serve(world: World, dist: string, request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url ?? "/", "http://node");
  if (!url.pathname.startsWith("/api/v1/")) return servePage(dist, url.pathname, response);
  const method = request.method ?? "GET";
  const path = url.pathname.slice("/api/v1".length);
  const isChange = method !== "GET";
  const json = (status: number, value: unknown) => {
    response.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" });
    response.end(JSON.stringify(value));
  };
  const refuse = (status: number, code: string, detail: string) => {
    if (isChange) note(world, method, path, status);
    json(status, { type: "about:blank", title: STATUS_CODES[status], status, detail, code });
  };
  if (world.token && request.headers.authorization !== `Bearer ${world.token}`) return refuse(401, "unauthorized", "the token is missing or wrong");
  let text = "";
  for await (const part of request) text += String(part);
  const body = text ? JSON.parse(text) as Record<string, unknown> : {};
  if (isChange) world.done.push({ method, path, body, key: request.headers["idempotency-key"] as string | undefined });
  try {
    const answered = answer(world, method, path, url.searchParams, body);
    if (isChange) note(world, method, path, 200);
    json(200, answered);
  } catch (problem) {
    if (problem instanceof Refused) refuse(problem.status, problem.code, problem.message);
    else refuse(500, "failed", String(problem));
  }
}

function servePage(dist: string, path: string, response: ServerResponse) {
  const name = path === "/" ? "index.html" : path.slice(1);
  try {
    if (name.includes("/")) throw new Error("no folders");
    const content = readFileSync(`${dist}/${name}`);
    response.writeHead(200, { "Content-Type": types[extname(name)] ?? "text/plain", "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer" });
    response.end(content);
  } catch {
    response.writeHead(404).end();
  }
}
