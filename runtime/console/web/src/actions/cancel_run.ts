import { api } from "../store/session";
import { ask } from "../ui/confirm";

export function askCancelRun(run: number, what: string) {
  ask({
    title: `Cancel run ${run} of ${what}?`,
    text: "What it has not read stays owed; later runs read it.",
    confirm: "Cancel run", isDanger: true,
    fields: [{ name: "reason", label: "Reason", isRequired: true }],
    act: async (values, key) => { await api.cancelRun(run, values["reason"] ?? "", key); return `Run ${run} is cancelled.`; },
  });
}
