import type { ComponentChild } from "preact";
import type { Connection } from "../../api";
import { Facts } from "../../ui/facts";
import { Section } from "../../ui/section";

export function ConnectionFacts({ connection }: { connection: Connection }) {
  const plain = Object.entries(connection.configuration).map(([name, value]): [string, ComponentChild] => [name, <code>{typeof value === "string" ? value : JSON.stringify(value)}</code>]);
  const secrets = Object.entries(connection.secrets).map(([name, mask]): [string, ComponentChild] => [name, <code>{mask}</code>]);
  return (
    <Section title="Configuration">
      <Facts of={[["Source", connection.source], ["Schedule", scheduleText(connection.schedule)], ...plain, ...secrets]} />
    </Section>
  );
}

function scheduleText(schedule: Connection["schedule"]): string {
  if (schedule === null) return "when triggered only";
  if (schedule.every) return `every ${schedule.every}`;
  return schedule.cron ? `${schedule.cron} ${schedule.time_zone ?? "UTC"}` : "the node's default";
}
