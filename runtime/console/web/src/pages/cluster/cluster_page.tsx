import { count, plural } from "../../format";
import { useResource } from "../../store/resource";
import { api } from "../../store/session";
import { Loaded } from "../../ui/loaded";
import { Page } from "../../ui/page";
import { Section } from "../../ui/section";
import { LogLevel } from "./log_level";
import { Moves } from "./moves";
import { NodeTable } from "./node_table";
import { ShardMap } from "./shard_map";

export function ClusterPage() {
  const cluster = useResource("cluster", api.cluster, 3_000, "/cluster");
  const shards = useResource("shards", api.shards, 5_000, "/shards");
  return (
    <Page title="Cluster" heard={cluster.heard}>
      <Loaded of={cluster}>
        {(data) => (
          <Section title="Nodes" note={`${count(data.shards)} shards${data.shards_without_node ? `, ${plural(data.shards_without_node, "shard")} without a node` : ""}; view ${data.view}; asked ${data.asked}`}>
            <NodeTable nodes={data.nodes} />
            <LogLevel />
          </Section>
        )}
      </Loaded>
      <Loaded of={shards} rows={3}>
        {(data) => (
          <>
            <ShardMap shards={data} />
            <Moves moves={data.moves} />
          </>
        )}
      </Loaded>
    </Page>
  );
}
