import { useRef } from "preact/hooks";
import type { Activity, Reason, TenantQuery, TenantSort } from "../../api";
import { reasons, reasonText } from "../../format";
import { usePagedList } from "../../store/paged_list";
import { place } from "../../store/router";
import { api } from "../../store/session";
import { Filter } from "../../ui/filter";
import { Page } from "../../ui/page";
import { PagedRows } from "../../ui/paged_rows";
import { Search } from "../../ui/search";
import { useRowHeight } from "../../ui/use_row_height";
import { TenantLine } from "./tenant_line";

const states: [string, string][] = [["", "all"], ["active", "active"], ["paused", "paused"], ["suspended", "suspended"]];
const waits: [string, string][] = [["", "all"], ...reasons.map((reason): [string, string] => [reason, reasonText(reason)])];
const lates: [string, string][] = [["", "any"], ["60", "over a minute"], ["600", "over 10 minutes"], ["3600", "over an hour"], ["86400", "over a day"]];
const sorts: [string, string][] = [["worst", "worst first"], ["name", "name"], ["lateness", "latest first"], ["rate", "busiest first"]];

export function queryOf(query: Record<string, string>): TenantQuery {
  return {
    search: query["search"] ?? "", state: (query["state"] ?? "") as Activity | "", reason: (query["reason"] ?? "") as Reason | "",
    source: query["source"] ?? "", sort: (query["sort"] ?? "worst") as TenantSort, ...(query["late"] && { late: Number(query["late"]) }),
  };
}

export function TenantsPage() {
  const { query } = place.value;
  const wanted = queryOf(query);
  const key = JSON.stringify(wanted);
  const seen = useRef<[number, number]>([0, 0]);
  const list = usePagedList(key, async (after, signal) => {
    const page = await api.tenants({ ...wanted, ...(after !== null && { after }), limit: 200 }, signal);
    return { rows: page.tenants, next: page.next, total: page.total };
  }, 5_000, () => seen.current);
  const rowHeight = useRowHeight(38, 62);
  return (
    <Page title="Tenants" heard={list.heard}>
      <div class="filters">
        <Search label="Search by name" />
        <Filter name="state" label="State" value={query["state"] ?? ""} choices={states} />
        <Filter name="reason" label="Waits for" value={query["reason"] ?? ""} choices={waits} />
        <Filter name="late" label="Late" value={query["late"] ?? ""} choices={lates} />
        <Filter name="sort" label="Order" value={query["sort"] ?? "worst"} choices={sorts} />
      </div>
      <PagedRows list={list} listKey={key} kind="tenants" rowHeight={rowHeight} seen={seen} nothing="No tenant is like that"
        head={<><span>Tenant</span><span>Waits for</span><span>Why</span><span class="right">Late by</span><span class="right">Records/s</span><span>Source</span><span>Node</span></>}
        keyOf={(tenant) => `${tenant.name}/${tenant.connection}`} row={(tenant) => <TenantLine tenant={tenant} />} />
    </Page>
  );
}
