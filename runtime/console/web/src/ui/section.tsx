import type { ComponentChildren } from "preact";

export function Section({ title, note, children }: { title: string; note?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="panel">
      <header><h2>{title}</h2>{note && <span class="muted">{note}</span>}</header>
      {children}
    </section>
  );
}
