import { useEffect, useRef } from "preact/hooks";
import type { Shards } from "../../api";
import { count } from "../../format";
import { paletteVersion } from "../../store/theme";
import { Section } from "../../ui/section";

const cell = 8;

/** One small square per shard, those of a node together; the stronger the colour, the more often it has moved. */
export function ShardMap({ shards }: { shards: Shards }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const version = paletteVersion.value;
  useEffect(() => {
    const draw = () => paint(canvas.current!, shards);
    const resized = new ResizeObserver(draw);
    resized.observe(canvas.current!);
    return () => resized.disconnect();
  }, [shards, version]);
  const sizes = shards.nodes.map((_, index) => shards.owners.filter((owner) => owner === index).length);
  const newest = Math.max(0, ...shards.epochs);
  return (
    <Section title="Shards" note={`stronger colour: moved more often; highest epoch ${count(newest)}`}>
      <canvas ref={canvas} class="shards" role="img" aria-label={shards.nodes.map((name, i) => `${name} owns ${sizes[i]}`).join(", ")} />
      <p class="legend">{shards.nodes.map((name, i) => <span key={name}><i class={`node-${i % 8}`} />{name} {count(sizes[i] ?? 0)}</span>)}
        {shards.owners.includes(-1) && <span><i class="nobody" />nobody {count(shards.owners.filter((owner) => owner < 0).length)}</span>}</p>
    </Section>
  );
}

function paint(canvas: HTMLCanvasElement, { owners, epochs }: Shards) {
  const scale = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const columns = Math.max(1, Math.floor(width / cell));
  const height = Math.ceil(owners.length / columns) * cell;
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.style.height = `${height}px`;
  const style = getComputedStyle(document.documentElement);
  const colors = Array.from({ length: 8 }, (_, i) => style.getPropertyValue(`--node-${i}`).trim());
  const nobody = style.getPropertyValue("--critical").trim();
  const pen = canvas.getContext("2d")!;
  pen.scale(scale, scale);
  const newest = Math.max(1, ...epochs);
  const inOrder = owners.map((owner, shard) => ({ owner, epoch: epochs[shard] ?? 0 })).sort((a, b) => a.owner - b.owner || b.epoch - a.epoch);
  inOrder.forEach(({ owner, epoch }, place) => {
    pen.fillStyle = owner < 0 ? nobody : colors[owner % 8]!;
    pen.globalAlpha = owner < 0 ? 1 : 0.35 + 0.65 * (epoch / newest);
    pen.fillRect((place % columns) * cell, Math.floor(place / columns) * cell, cell - 1, cell - 1);
  });
}
