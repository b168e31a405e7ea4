import { useMemo, useRef } from "preact/hooks";
import { useResource } from "../../store/resource";
import { api } from "../../store/session";
import { Empty } from "../../ui/empty";
import { Loaded } from "../../ui/loaded";
import { Page } from "../../ui/page";
import { Section } from "../../ui/section";
import { ActorTable } from "./actor_table";
import { rateOf, sampleOf, type Sample } from "./message_rates";

/** A rate is that of the last few answers, so that it is calm. */
const kept = 5;

export function ActorsPage() {
  const cluster = useResource("actors", api.cluster, 3_000, "/cluster");
  const samples = useRef<Sample[]>([]);
  const data = cluster.data.value;
  useMemo(() => {
    if (data) samples.current = [...samples.current, sampleOf(data.nodes, Date.now())].slice(-kept);
  }, [data]);
  const [first, last] = [samples.current[0], samples.current[samples.current.length - 1]];
  return (
    <Page title="Actors" sub="Who supervises whom on each node, what waits in their mailboxes, how long a message takes." heard={cluster.heard}>
      <Loaded of={cluster} rows={8}>
        {(data) => data.nodes.map((node) => (
          <Section key={node.name} title={node.name} note={node.is_silent ? "does not answer" : ""}>
            {node.actors.length ? <ActorTable actors={node.actors} rate={(actor) => (last ? rateOf(first, last, node.name, actor) : undefined)} /> : <Empty title="Nothing is known of its actors">It does not answer.</Empty>}
          </Section>
        ))}
      </Loaded>
    </Page>
  );
}
