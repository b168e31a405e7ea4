import type { ComponentChildren } from "preact";

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return <div class="state empty"><h3>{title}</h3>{children && <p>{children}</p>}</div>;
}
