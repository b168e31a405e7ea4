import { askPauseTenant, askResumeTenant } from "../../actions/pause";
import { useResource } from "../../store/resource";
import { hrefOf, place } from "../../store/router";
import { api } from "../../store/session";
import { Badge } from "../../ui/badge";
import { Empty } from "../../ui/empty";
import { Loaded } from "../../ui/loaded";
import { Page } from "../../ui/page";
import { ConnectionView } from "./connection_view";
import { SupervisionPanel } from "./supervision_panel";

export function TenantPage({ tenant }: { tenant: string }) {
  const found = useResource(`tenant-${tenant}`, (signal) => api.tenant(tenant, signal), 5_000);
  const why = useResource(`why-${tenant}`, (signal) => api.why(tenant, signal), 5_000, `/tenants/${encodeURIComponent(tenant)}/why`);
  const data = found.data.value;
  const names = data?.connections ?? [];
  const wanted = place.value.query["connection"] ?? "";
  const connection = names.includes(wanted) ? wanted : names[0];
  const toggle = data?.state === "paused"
    ? <button onClick={() => askResumeTenant(tenant)}>Resume tenant…</button>
    : <button onClick={() => askPauseTenant(tenant)} disabled={data === undefined}>Pause tenant…</button>;
  return (
    <Page title={tenant} back={hrefOf(["tenants"])} heard={why.heard} actions={<><a class="button" href={hrefOf(["audit"], { search: tenant })}>Audit</a>{toggle}</>}
      sub={data && <><Badge state={data.state} text={`tenant ${data.state}`} /> <span class="muted"> · {data.reason && `${data.reason} · `}{data.node ? `mined by ${data.node}` : "no node mines it"} · shard {data.shard}</span></>}>
      <Loaded of={found}>
        {() => (
          <>
            {names.length > 1 && (
              <div class="tabs" role="tablist">{names.map((name) => (
                <a key={name} role="tab" aria-selected={name === connection} href={hrefOf(["tenants", tenant], { connection: name })}>
                  {name} <Badge state={why.data.value?.connections.find((each) => each.connection === name)?.waits_for ?? "none"} />
                </a>))}
              </div>
            )}
            {connection ? <ConnectionView key={connection} tenant={tenant} connection={connection} why={why} /> : <Empty title="It has no connection">Add one: lode connection put</Empty>}
            <SupervisionPanel tenant={tenant} />
          </>
        )}
      </Loaded>
    </Page>
  );
}
