import type { CallError } from "../../api";
import { useResource } from "../../store/resource";
import { api } from "../../store/session";
import { Empty } from "../../ui/empty";
import { Loaded } from "../../ui/loaded";
import { Section } from "../../ui/section";
import { Since } from "../../ui/since";

interface Props { tenant: string; connection: string }

export function ErrorsPanel({ tenant, connection }: Props) {
  const found = useResource(`errors-${tenant}/${connection}`, (signal) => api.errors(tenant, connection, signal), 5_000);
  return (
    <Section title="Last errors" note="latest first; secrets are masked">
      <Loaded of={found} rows={2}>
        {(data) => data.errors.length === 0 ? <Empty title="No call has failed lately" /> : <div class="errors">{data.errors.map((error) => <ErrorLine key={error.at + error.stream + error.partition} error={error} />)}</div>}
      </Loaded>
    </Section>
  );
}

function ErrorLine({ error }: { error: CallError }) {
  return (
    <details>
      <summary data-row>
        <span class="muted right"><Since at={error.at} /></span>
        <strong>{error.status ?? "no answer"}</strong>
        <span class="cut">{error.stream}</span>
        <span class="cut">{error.text}</span>
        <span class="muted nowrap">try {error.attempt}</span>
      </summary>
      <div class="columns"><div><h3>Request</h3><pre>{error.request}</pre></div><div><h3>Response</h3><pre>{error.response || "nothing came"}</pre></div></div>
    </details>
  );
}
