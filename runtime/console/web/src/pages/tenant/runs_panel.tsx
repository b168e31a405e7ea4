import { count } from "../../format";
import { useResource } from "../../store/resource";
import { hrefOf } from "../../store/router";
import { api } from "../../store/session";
import { Badge } from "../../ui/badge";
import { Empty } from "../../ui/empty";
import { Loaded } from "../../ui/loaded";
import { Section } from "../../ui/section";
import { Since } from "../../ui/since";
import { changedOf } from "../runs/run_line";

interface Props { tenant: string; connection: string }

export function RunsPanel({ tenant, connection }: Props) {
  const found = useResource(`runs-${tenant}/${connection}`, (signal) => api.connectionRuns(tenant, connection, signal), 5_000);
  return (
    <Section title="Runs" note="latest first">
      <Loaded of={found}>
        {(data) => data.runs.length === 0 ? <Empty title="It has not run yet" /> : (
          <div class="scroll-x"><table>
            <thead><tr><th>Run</th><th>Phase</th><th class="roomy">Kind</th><th class="right">Ago</th><th class="right">Records</th><th class="right">Changed</th></tr></thead>
            <tbody>{data.runs.slice(0, 10).map((run) => (
              <tr key={run.run} title={run.reason}>
                <td><a data-row href={hrefOf(["runs", String(run.run)])}>{run.run}</a></td><td><Badge state={run.phase} /></td><td class="muted roomy">{run.kind}</td>
                <td class="right nowrap"><Since at={run.started} /></td><td class="right">{count(run.records)}</td><td class="right">{count(changedOf(run))}</td>
              </tr>))}</tbody>
          </table></div>
        )}
      </Loaded>
    </Section>
  );
}
