import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { exact } from "../format";
import type { PagedList } from "../store/paged_list";
import { Empty } from "./empty";
import { ErrorPanel } from "./error_panel";
import { Skeleton } from "./skeleton";
import { VirtualRows } from "./virtual_rows";

interface Props<Row> {
  list: PagedList<Row>; listKey: string; head: ComponentChildren; kind: string; rowHeight: number;
  keyOf: (row: Row) => string; row: (row: Row) => ComponentChildren; nothing: string; seen: { current: [number, number] };
}

/** A list that is read as it is scrolled, with its head, its length and what went wrong. */
export function PagedRows<Row>({ list, listKey, head, kind, rowHeight, keyOf, row, nothing, seen }: Props<Row>) {
  const rows = list.rows.value;
  const error = list.error.value;
  const shown = useRef({ first: 0, last: 0 });
  if (!list.heard.value) return error ? <ErrorPanel error={error} retry={() => void list.more()} /> : <Skeleton rows={12} />;
  shown.current = { first: Infinity, last: 0 };
  const draw = (index: number) => {
    shown.current.first = Math.min(shown.current.first, index);
    shown.current.last = Math.max(shown.current.last, index);
    seen.current = [shown.current.first, shown.current.last];
    const data = rows[index];
    return data === undefined ? null : row(data);
  };
  return (
    <div class={`panel list ${kind}`} role="table" aria-rowcount={list.total.value ?? rows.length}>
      {error && <p class="stale-note" role="alert">{error.message} What you see is the last answer.</p>}
      <div class="list-head" role="row">{head}</div>
      {rows.length === 0 ? <Empty title={nothing} /> : (
        <VirtualRows count={rows.length} rowHeight={rowHeight} keyOf={(index) => (rows[index] === undefined ? `${index}` : keyOf(rows[index]))} row={draw} onEnd={() => void list.more()} resetKey={listKey} label={kind} />
      )}
      <footer class="muted">{list.total.value === null ? `${exact(rows.length)} read` : `${exact(rows.length)} of ${exact(list.total.value)} read`}
        {!list.isComplete.value && "; scroll for more"}</footer>
    </div>
  );
}
