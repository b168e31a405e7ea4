import type { Shards } from "../../api";
import { count } from "../../format";
import { Empty } from "../../ui/empty";
import { Section } from "../../ui/section";
import { Since } from "../../ui/since";

export function Moves({ moves }: { moves: Shards["moves"] }) {
  return (
    <Section title="What moved" note="latest first">
      {moves.length === 0 ? <Empty title="Nothing has moved" /> : (
        <table>
          <thead><tr><th class="right">Ago</th><th>From</th><th>To</th><th class="right">Shards</th><th>Because</th></tr></thead>
          <tbody>{moves.map((move) => (
            <tr key={`${move.at}${move.from}${move.to}`}><td class="right"><Since at={move.at} /></td><td>{move.from ?? "nobody"}</td><td>{move.to ?? "nobody"}</td>
              <td class="right">{count(move.shards)}</td><td class="muted">{move.because}</td></tr>))}</tbody>
        </table>
      )}
    </Section>
  );
}
