import type { ReadonlySignal } from "@preact/signals";
import { duration } from "../format";
import { now } from "../store/clock";

/** From when on we say that what is shown is old. */
export const staleAfterMs = 15_000;

export function Age({ heard }: { heard: ReadonlySignal<number> }) {
  if (!heard.value) return null;
  const age = Math.max(0, now.value - heard.value);
  const isStale = age > staleAfterMs;
  return (
    <span class={isStale ? "age stale" : "age"} role={isStale ? "alert" : undefined}>
      <i />{isStale ? `data as of ${duration(age / 1000)} ago` : age < 3_000 ? "up to date" : `${duration(age / 1000)} old`}
    </span>
  );
}
