import type { SupervisionNode } from "../../api";
import { plural } from "../../format";
import { useResource } from "../../store/resource";
import { api } from "../../store/session";
import { Empty } from "../../ui/empty";
import { Loaded } from "../../ui/loaded";
import { Section } from "../../ui/section";
import { Since } from "../../ui/since";

export function SupervisionPanel({ tenant }: { tenant: string }) {
  const found = useResource(`supervision-${tenant}`, (signal) => api.supervision(tenant, signal), 5_000);
  return (
    <Section title="Supervision" note={found.data.value ? found.data.value.nodes.map((each) => `on ${each.node}`).join(", ") : ""}>
      <Loaded of={found} rows={3}>{(data) => data.nodes.every((each) => each.tree.length === 0) ? <Empty title="Nobody works for it at the moment" />
        : data.nodes.map((each) => <ul key={each.node} class="tree">{each.tree.map((node) => <Branch key={node.name + node.what} node={node} />)}</ul>)}</Loaded>
    </Section>
  );
}

function Branch({ node }: { node: SupervisionNode }) {
  return (
    <li>
      <span class="tree-line"><strong>{node.name}</strong> <span>{node.what}</span> <span class="muted">{node.state}, for <Since at={node.since} /></span>
        {node.restarts > 0 && <span class="problem-text">{plural(node.restarts, "restart")}</span>}</span>
      {node.children.length > 0 && <ul>{node.children.map((child) => <Branch key={child.name + child.what} node={child} />)}</ul>}
    </li>
  );
}
