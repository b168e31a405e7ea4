import type { Connection, Why } from "../../api";
import { askConfirmDeletes } from "../../actions/confirm_deletes";
import { askPauseConnection, askResumeConnection } from "../../actions/pause";
import { askReset } from "../../actions/reset";
import { askSecrets } from "../../actions/secrets";
import { askTrigger } from "../../actions/trigger";
import { clockTime, duration, secondsSince } from "../../format";
import { now } from "../../store/clock";
import { Badge } from "../../ui/badge";

interface Props { connection: Connection; why: Why["connections"][number] | undefined; problem: string }

/** What it waits for, since when, what would help, and the means to do it. */
export function WhyPanel({ connection, why, problem }: Props) {
  const { tenant, name } = connection;
  const waits = why?.waits_for ?? connection.state;
  const isStopped = connection.state === "suspended" || connection.state === "paused";
  const deletes = why?.unconfirmed_deletes ?? [];
  return (
    <section class={`panel why why-${waits}`}>
      <div class="grow">
        <p><Badge state={waits} /> {why?.since && waits !== "none" && <span class="muted">for {duration(secondsSince(why.since, now.value))}, since {clockTime(why.since, now.value)}</span>}
          {why?.until && <span class="muted">, until {clockTime(why.until, now.value)}</span>}</p>
        <p class="why-text">{why?.text ?? (connection.reason || (problem ? `What it waits for is not known: ${problem}` : "…"))}</p>
        {why?.help && <p class="muted">{why.help}</p>}
        {why?.next_run && waits === "none" && <p class="muted">Next run {untilText(why.next_run, now.value)}</p>}
      </div>
      <div class="actions">
        <button class={connection.state === "suspended" ? "primary" : ""} onClick={() => void askSecrets(tenant, name)} disabled={!Object.keys(connection.secrets).length}>New credentials…</button>
        {isStopped ? <button onClick={() => askResumeConnection(tenant, name)}>Resume…</button> : (
          <>
            <button onClick={() => askTrigger(tenant, name, connection.streams)}>Start run…</button>
            <button onClick={() => askPauseConnection(tenant, name)}>Pause…</button>
          </>
        )}
        <button onClick={() => askReset(tenant, name, connection.streams)}>Reset…</button>
        {deletes.length > 0 && <button class="danger" onClick={() => askConfirmDeletes(tenant, name, deletes)}>Confirm deletes…</button>}
      </div>
    </section>
  );
}

function untilText(at: string, nowMs: number): string {
  const seconds = -secondsSince(at, nowMs);
  return seconds < 1 ? "is due" : `in ${duration(seconds)}`;
}
