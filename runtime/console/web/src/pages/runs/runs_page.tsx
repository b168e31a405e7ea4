import { useRef } from "preact/hooks";
import type { RunKind, RunPhase } from "../../api";
import { usePagedList } from "../../store/paged_list";
import { place } from "../../store/router";
import { api } from "../../store/session";
import { Filter } from "../../ui/filter";
import { Page } from "../../ui/page";
import { PagedRows } from "../../ui/paged_rows";
import { Search } from "../../ui/search";
import { useRowHeight } from "../../ui/use_row_height";
import { RunDetail } from "./run_detail";
import { RunHead, RunLine } from "./run_line";

const phases: [string, string][] = [["", "all"], ["open", "open"], ["incomplete", "incomplete"], ["finished", "finished"], ["cancelled", "cancelled"]];
const kinds: [string, string][] = [["", "all"], ...["scheduled", "manual", "full", "backfill", "repair"].map((kind): [string, string] => [kind, kind])];

export function RunsPage() {
  const { path, query } = place.value;
  const wanted = { phase: (query["phase"] ?? "") as RunPhase | "", kind: (query["kind"] ?? "") as RunKind | "", tenant: query["search"] ?? "" };
  const key = JSON.stringify(wanted);
  const seen = useRef<[number, number]>([0, 0]);
  const list = usePagedList(key, async (after, signal) => {
    const page = await api.runs({ ...wanted, ...(after !== null && { after }), limit: 100 }, signal);
    return { rows: page.runs, next: page.next, total: null };
  }, 5_000, () => seen.current);
  const rowHeight = useRowHeight(38, 62);
  return (
    <Page title="Runs" heard={list.heard}>
      {path[1] && <RunDetail key={path[1]} run={Number(path[1])} />}
      <div class="filters">
        <Search label="Tenant" />
        <Filter name="phase" label="Phase" value={query["phase"] ?? ""} choices={phases} />
        <Filter name="kind" label="Kind" value={query["kind"] ?? ""} choices={kinds} />
      </div>
      <PagedRows list={list} listKey={key} kind="runs" rowHeight={rowHeight} seen={seen} nothing="No run is like that"
        head={<RunHead />} keyOf={(run) => `${run.run}`} row={(run) => <RunLine run={run} />} />
    </Page>
  );
}
