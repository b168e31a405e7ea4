import { useRef } from "preact/hooks";
import { usePagedList } from "../../store/paged_list";
import { place } from "../../store/router";
import { api } from "../../store/session";
import { Page } from "../../ui/page";
import { PagedRows } from "../../ui/paged_rows";
import { Search } from "../../ui/search";
import { useRowHeight } from "../../ui/use_row_height";
import { LetterDetail } from "./letter_detail";
import { LetterLine } from "./letter_line";

export function DeadLettersPage() {
  const { path, query } = place.value;
  const tenant = query["search"] ?? "";
  const seen = useRef<[number, number]>([0, 0]);
  const list = usePagedList(tenant, async (after, signal) => {
    const page = await api.deadLetters(after === null ? null : Number(after), tenant, signal);
    return { rows: page.dead_letters, next: page.next === null ? null : String(page.next), total: page.total ?? null };
  }, 10_000, () => seen.current);
  const rowHeight = useRowHeight(38, 62);
  const opened = list.rows.value.find((letter) => String(letter.id) === path[1]);
  return (
    <Page title="Dead letters" sub="Records that could not be used. The rest of their pages is stored." heard={list.heard}>
      {opened && <LetterDetail letter={opened} tenant={opened.tenant ?? tenant} />}
      <div class="filters"><Search label="Tenant, whole name" /></div>
      <PagedRows list={list} listKey={tenant} kind="letters" rowHeight={rowHeight} seen={seen} nothing="There are no dead letters"
        head={<><span>Tenant</span><span>Stream</span><span>Key</span><span>Reason</span><span class="right">Runs</span><span class="right">Last seen</span></>}
        keyOf={(letter) => `${letter.id}`} row={(letter) => <LetterLine letter={letter} tenant={letter.tenant ?? tenant} query={query} />} />
    </Page>
  );
}
