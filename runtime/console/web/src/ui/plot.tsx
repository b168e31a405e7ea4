import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { paletteVersion } from "../store/theme";

interface Props { times: number[]; values: (number | null)[]; format: (value: number) => string; label: string; height: number; tone?: string }

/** Plots share their cursor: what happened at the same time stands on one line. */
const together = uPlot.sync("lode");

export function Plot({ times, values, format, label, height, tone }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const version = paletteVersion.value;

  useEffect(() => {
    const box = place.current!;
    plot.current = new uPlot(optionsOf(box, format, label, height, tone ?? "--accent"), [times, values], box);
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: box.clientWidth, height }));
    resized.observe(box);
    return () => { resized.disconnect(); plot.current?.destroy(); plot.current = null; };
  }, [version, height, tone]);
  useEffect(() => plot.current?.setData([times, values]), [times, values]);

  return <div class="plot" ref={place} role="img" aria-label={`${label} over the last hour`} />;
}

function optionsOf(box: HTMLElement, format: (value: number) => string, label: string, height: number, tone: string): uPlot.Options {
  const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const axis = { stroke: color("--muted"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  return {
    width: box.clientWidth || 300,
    height,
    padding: [6, 16, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: together.key }, y: false, points: { size: 6 } },
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.15 : 1] } },
    axes: [
      { ...axis, grid: { show: false }, size: 22, space: 70, values: (_plot, at) => at.map((time) => new Date(time * 1000).toTimeString().slice(0, 5)) },
      { ...axis, size: 54, space: 30, values: (_plot, at) => at.map(format) },
    ],
    series: [{}, { label, stroke: color(tone), width: 1.5, fill: color(tone) + "1f", points: { show: false } }],
    hooks: { setCursor: [(plot) => tell(plot, box, format)] },
  };
}

/** The value under the cursor, as text beside the plot's title. */
function tell(plot: uPlot, box: HTMLElement, format: (value: number) => string) {
  const target = box.parentElement?.querySelector<HTMLElement>("[data-at]");
  if (!target) return;
  const at = plot.cursor.idx;
  const value = at == null ? null : plot.data[1]?.[at];
  target.textContent = at == null || value == null ? "" : `${format(value)} at ${new Date(plot.data[0][at]! * 1000).toTimeString().slice(0, 5)}`;
}
