import { duration, secondsSince } from "../format";
import { now } from "../store/clock";
import { Badge } from "./badge";

/** What something waits for and since when. */
export function ReasonCell({ reason, since }: { reason: string; since: string | null }) {
  return <><Badge state={reason} />{since && reason !== "none" && <span class="muted nowrap"> {duration(secondsSince(since, now.value))}</span>}</>;
}
