import { askCancelRun } from "../../actions/cancel_run";
import { bytes, clockTime, count } from "../../format";
import { now } from "../../store/clock";
import { useResource } from "../../store/resource";
import { hrefOf } from "../../store/router";
import { api } from "../../store/session";
import { Badge } from "../../ui/badge";
import { Facts } from "../../ui/facts";
import { Icon } from "../../ui/icon";
import { Loaded } from "../../ui/loaded";

export function RunDetail({ run }: { run: number }) {
  const found = useResource(`run-${run}`, (signal) => api.run(run, signal), 3_000);
  return (
    <section class="panel run-detail">
      <Loaded of={found} rows={2}>
        {(data) => (
          <>
            <header>
              <h2>Run {data.run}{data.tenant && <> of <a href={hrefOf(["tenants", data.tenant], { connection: data.connection ?? "" })}>{data.tenant} / {data.connection}</a></>}</h2>
              <Badge state={data.phase} />
              {data.phase === "open" && <button class="danger" onClick={() => askCancelRun(data.run, `${data.tenant} / ${data.connection}`)}>Cancel run…</button>}
              <a class="tool" href={hrefOf(["runs"])} data-back aria-label="Close"><Icon name="close" /></a>
            </header>
            {data.reason && <p class="problem-text">{data.reason}</p>}
            <Facts of={[
              ["Kind", data.kind], ["Began", clockTime(data.started, now.value)], ["Ended", data.ended ? clockTime(data.ended, now.value) : "it is open"],
              ["Parts open", count(data.open)], ["Failed", count(data.failed)], ["Pages", count(data.pages)], ["Bytes", bytes(data.bytes)],
              ["Records", count(data.records)], ["New", count(data.inserted)], ["Changed", count(data.updated)], ["Deleted", count(data.deleted)],
              ["As before", count(data.unchanged)], ["Older than stored", count(data.refused_older)], ["Dead letters", count(data.dead)],
              ["Trace, in the logs", <code>{data.trace}</code>]]} />
          </>
        )}
      </Loaded>
    </section>
  );
}
