import { useState } from "preact/hooks";
import type { Problem } from "../../api";
import { count } from "../../format";
import { Empty } from "../../ui/empty";
import { Section } from "../../ui/section";
import { byWeight } from "./problem_order";
import { ProblemRow } from "./problem_row";

/** So many leave room for the plots on the same screen. */
const atFirst = 6;

export function Problems({ problems, total }: { problems: Problem[]; total: number }) {
  const [isWhole, setWhole] = useState(false);
  const needed = problems.filter((problem) => problem.severity === "critical").length;
  const note = problems.length === 0 ? "" : needed ? `${count(needed)} of ${count(total)} cannot wait` : `${count(total)}, none is urgent`;
  const sorted = [...problems].sort(byWeight);
  const shown = isWhole ? sorted : sorted.slice(0, Math.max(atFirst, needed));
  return (
    <Section title="What is wrong" note={note}>
      {problems.length === 0
        ? <Empty title="Nothing is wrong">Every tenant is mined and on time.</Empty>
        : <div class="problems">{shown.map((problem) => <ProblemRow key={problem.id} problem={problem} />)}</div>}
      {sorted.length > shown.length && <button class="link more" onClick={() => setWhole(true)}>{count(sorted.length - shown.length)} more</button>}
    </Section>
  );
}
