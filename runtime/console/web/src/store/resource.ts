import { signal, type ReadonlySignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ApiError } from "../api";
import { watch } from "./live";

/** Something the node told: the last good answer stays on show when a later one fails, with its age and the error. */
export interface Resource<T> {
  data: ReadonlySignal<T | undefined>;
  error: ReadonlySignal<ApiError | undefined>;
  /** When the node last said it, in ms of this machine's clock; 0: never. */
  heard: ReadonlySignal<number>;
  reload: () => void;
}

/** Grows when the operator changed something: everything on show is asked for again. */
export const changes = signal(0);

/** How soon to ask again: the longer it fails the later, and not at all for what another try would not change. */
export function nextPoll(everyMs: number, failures: number): number {
  return failures === 0 ? everyMs : Math.min(30_000, Math.max(everyMs, 1_000 * 2 ** failures));
}

/** Asks now, then every `everyMs`; where `topic` is given, the live socket keeps it new and polls are the exception. */
export function useResource<T>(key: string, ask: (signal: AbortSignal) => Promise<T>, everyMs: number, topic?: string): Resource<T> {
  const held = useMemo(() => make<T>(), [key]);
  useEffect(() => held.start(ask, everyMs, topic), [key]);
  return held;
}

function make<T>() {
  const data = signal<T | undefined>(undefined);
  const error = signal<ApiError | undefined>(undefined);
  const heard = signal(0);
  let again: () => void = () => {};

  const take = (value: T) => {
    data.value = value;
    error.value = undefined;
    heard.value = Date.now();
  };

  const start = (ask: (signal: AbortSignal) => Promise<T>, everyMs: number, topic?: string) => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    const poll = async () => {
      clearTimeout(timer);
      const isFresh = topic !== undefined && failures === 0 && Date.now() - heard.value < everyMs;
      if (!isFresh && !document.hidden) await ask(abort.signal).then(
        (value) => { failures = 0; if (!abort.signal.aborted) take(value); },
        (problem: unknown) => { failures++; if (!abort.signal.aborted) error.value = problem instanceof ApiError ? problem : new ApiError(0, "failed", String(problem)); });
      if (!abort.signal.aborted) { clearTimeout(timer); timer = setTimeout(poll, nextPoll(everyMs, failures)); }
    };
    again = () => { heard.value = 0; void poll(); };
    const stopChanges = changes.subscribe((n) => { if (n > 0 && heard.peek()) again(); });
    const shown = () => { if (!document.hidden) void poll(); };
    document.addEventListener("visibilitychange", shown);
    void poll();
    const unwatch = topic ? watch(topic, (value) => { failures = 0; take(value as T); }) : () => {};
    return () => {
      abort.abort();
      clearTimeout(timer);
      unwatch();
      stopChanges();
      document.removeEventListener("visibilitychange", shown);
    };
  };
  return { data, error, heard, reload: () => again(), start };
}
