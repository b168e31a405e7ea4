import type { Why } from "../../api";
import { useResource, type Resource } from "../../store/resource";
import { api } from "../../store/session";
import { Loaded } from "../../ui/loaded";
import { ConnectionFacts } from "./connection_facts";
import { ErrorsPanel } from "./errors_panel";
import { LivePanel } from "./live_panel";
import { RunsPanel } from "./runs_panel";
import { StreamsPanel } from "./streams_panel";
import { WhyPanel } from "./why_panel";

interface Props { tenant: string; connection: string; why: Resource<Why> }

export function ConnectionView({ tenant, connection, why }: Props) {
  const found = useResource(`connection-${tenant}/${connection}`, (signal) => api.connection(tenant, connection, signal), 5_000);
  return (
    <Loaded of={found} rows={6}>
      {(data) => (
        <>
          <WhyPanel connection={data} why={why.data.value?.connections.find((each) => each.connection === connection)} problem={why.error.value?.message ?? ""} />
          <StreamsPanel tenant={tenant} connection={connection} />
          <ErrorsPanel tenant={tenant} connection={connection} />
          <div class="columns">
            <RunsPanel tenant={tenant} connection={connection} />
            <div class="stack">
              {data.live && <LivePanel connection={data} live={data.live} />}
              <ConnectionFacts connection={data} />
            </div>
          </div>
        </>
      )}
    </Loaded>
  );
}
