import type { Overview } from "../../api";
import { count } from "../../format";
import { hrefOf } from "../../store/router";
import { Badge } from "../../ui/badge";

export function NodesCard({ nodes, shardsWithoutNode }: { nodes: Overview["nodes"]; shardsWithoutNode: number }) {
  const members = nodes.filter((node) => !node.is_silent).length;
  return (
    <a class="panel plot-card nodes-card" href={hrefOf(["cluster"])}>
      <header><h2>Nodes</h2></header>
      <p class="figure"><strong>{count(members)}</strong> <span class="muted">{members < nodes.length ? `of ${nodes.length} answer` : "answer"}</span></p>
      {shardsWithoutNode > 0 && <p class="problem-text">{count(shardsWithoutNode)} shards without a node</p>}
      <div>{nodes.map((node) => (
        <p key={node.name}><strong>{node.name}</strong><Badge state={node.is_silent ? "no answer" : node.state} /><span class="muted right" title="records a second">{count(node.records_per_second)}/s</span></p>))}</div>
    </a>
  );
}
