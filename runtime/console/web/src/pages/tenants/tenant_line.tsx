import type { TenantRow } from "../../api";
import { count, duration } from "../../format";
import { hrefOf } from "../../store/router";
import { ReasonCell } from "../../ui/reason_cell";

export function TenantLine({ tenant }: { tenant: TenantRow }) {
  return (
    <a class="list-row" role="row" data-row href={hrefOf(["tenants", tenant.name], { connection: tenant.connection ?? "" })}>
      <strong class="cut">{tenant.name}{tenant.connection !== null && tenant.connection !== "main" && <span class="muted"> / {tenant.connection}</span>}</strong>
      <span class="nowrap"><ReasonCell reason={tenant.connection === null ? "no connection" : tenant.state === "paused" ? "paused" : tenant.waits_for} since={tenant.waits_since} /></span>
      <span class="muted cut wide" title={tenant.detail}>{tenant.detail}</span>
      <span class="right nowrap">{tenant.lateness_seconds > 0 ? duration(tenant.lateness_seconds) : <span class="muted">–</span>}</span>
      <span class="right wide">{tenant.records_per_second > 0 ? count(tenant.records_per_second) : <span class="muted">–</span>}</span>
      <span class="muted wide">{tenant.source ?? "–"}</span>
      <span class="muted wide">{tenant.node ?? "no node"}</span>
    </a>
  );
}
