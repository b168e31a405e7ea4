import { useEffect, useRef } from "preact/hooks";
import { isHelpShown } from "../store/keys";

const keys: [string, string][] = [
  ["g o", "overview"], ["g t", "tenants"], ["g r", "runs"], ["g d", "dead letters"], ["g s", "sinks"], ["g c", "cluster"], ["g a", "actors"], ["g u", "audit"],
  ["j  k", "next, previous row"], ["Enter", "open the row"], ["Esc", "back, close"], ["/", "search"], ["t", "light or dark"], ["?", "this list"],
];

export function KeyHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  const isShown = isHelpShown.value;
  useEffect(() => { if (isShown) dialog.current?.showModal(); }, [isShown]);
  if (!isShown) return null;
  return (
    <dialog ref={dialog} onClose={() => { isHelpShown.value = false; }} aria-label="Keys">
      <form method="dialog">
        <h2>Keys</h2>
        <dl class="keys">{keys.map(([key, what]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>)}</dl>
        <footer><button class="primary">Close</button></footer>
      </form>
    </dialog>
  );
}
