import type { RunKind } from "../api";
import { api } from "../store/session";
import { ask, type Values } from "../ui/confirm";
import { listOf } from "../ui/field";

const isBackfill = (values: Values) => values["kind"] === "backfill";

export function askTrigger(tenant: string, connection: string, streams: string[]) {
  ask({
    title: `Start a run of ${tenant} / ${connection}?`,
    text: "It begins as soon as there is room. If such a run is open already, no second one begins.",
    confirm: "Start run",
    fields: [
      { name: "kind", label: "Kind", kind: "choice", value: "manual", choices: [
        { value: "manual", text: "manual: what is due now" }, { value: "full", text: "full: everything, finds deletes" },
        { value: "backfill", text: "backfill: a span of the past" }, { value: "repair", text: "repair: what is owed" }] },
      { name: "from", label: "From", kind: "time", isRequired: true, isShown: isBackfill },
      { name: "to", label: "To", kind: "time", isRequired: true, isShown: isBackfill, hint: `Your time: ${Intl.DateTimeFormat().resolvedOptions().timeZone}` },
      { name: "streams", label: "Streams", kind: "many", value: streams.join("\n"), choices: streams.map((stream) => ({ value: stream, text: stream })), isShown: isBackfill },
    ],
    act: async (values, key) => {
      const kind = values["kind"] as RunKind;
      const answer = await api.trigger(tenant, connection, kind === "backfill" ? { kind, ...rangeOf(values, streams) } : { kind }, key);
      return answer.answer === "already_open" ? `Run ${answer.run} is open already.` : "The run is asked for; it shows in the list once it has begun.";
    },
  });
}

/** What is to be read again; throws what a person has to put right. */
export function rangeOf(values: Values, streams: string[]) {
  const [from, to] = [values["from"] ?? "", values["to"] ?? ""].map((text) => new Date(text));
  if (!(from!.getTime() < to!.getTime())) throw new Error("The end of the span must lie after its beginning.");
  const chosen = listOf(values["streams"]);
  if (!chosen.length) throw new Error("Choose at least one stream.");
  return { from: from!.toISOString(), to: to!.toISOString(), ...(chosen.length < streams.length && { streams: chosen }) };
}
