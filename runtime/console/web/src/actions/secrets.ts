import { api } from "../store/session";
import { ask } from "../ui/confirm";
import { toast } from "../ui/toast";

/** Asks the node first which secrets the connection has: all of them are replaced. */
export async function askSecrets(tenant: string, connection: string) {
  const names = await api.connection(tenant, connection).then((found) => Object.keys(found.secrets), (problem: Error) => { toast(problem.message); return []; });
  if (!names.length) return;
  ask({
    title: `New credentials for ${tenant} / ${connection}`,
    text: "All secrets of the connection are replaced. If it was suspended it is mined again at once. They are sealed before they are stored and never shown again.",
    confirm: "Save and resume",
    fields: names.map((name) => ({ name, label: name, kind: "secret" as const, isRequired: true })),
    act: async (values) => { await api.putSecrets(tenant, connection, values); return `${tenant} / ${connection} has new credentials and is mined again.`; },
  });
}
