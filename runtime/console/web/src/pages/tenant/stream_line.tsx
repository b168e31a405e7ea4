import type { StreamProgress } from "../../api";
import { clockTime, count, duration, percent } from "../../format";
import { now } from "../../store/clock";
import { Progress } from "../../ui/progress";

export function StreamLine({ stream, isOpened, toggle }: { stream: StreamProgress; isOpened: boolean; toggle: () => void }) {
  return (
    <tr>
      <td><strong>{stream.stream}</strong></td>
      <td>{stream.done_share === null ? <span class="muted">no run is open</span> : <Progress share={stream.done_share} />}</td>
      <td class="right">{stream.partitions_open ? `${count(stream.partitions_open)} of ${count(stream.partitions)}` : "–"}</td>
      <td class="nowrap">{stream.known_up_to ? clockTime(stream.known_up_to, now.value) : <span class="muted">nothing yet</span>}</td>
      <td class="right nowrap">{stream.lateness_seconds > 0 ? duration(stream.lateness_seconds) : "–"}</td>
      <td class="right">{count(stream.records)}</td>
      <td class="right">{percent(stream.changed_share)}</td>
      <td><code class="cut" title={stream.cursor}>{stream.cursor || "–"}</code></td>
      <td><button class="link" data-row aria-expanded={isOpened} onClick={toggle}>{stream.owed ? `${count(stream.owed)} owed` : "complete"}</button></td>
    </tr>
  );
}
