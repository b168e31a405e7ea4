import { reasonText } from "../format";

const tones: Record<string, string> = {
  suspended: "critical", critical: "critical", incomplete: "warning", warning: "warning", backing_off: "warning", api_slow: "warning",
  store_slow: "warning", not_heard: "warning", draining: "warning", quota: "notice", queued: "notice", moving: "notice", open: "notice",
  notice: "notice", owed: "warning", repairing: "notice", unverified: "notice", joining: "notice", none: "ok", finished: "ok", active: "ok",
  member: "ok", done: "ok", refused: "warning", failed: "critical", listening: "ok", closed: "ok", silent: "warning", "no answer": "critical",
};

/** A state in one word; the dot's colour repeats the word, it never replaces it. */
export function Badge({ state, text }: { state: string; text?: string }) {
  return <span class={`badge ${tones[state] ?? "plain"}`}><i />{text ?? reasonText(state)}</span>;
}
