import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface Props { count: number; rowHeight: number; keyOf: (index: number) => string; row: (index: number) => ComponentChildren; onEnd: () => void; resetKey: string; label: string }

/** Renders only the rows that are seen, of a list of any length. A row keeps its element, and so the focus, when it moves (`keyOf`); `onEnd` asks for more before they are missed. */
export function VirtualRows({ count, rowHeight, keyOf, row, onEnd, resetKey, label }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [, redraw] = useState(0);
  const held = useRef<Virtualizer<HTMLDivElement, HTMLElement> | null>(null);
  const options = {
    count, overscan: 12, getScrollElement: () => box.current, estimateSize: () => rowHeight,
    observeElementRect, observeElementOffset, scrollToFn: elementScroll, onChange: () => redraw((n) => n + 1),
  };
  held.current ??= new Virtualizer(options);
  held.current.setOptions(options);
  useEffect(() => held.current!._didMount(), []);
  useEffect(() => held.current!._willUpdate());
  useEffect(() => { held.current!.measure(); }, [rowHeight]);
  useEffect(() => { box.current?.scrollTo(0, 0); }, [resetKey]);
  const items = held.current.getVirtualItems();
  const last = items[items.length - 1]?.index ?? 0;
  useEffect(() => { if (count === 0 || last >= count - 60) onEnd(); }, [last, count]);
  return (
    <div class="virtual" ref={box} role="rowgroup" aria-label={label} tabIndex={-1}>
      <div class="virtual-space" style={{ height: `${held.current.getTotalSize()}px` }}>
        {items.map((item) => (
          <div key={keyOf(item.index)} class="virtual-row" style={{ height: `${rowHeight}px`, transform: `translateY(${item.start}px)` }}>{row(item.index)}</div>
        ))}
      </div>
    </div>
  );
}
