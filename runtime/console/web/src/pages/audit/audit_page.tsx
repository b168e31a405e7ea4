import { useRef } from "preact/hooks";
import { usePagedList } from "../../store/paged_list";
import { place } from "../../store/router";
import { api } from "../../store/session";
import { Page } from "../../ui/page";
import { PagedRows } from "../../ui/paged_rows";
import { Search } from "../../ui/search";
import { useRowHeight } from "../../ui/use_row_height";
import { AuditLine } from "./audit_line";

/** Who did what, when, to whom, and what became of it. */
export function AuditPage() {
  const tenant = place.value.query["search"] ?? "";
  const seen = useRef<[number, number]>([0, 0]);
  const list = usePagedList(tenant, async (after, signal) => {
    const page = await api.audit(tenant, after, signal);
    return { rows: page.entries, next: page.next === null ? null : String(page.next), total: null };
  }, 5_000, () => seen.current);
  const rowHeight = useRowHeight(38, 62);
  return (
    <Page title="Audit" sub="What people and programs changed in this cluster, latest first." heard={list.heard}>
      <div class="filters"><Search label="Tenant, whole name" /></div>
      <PagedRows list={list} listKey={tenant} kind="audit" rowHeight={rowHeight} seen={seen} nothing={tenant ? `Nothing was changed of ${tenant}` : "Nothing was changed yet"}
        head={<><span>What</span><span>When</span><span>To</span><span>Outcome</span><span>Who</span><span>Node</span><span>Request</span></>}
        keyOf={(entry) => `${entry.id}`} row={(entry) => <AuditLine entry={entry} />} />
    </Page>
  );
}
