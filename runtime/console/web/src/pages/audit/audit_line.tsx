import type { AuditEntry } from "../../api";
import { clockTime } from "../../format";
import { now } from "../../store/clock";
import { hrefOf } from "../../store/router";
import { Badge } from "../../ui/badge";
import { actionText, outcomeOf, thingOf } from "./audit_text";

export function AuditLine({ entry }: { entry: AuditEntry }) {
  const outcome = outcomeOf(entry.status);
  const cells = (
    <>
      <strong class="cut">{actionText(entry.method, entry.path)}</strong>
      <span class="nowrap muted" title={entry.at}>{clockTime(entry.at, now.value)}</span>
      <span class="cut">{entry.tenant ?? <span class="muted">{thingOf(entry.path)}</span>}{entry.connection && <span class="muted"> / {entry.connection}</span>}</span>
      <span class="wide" title={entry.status === null ? "The node is at it, or ended over it" : `${entry.status}`}>
        <Badge state={outcome} text={outcome === "done" || entry.status === null ? outcome : `${outcome}: ${entry.status}`} />
      </span>
      <span class="muted wide">{entry.who}</span>
      <span class="muted wide">{entry.node}</span>
      <code class="cut wide muted" title={`${entry.method} ${entry.path}`}>{entry.method} {entry.path.replace(/^\/api\/v1/, "")}</code>
    </>
  );
  if (entry.tenant === null) return <div class="list-row" role="row" data-row tabIndex={0}>{cells}</div>;
  return <a class="list-row" role="row" data-row href={hrefOf(["tenants", entry.tenant], { connection: entry.connection ?? "" })}>{cells}</a>;
}
