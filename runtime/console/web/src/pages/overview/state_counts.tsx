import type { Overview, Reason } from "../../api";
import { count, exact, reasonText } from "../../format";
import { hrefOf } from "../../store/router";

/** All tenants by what they wait for: each number leads to its list. */
export function StateCounts({ overview }: { overview: Overview }) {
  const total = Object.values(overview.tenants).reduce((sum, n) => sum + n, 0);
  const waiting = (Object.entries(overview.waiting) as [Reason, number][]).filter(([, n]) => n > 0).sort(([, a], [, b]) => b - a);
  return (
    <div class="counts">
      <a href={hrefOf(["tenants"])}><strong>{exact(total)}</strong> tenants</a>
      {waiting.map(([reason, n]) => (
        <a key={reason} class={`tone-${reason}`} href={hrefOf(["tenants"], { reason })}><strong>{count(n)}</strong> {reasonText(reason)}</a>
      ))}
    </div>
  );
}
