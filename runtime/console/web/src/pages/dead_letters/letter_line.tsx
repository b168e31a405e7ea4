import type { DeadLetter } from "../../api";
import { count } from "../../format";
import { hrefOf } from "../../store/router";
import { Since } from "../../ui/since";

export function LetterLine({ letter, tenant, query }: { letter: DeadLetter; tenant: string; query: Record<string, string> }) {
  return (
    <a class="list-row" role="row" data-row href={hrefOf(["dead-letters", String(letter.id)], query)}>
      <strong class="cut">{tenant}<span class="muted"> / {letter.connection}</span></strong>
      <span class="cut">{letter.stream}</span>
      <code class="cut wide">{letter.key || "no key"}</code>
      <span class="muted cut wide" title={letter.reason}>{letter.reason}</span>
      <span class="right wide">{count(letter.times)}</span>
      <span class="right"><Since at={letter.last_seen} /></span>
    </a>
  );
}
