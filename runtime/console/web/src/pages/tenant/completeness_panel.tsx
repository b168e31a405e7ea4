import { clockTime, reasonText } from "../../format";
import { now } from "../../store/clock";
import { useResource } from "../../store/resource";
import { hrefOf } from "../../store/router";
import { api } from "../../store/session";
import { Loaded } from "../../ui/loaded";

interface Props { tenant: string; connection: string; stream: string }

export function CompletenessPanel({ tenant, connection, stream }: Props) {
  const found = useResource(`complete-${tenant}/${connection}/${stream}`, (signal) => api.complete(tenant, connection, stream, signal), 15_000);
  return (
    <div class="inset">
      <Loaded of={found} rows={2}>
        {(data) => (
          <>
            <h3>{data.complete ? `All of ${stream} is there` : `Of ${stream} something is owed`}</h3>
            {data.owed.length > 0 && (
              <table>
                <thead><tr><th>From</th><th>To</th><th>Part</th><th>Why</th><th>Run</th></tr></thead>
                <tbody>{data.owed.map((owed) => (
                  <tr key={`${owed.partition}${owed.from}${owed.to}`}>
                    <td>{owed.from ? clockTime(owed.from, now.value) : "the beginning"}</td><td>{clockTime(owed.to, now.value)}</td>
                    <td><code class="cut">{owed.partition || "all"}</code></td><td>{reasonText(owed.reason)} <span class="muted">{owed.detail}</span></td>
                    <td>{owed.run === null ? "–" : <a href={hrefOf(["runs", String(owed.run)])}>{owed.run}</a>}</td>
                  </tr>))}</tbody>
              </table>
            )}
            {(data.deletes_unverified ?? []).length > 0 && <p class="muted">What was deleted at the API is not known for some of the time: a full run finds it.</p>}
            {data.cut && <p class="muted">There is more than one answer takes: lode complete {tenant} {stream}</p>}
          </>
        )}
      </Loaded>
    </div>
  );
}
