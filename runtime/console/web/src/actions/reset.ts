import { api } from "../store/session";
import { count, plural } from "../format";
import { ask } from "../ui/confirm";
import { listOf } from "../ui/field";

export function askReset(tenant: string, connection: string, streams: string[]) {
  ask({
    title: `Read ${tenant} / ${connection} from the start again?`,
    text: "What is known of how far its streams were read is forgotten, and their open runs are cancelled: the next run reads everything. Records stay, and what has not changed is not written again.",
    confirm: "Reset", isDanger: true,
    fields: [{ name: "streams", label: "Streams", kind: "many", value: streams.join("\n"), choices: streams.map((stream) => ({ value: stream, text: stream })) }],
    act: async (values, key) => {
      const chosen = listOf(values["streams"]);
      if (!chosen.length) throw new Error("Choose at least one stream.");
      const done = await api.reset(tenant, connection, chosen.length === streams.length ? undefined : chosen, key);
      return `${plural(done.streams.length, "stream")} will be read from the start${done.cancelled_runs ? `; ${count(done.cancelled_runs)} open runs are cancelled` : ""}.`;
    },
  });
}
