import { signal } from "@preact/signals";
import { Icon } from "./icon";

const shown = signal("");
let timer: ReturnType<typeof setTimeout> | undefined;

/** Says for a few seconds what was done. */
export function toast(text: string) {
  shown.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => { shown.value = ""; }, 6_000);
}

export function Toast() {
  return <div class="toast" role="status">{shown.value && <p><Icon name="check" />{shown.value}</p>}</div>;
}
