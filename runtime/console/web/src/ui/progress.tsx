import { percent } from "../format";

export function Progress({ share }: { share: number }) {
  return <span class="progress"><progress max={1} value={share} /> {percent(share)}</span>;
}
