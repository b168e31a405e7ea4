import type { ReadonlySignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Age } from "./age";
import { Icon } from "./icon";

interface Props { title: string; sub?: ComponentChildren; back?: string; heard?: ReadonlySignal<number>; actions?: ComponentChildren; children: ComponentChildren }

export function Page({ title, sub, back, heard, actions, children }: Props) {
  useEffect(() => { document.title = `${title} · Lode`; }, [title]);
  return (
    <main>
      <header class="page-head">
        {back && <a class="back" href={back} data-back aria-label="Back"><Icon name="back" /></a>}
        <div class="grow"><h1>{title}</h1>{sub && <p class="sub">{sub}</p>}</div>
        {heard && <Age heard={heard} />}
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
    </main>
  );
}
