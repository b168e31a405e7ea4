import type { ClusterNode } from "../../api";
import { askDrain, askUndrain } from "../../actions/drain";
import { bytes, count, duration } from "../../format";
import { Badge } from "../../ui/badge";

export function NodeTable({ nodes }: { nodes: ClusterNode[] }) {
  return (
    <div class="scroll-x"><table>
      <thead><tr><th>Node</th><th>State</th><th>Link</th><th class="right">Shards</th><th class="right">Tenants</th><th class="right">Runs</th><th class="right">Miners</th>
        <th class="right">Records/s</th><th class="right roomy">Pages/s</th><th class="right">In flight</th><th class="right">Memory</th><th class="right">Up</th><th /></tr></thead>
      <tbody>{nodes.map((node) => <NodeLine key={node.name} node={node} />)}</tbody>
    </table></div>
  );
}

function NodeLine({ node }: { node: ClusterNode }) {
  const figures = node.figures;
  return (
    <tr>
      <td><strong>{node.name}</strong>{node.weight !== 100 && <span class="muted"> weight {node.weight}</span>}</td>
      <td><Badge state={node.is_silent ? "no answer" : node.state} /></td>
      <td class="muted" title={node.link.why_not ?? ""}>{node.link.state === "self" ? "this node" : node.link.why_not ? `${node.link.state}: ${node.link.why_not}` : node.link.state}</td>
      <td class="right">{count(node.shards)}</td><td class="right">{count(node.tenants)}</td>
      {figures ? (
        <>
          <td class="right">{count(figures.open_runs)}</td><td class="right">{count(figures.miners)}</td><td class="right">{count(figures.records_per_second)}</td>
          <td class="right roomy">{count(figures.pages_per_second)}</td><td class="right">{bytes(figures.bytes_in_flight)}</td>
          <td class="right">{figures.memory_bytes === undefined ? "–" : bytes(figures.memory_bytes)}</td><td class="right">{duration(figures.uptime_seconds)}</td>
        </>
      ) : <><td class="muted" colSpan={6}>no figures: it does not answer</td><td class="roomy" /></>}
      <td class="right">{node.state === "draining"
        ? <button data-row onClick={() => askUndrain(node.name)}>Undrain…</button>
        : <button data-row onClick={() => askDrain(node.name)} disabled={node.state === "joining"}>Drain…</button>}</td>
    </tr>
  );
}
