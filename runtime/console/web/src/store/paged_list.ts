import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ApiError } from "../api";
import { changes } from "./resource";

export interface PageOf<Row> { rows: Row[]; next: string | null; total: number | null }
type Fetch<Row> = (after: string | null, signal: AbortSignal) => Promise<PageOf<Row>>;

/** A list of any length, read page by page as it is scrolled. Where a page began is kept, so that what is seen can be read again. */
export class PagedList<Row> {
  readonly rows = signal<Row[]>([]);
  readonly total = signal<number | null>(null);
  readonly isComplete = signal(false);
  readonly error = signal<ApiError | undefined>(undefined);
  readonly heard = signal(0);
  private pages: { after: string | null; rows: Row[]; next: string | null }[] = [];
  private isReading = false;
  private isMoreWanted = false;
  private readonly abort = new AbortController();

  constructor(private readonly fetch: Fetch<Row>) {}

  /** Reads the page after the last one; while another page is being read, after that. */
  async more() {
    if (this.isComplete.peek()) return;
    this.isMoreWanted = this.isReading;
    if (this.isReading) return;
    const last = this.pages[this.pages.length - 1];
    await this.read(this.pages.length, last ? last.next : null);
  }

  /** Reads the pages again that rows `first` to `last` are of: at most three. */
  async refresh(first: number, last: number) {
    if (this.isReading) return;
    let row = 0;
    const seen: number[] = [];
    this.pages.forEach((page, index) => {
      if (row <= last && row + page.rows.length > first) seen.push(index);
      row += page.rows.length;
    });
    for (const index of seen.length ? seen.slice(0, 3) : [0]) await this.read(index, this.pages[index]?.after ?? null);
  }

  end() { this.abort.abort(); }

  private async read(index: number, after: string | null) {
    this.isReading = true;
    try {
      const page = await this.fetch(after, this.abort.signal);
      this.pages[index] = { after, rows: page.rows, next: page.next };
      if (index === this.pages.length - 1) this.isComplete.value = page.next === null;
      this.rows.value = this.pages.flatMap((each) => each.rows);
      this.total.value = page.total;
      this.error.value = undefined;
      this.heard.value = Date.now();
    } catch (problem) {
      if (!this.abort.signal.aborted) this.error.value = problem instanceof ApiError ? problem : new ApiError(0, "failed", String(problem));
    } finally {
      this.isReading = false;
      if (this.isMoreWanted && !this.abort.signal.aborted && !this.error.peek()) void this.more();
    }
  }
}

/** The list for `key`; what `seen` tells is on show is read again every `everyMs` and after each change by the operator. */
export function usePagedList<Row>(key: string, fetch: Fetch<Row>, everyMs: number, seen: () => [number, number]): PagedList<Row> {
  const list = useMemo(() => new PagedList(fetch), [key]);
  useEffect(() => {
    void list.more();
    const again = () => { if (!document.hidden) void list.refresh(...seen()); };
    const timer = setInterval(again, everyMs);
    const stopChanges = changes.subscribe(() => { if (list.heard.peek()) again(); });
    return () => { clearInterval(timer); stopChanges(); list.end(); };
  }, [list]);
  return list;
}
