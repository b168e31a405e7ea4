import type { Run } from "../../api";
import { count, duration, plural, secondsSince } from "../../format";
import { now } from "../../store/clock";
import { hrefOf } from "../../store/router";
import { Badge } from "../../ui/badge";

export function RunHead() {
  return <><span>Tenant</span><span>Phase</span><span>Kind</span><span class="right">Began</span><span class="right">Took</span><span class="right">Pages</span><span class="right">Records</span><span class="right">Changed</span><span>Note</span></>;
}

/** How much of what was read was news. */
export const changedOf = (run: Run) => run.inserted + run.updated + run.deleted;

export function RunLine({ run }: { run: Run }) {
  const took = run.ended === null ? secondsSince(run.started, now.value) : (Date.parse(run.ended) - Date.parse(run.started)) / 1000;
  return (
    <a class="list-row" role="row" data-row href={hrefOf(["runs", String(run.run)])}>
      <strong class="cut">{run.tenant ?? "run " + run.run}{run.connection && <span class="muted"> / {run.connection}</span>}</strong>
      <Badge state={run.phase} />
      <span class="muted wide">{run.kind}</span>
      <span class="right nowrap" title={run.started}>{duration(secondsSince(run.started, now.value))} ago</span>
      <span class="right nowrap wide">{took < 1 ? "under 1 s" : duration(took)}</span>
      <span class="right wide">{count(run.pages)}</span>
      <span class="right wide">{count(run.records)}</span>
      <span class="right wide">{count(changedOf(run))}</span>
      <span class="muted cut wide" title={run.reason}>{noteOf(run)}</span>
    </a>
  );
}

function noteOf(run: Run): string {
  if (run.reason) return run.reason;
  if (run.phase === "open") return `${plural(run.open, "part")} open${run.failed ? `, ${count(run.failed)} failed` : ""}`;
  return run.dead ? `${count(run.dead)} dead letters` : "";
}
