import type { ActorFigures } from "../../api";
import { count } from "../../format";
import { placeActors } from "./actor_tree";

/** From so many waiting messages on a mailbox is worth a look. */
const deepMailbox = 1_000;

export function ActorTable({ actors, rate }: { actors: ActorFigures[]; rate: (actor: string) => number | undefined }) {
  return (
    <div class="scroll-x"><table>
      <thead><tr><th>Actor</th><th class="right">Running</th><th class="right">Mailbox</th><th class="right">Messages/s</th><th class="right">Messages</th><th class="right">A message takes</th><th class="right">Restarts</th></tr></thead>
      <tbody>{placeActors(actors).map(({ actor, depth }) => (
        <tr key={actor.name}>
          <td><span class={`indent-${Math.min(depth, 4)}`}>{actor.name.replace(/^lode\./, "")}</span></td>
          <td class="right">{actor.running === undefined ? "–" : count(actor.running)}</td>
          <td class={actor.mailbox >= deepMailbox ? "right problem-text" : "right"}>{count(actor.mailbox)}</td>
          <td class="right">{shown(rate(actor.name))}</td>
          <td class="right">{count(actor.messages)}</td>
          <td class="right">{actor.messages ? micros((actor.processing_seconds / actor.messages) * 1e6) : "–"}</td>
          <td class={actor.restarts ? "right problem-text" : "right"}>{actor.restarts === undefined ? "–" : count(actor.restarts)}</td>
        </tr>))}</tbody>
    </table></div>
  );
}

const shown = (value: number | undefined) => (value === undefined ? "–" : value > 0 && value < 0.1 ? "under 0.1" : count(value));
const micros = (value: number) => (value >= 1_000 ? `${count(value / 1_000)} ms` : `${value.toFixed(value < 10 ? 1 : 0)} µs`);
