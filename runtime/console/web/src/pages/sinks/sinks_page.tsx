import { useResource } from "../../store/resource";
import { api } from "../../store/session";
import { plural } from "../../format";
import { Empty } from "../../ui/empty";
import { Loaded } from "../../ui/loaded";
import { Page } from "../../ui/page";
import { Section } from "../../ui/section";
import { SinkTable } from "./sink_table";

/** Where changes go, how far behind each is, and what is wrong. */
export function SinksPage() {
  const sinks = useResource("sinks", api.sinks, 3_000);
  return (
    <Page title="Sinks" sub="Where changes are delivered: each at least once, those of one record in order." heard={sinks.heard}>
      <Loaded of={sinks}>
        {(data) => data.sinks.length === 0
          ? <Empty title="There are no sinks">lode sink put NAME FILE makes one.</Empty>
          : <Section title="Delivery" note={plural(data.sinks.length, "sink")}><SinkTable sinks={data.sinks} /></Section>}
      </Loaded>
    </Page>
  );
}
