import type { Connection, Gap } from "../../api";
import { clockTime } from "../../format";
import { now } from "../../store/clock";
import { useResource } from "../../store/resource";
import { api } from "../../store/session";
import { Badge } from "../../ui/badge";
import { Empty } from "../../ui/empty";
import { Loaded } from "../../ui/loaded";
import { Section } from "../../ui/section";
import { Since } from "../../ui/since";

/** Whether it is heard live, and the spans in which nobody listened. */
export function LivePanel({ connection, live }: { connection: Connection; live: NonNullable<Connection["live"]> }) {
  const found = useResource(`gaps-${connection.tenant}/${connection.name}`, (signal) => api.gaps(connection.tenant, connection.name, signal), 5_000);
  return (
    <Section title="Live capture" note={<><Badge state={live.state} /> <Since at={live.since} /></>}>
      {live.reason && <p class="problem-text">{live.reason}</p>}
      <Loaded of={found} rows={2}>
        {(data) => data.gaps.length === 0 ? <Empty title="No gap: it was heard all the time" /> : <Gaps gaps={data.gaps} />}
      </Loaded>
    </Section>
  );
}

function Gaps({ gaps }: { gaps: Gap[] }) {
  return (
    <div class="scroll-x"><table>
      <thead><tr><th>Gap</th><th>From</th><th>Until</th><th>Reason</th></tr></thead>
      <tbody>{gaps.map((gap) => (
        <tr key={gap.id}><td><Badge state={gap.state} /></td><td class="nowrap">{gap.from ? clockTime(gap.from, now.value) : "the beginning"}</td>
          <td class="nowrap">{gap.until ? clockTime(gap.until, now.value) : "it lasts"}</td>
          <td class="muted">{gap.reason}{gap.failures > 0 && `; ${gap.failures} repairs failed`}</td></tr>))}</tbody>
    </table></div>
  );
}
