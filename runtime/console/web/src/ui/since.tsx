import { clockTime, duration, secondsSince } from "../format";
import { now } from "../store/clock";

/** "3 h 12 m", with the time of day when one points at it. */
export function Since({ at }: { at: string | null }) {
  if (at === null) return <span class="muted">–</span>;
  return <time class="nowrap" dateTime={at} title={`since ${clockTime(at, now.value)}`}>{duration(secondsSince(at, now.value))}</time>;
}
