/** "3 h 12 m": the two largest units, none below a second. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3_600) return s % 60 && s < 600 ? `${Math.floor(s / 60)} m ${s % 60} s` : `${Math.floor(s / 60)} m`;
  if (s < 86_400) return Math.floor((s % 3_600) / 60) ? `${Math.floor(s / 3_600)} h ${Math.floor((s % 3_600) / 60)} m` : `${Math.floor(s / 3_600)} h`;
  return Math.floor((s % 86_400) / 3_600) && s < 864_000 ? `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3_600)} h` : `${Math.floor(s / 86_400)} d`;
}

/** "1,240", "12.4 k", "3.1 M": three digits that count. */
export function count(value: number): string {
  const size = Math.abs(value);
  if (size >= 999_500_000) return `${short(value / 1e9)} G`;
  if (size >= 999_500) return `${short(value / 1e6)} M`;
  if (size >= 99_995) return `${short(value / 1e3)} k`;
  return size >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString("en-US") : short(value);
}
const short = (value: number) => (Math.abs(value) >= 99.95 ? value.toFixed(0) : Math.abs(value) >= 9.995 ? value.toFixed(1) : value.toFixed(value === 0 ? 0 : 2));

export const exact = (value: number) => value.toLocaleString("en-US");

export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1024 ** power;
  return `${power === 0 || scaled >= 100 ? scaled.toFixed(0) : scaled.toFixed(1)} ${units[power]}`;
}

export const percent = (share: number) => `${(share * 100).toFixed(share >= 0.0995 || share === 0 ? 0 : 1)} %`;

/** "14:02:07", with the day where it is another one than `nowMs`'s. */
export function clockTime(rfc3339: string, nowMs: number): string {
  const then = new Date(rfc3339);
  const time = then.toLocaleTimeString("en-GB");
  if (then.toDateString() === new Date(nowMs).toDateString()) return time;
  const day = then.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  return then.getFullYear() === new Date(nowMs).getFullYear() ? `${day} ${time.slice(0, 5)}` : `${day} ${then.getFullYear()}`;
}

/** Seconds from `rfc3339` to `nowMs`. */
export const secondsSince = (rfc3339: string, nowMs: number) => (nowMs - Date.parse(rfc3339)) / 1_000;

export const plural = (n: number, one: string, many = one + "s") => `${count(n)} ${n === 1 ? one : many}`;

const reasonWords: Record<string, string> = {
  none: "on time", quota: "waiting for quota", backing_off: "backing off", api_slow: "API slow", queued: "queued",
  store_slow: "store slow", suspended: "suspended", paused: "paused", moving: "moving", not_heard: "not heard live",
};
export const reasonText = (reason: string) => reasonWords[reason] ?? reason.replaceAll("_", " ");
export const reasons = Object.keys(reasonWords);
