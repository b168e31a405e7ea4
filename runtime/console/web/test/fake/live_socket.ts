import type { Server } from "node:http";
import { WebSocketServer, type WebSocket } from "ws";
import type { Json } from "../../src/store/merge_patch";
import { answer } from "./routes";
import type { World } from "./world";

/** What turns `before` into `after` as a merge patch; undefined: nothing. */
export function patchOf(before: Json | undefined, after: Json): Json | undefined {
  const isObject = (value: Json | undefined): value is { [name: string]: Json } => typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject(before) || !isObject(after)) return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
  const patch: { [name: string]: Json } = {};
  for (const name of Object.keys(before)) if (!(name in after)) patch[name] = null;
  for (const [name, value] of Object.entries(after)) {
    const part = patchOf(before[name], value);
    if (part !== undefined) patch[name] = part;
  }
  return Object.keys(patch).length ? patch : undefined;
}

/** After so long without news the node says that there are none. */
const quietMs = 4_500;

/** The live socket: a document per topic, then what changed of it, once a second at most. */
export function serveLive(server: Server, world: World): () => void {
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (request.url === "/api/v1/live") sockets.handleUpgrade(request, socket, head, (opened) => converse(opened, world));
    else socket.destroy();
  });
  return () => { for (const each of sockets.clients) each.terminate(); sockets.close(); };
}

function converse(socket: WebSocket, world: World) {
  const sent = new Map<string, Json | undefined>();
  const told = new Map<string, number>();
  let isKnown = world.token === "";
  const tell = () => {
    if (!isKnown) return;
    for (const [topic, before] of sent) {
      let after: Json;
      try { after = JSON.parse(JSON.stringify(answer(world, "GET", topic, new URLSearchParams(), {}))) as Json; } catch { continue; }
      const isQuiet = Date.now() - (told.get(topic) ?? 0) > quietMs;
      const patch = patchOf(before, after) ?? (isQuiet ? {} : undefined);
      if (patch === undefined) continue;
      sent.set(topic, after);
      told.set(topic, Date.now());
      socket.send(JSON.stringify(before === undefined ? { topic, document: after } : { topic, patch }));
    }
  };
  socket.on("message", (text) => {
    const asked = JSON.parse(String(text)) as { token?: string; watch?: string[]; unwatch?: string[] };
    if (asked.token !== undefined && asked.token === world.token) isKnown = true;
    if (!isKnown) {
      socket.close(4401);
      return;
    }
    for (const topic of asked.watch ?? []) sent.set(topic, undefined);
    for (const topic of asked.unwatch ?? []) sent.delete(topic);
    tell();
  });
  const timer = setInterval(tell, 1_000);
  socket.on("close", () => clearInterval(timer));
}
