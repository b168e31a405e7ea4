import type { Series } from "../../api";
import { Plot } from "../../ui/plot";

interface Props {
  series: Series; title: string; unit: string; format: (value: number) => string; tone?: string;
  now: number | undefined; times: number[]; values: (number | null)[] | undefined;
}

export function PlotCard({ title, unit, format, tone, now, times, values }: Props) {
  return (
    <section class="panel plot-card">
      <header><h2>{title}</h2><span class="muted" data-at /></header>
      <p class="figure"><strong>{now === undefined ? "–" : format(now)}</strong> <span class="muted">{unit}</span></p>
      {values ? <Plot times={times} values={values} format={format} label={title} height={116} {...(tone && { tone })} /> : <div class="plot waiting" />}
    </section>
  );
}
