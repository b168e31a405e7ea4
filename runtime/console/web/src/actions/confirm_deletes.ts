import { api } from "../store/session";
import { ask } from "../ui/confirm";

export function askConfirmDeletes(tenant: string, connection: string, streams: string[]) {
  ask({
    title: `Let the next full pass delete records of ${streams.join(", ")}?`,
    text: "A full pass missed more records than the brake lets pass, so nothing was deleted. Confirm only if you know that they are gone at the API. Then start a full run.",
    confirm: "Confirm deletes", isDanger: true,
    act: async (_values, key) => { await api.confirmDeletes(tenant, connection, streams, key); return "Confirmed. The next full run deletes what it misses."; },
  });
}
