import { useState } from "preact/hooks";
import { count } from "../../format";
import { useResource } from "../../store/resource";
import { api } from "../../store/session";
import { Loaded } from "../../ui/loaded";
import { Section } from "../../ui/section";
import { CompletenessPanel } from "./completeness_panel";
import { StreamLine } from "./stream_line";

interface Props { tenant: string; connection: string }

export function StreamsPanel({ tenant, connection }: Props) {
  const found = useResource(`streams-${tenant}/${connection}`, (signal) => api.streams(tenant, connection, signal), 3_000);
  const [opened, setOpened] = useState("");
  const owed = found.data.value?.streams.reduce((sum, stream) => sum + stream.owed, 0) ?? 0;
  return (
    <Section title="Streams" note={owed ? `${count(owed)} intervals owed` : ""}>
      <Loaded of={found}>
        {(data) => (
          <div class="scroll-x"><table>
            <thead><tr><th>Stream</th><th>Progress</th><th class="right">Parts open</th><th>Known up to</th><th class="right">Late by</th><th class="right">Records</th><th class="right">Changed</th><th>Cursor</th><th>Completeness</th></tr></thead>
            <tbody>{data.streams.map((stream) => (
              <StreamLine key={stream.stream} stream={stream} isOpened={opened === stream.stream} toggle={() => setOpened(opened === stream.stream ? "" : stream.stream)} />))}</tbody>
          </table></div>
        )}
      </Loaded>
      {opened && <CompletenessPanel key={opened} tenant={tenant} connection={connection} stream={opened} />}
    </Section>
  );
}
