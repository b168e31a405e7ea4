import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { History, Series } from "../../api";
import { bytes, count, duration, percent } from "../../format";
import type { Resource } from "../../store/resource";
import { PlotCard } from "./plot_card";

export const plots: { series: Series; title: string; unit: string; format: (value: number) => string; tone?: string }[] = [
  { series: "records", title: "Records", unit: "a second", format: count },
  { series: "calls", title: "API calls", unit: "a second", format: count },
  { series: "changed_share", title: "Changed", unit: "of records read", format: percent },
  { series: "errors", title: "Errors", unit: "a minute", format: count, tone: "--critical" },
  { series: "lateness", title: "Lateness", unit: "95 % are below", format: duration, tone: "--warning" },
  { series: "queue", title: "Queue", unit: "continuations open", format: count },
  { series: "memory", title: "Memory", unit: "all nodes", format: bytes },
];

interface Props { now: Record<Series, number>; history: Resource<History>; children: ComponentChildren }

/** The last hour, and beside it what else belongs to one look. */
export function PlotGrid({ now, history, children }: Props) {
  const data = history.data.value;
  const times = useMemo(() => (data ? timesOf(data) : []), [data]);
  return (
    <div class="plots">
      {plots.map((plot) => <PlotCard key={plot.series} {...plot} now={now[plot.series]} times={times} values={data?.series[plot.series]} />)}
      {children}
    </div>
  );
}

export function timesOf(history: History): number[] {
  const from = Date.parse(history.from) / 1000;
  return history.series.records.map((_, i) => from + i * history.step_seconds);
}
