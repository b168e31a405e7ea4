import { signal } from "@preact/signals";
import { mergePatch, type Json } from "./merge_patch";
import { token } from "./session";

// off -> connecting -> open -> off (waits 1, 2, 4 ... 15 s) -> connecting ...
// A topic is the path of a GET; the node sends the whole document first, then merge patches of it.

export const liveState = signal<"off" | "connecting" | "open">("off");

type Listener = (document: unknown) => void;
interface Topic { document: Json | undefined; listeners: Set<Listener> }

const topics = new Map<string, Topic>();
let socket: WebSocket | null = null;
let failures = 0;
let retry: ReturnType<typeof setTimeout> | undefined;

function say(message: object) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function hear(text: string) {
  const message = JSON.parse(text) as { topic?: string; document?: Json; patch?: Json };
  const topic = message.topic === undefined ? undefined : topics.get(message.topic);
  if (!topic) return;
  if (message.document !== undefined) topic.document = message.document;
  else if (message.patch !== undefined && topic.document !== undefined) topic.document = mergePatch(topic.document, message.patch);
  else return;
  for (const listener of topic.listeners) listener(topic.document);
}

function connect() {
  retry = undefined;
  liveState.value = "connecting";
  const opened = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/live`);
  socket = opened;
  opened.onopen = () => {
    failures = 0;
    liveState.value = "open";
    say({ token: token.value, watch: [...topics.keys()] });
  };
  opened.onmessage = (event) => hear(String(event.data));
  opened.onclose = () => {
    if (socket !== opened) return;
    socket = null;
    liveState.value = "off";
    for (const topic of topics.values()) topic.document = undefined;
    if (topics.size) retry = setTimeout(connect, Math.min(15_000, 1_000 * 2 ** failures++));
  };
}

/** Calls `listener` with each new state of the document at `path`. Returns what ends it. */
export function watch(path: string, listener: Listener): () => void {
  const known = topics.get(path);
  const topic = known ?? { document: undefined, listeners: new Set<Listener>() };
  topics.set(path, topic);
  topic.listeners.add(listener);
  if (topic.document !== undefined) listener(topic.document);
  if (!socket && retry === undefined) connect();
  else if (!known) say({ watch: [path] });
  return () => {
    topic.listeners.delete(listener);
    if (topic.listeners.size || topics.get(path) !== topic) return;
    topics.delete(path);
    say({ unwatch: [path] });
  };
}
