import type { DeadLetter } from "../../api";
import { askReplay } from "../../actions/replay";
import { clockTime, count } from "../../format";
import { now } from "../../store/clock";
import { hrefOf } from "../../store/router";
import { Facts } from "../../ui/facts";
import { Icon } from "../../ui/icon";

export function LetterDetail({ letter, tenant }: { letter: DeadLetter; tenant: string }) {
  return (
    <section class="panel run-detail">
      <header>
        <h2>Dead letter {letter.id} of <a href={hrefOf(["tenants", tenant], { connection: letter.connection })}>{tenant} / {letter.connection}</a></h2>
        <button onClick={() => askReplay(letter)}>Replay…</button>
        <a class="tool" href={hrefOf(["dead-letters"])} data-back aria-label="Close"><Icon name="close" /></a>
      </header>
      <p class="problem-text">{letter.reason}</p>
      <Facts of={[["Stream", letter.stream], ["Key", <code>{letter.key || "none"}</code>], ["First seen", clockTime(letter.first_seen, now.value)],
        ["Last seen", clockTime(letter.last_seen, now.value)], ["In runs", count(letter.times)],
        ["Last run", <a href={hrefOf(["runs", String(letter.run)])}>{letter.run}</a>]]} />
      <pre>{pretty(letter.payload)}</pre>
    </section>
  );
}

/** The payload as the API sent it, laid out where it is JSON. */
export function pretty(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2);
  } catch {
    return payload;
  }
}
