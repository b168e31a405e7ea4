import type { Sink } from "../../api";
import { askPauseSink, askRemoveSink, askResumeSink } from "../../actions/sinks";
import { count } from "../../format";
import { Badge } from "../../ui/badge";
import { Since } from "../../ui/since";

export function SinkTable({ sinks }: { sinks: Sink[] }) {
  return (
    <div class="scroll-x"><table>
      <thead><tr><th>Sink</th><th>Kind</th><th>State</th><th>Streams</th><th class="right">Behind</th><th class="right">Delivered</th><th class="right">Last</th>
        <th>What is wrong</th><th /></tr></thead>
      <tbody>{sinks.map((sink) => <SinkLine key={sink.name} sink={sink} />)}</tbody>
    </table></div>
  );
}

function SinkLine({ sink }: { sink: Sink }) {
  const state = sink.state === "active" && sink.failing_since !== null ? "failed" : sink.state;
  return (
    <tr>
      <td><strong>{sink.name}</strong></td><td>{sink.kind}</td>
      <td><Badge state={state} text={state === "failed" ? "fails" : sink.state} /></td>
      <td class="muted">{sink.streams.length ? sink.streams.join(", ") : "all"}</td>
      <td class="right" title={`in ${count(sink.shards_behind)} shards`}>{count(sink.changes_behind)}</td>
      <td class="right">{count(sink.delivered)}</td>
      <td class="right"><Since at={sink.last_delivered} /></td>
      <td>{sink.reason || (sink.error ? <>{sink.error} <span class="muted">for <Since at={sink.failing_since} /></span></> : <span class="muted">–</span>)}</td>
      <td class="right">
        {sink.state === "active"
          ? <button data-row onClick={() => askPauseSink(sink.name)}>Pause…</button>
          : <button data-row onClick={() => askResumeSink(sink.name)}>Resume…</button>}{" "}
        <button onClick={() => askRemoveSink(sink.name)}>Remove…</button>
      </td>
    </tr>
  );
}
