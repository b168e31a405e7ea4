import { askLogLevel } from "../../actions/log_level";
import { useResource } from "../../store/resource";
import { api } from "../../store/session";

/** Of the node that this page is of: each node has its own. */
export function LogLevel() {
  const found = useResource("log-level", api.logLevel, 30_000);
  const data = found.data.value;
  if (!data) return found.error.value ? <p class="muted">Its log level is not known: {found.error.value.message}</p> : null;
  return <p class="log-level"><span class="muted">{data.node} logs at level</span> <strong>{data.level}</strong> <button class="link" data-row onClick={() => askLogLevel(data.node, data.level)}>Change…</button></p>;
}
