import type { Problem } from "../../api";
import { askConfirmDeletes } from "../../actions/confirm_deletes";
import { askUndrain } from "../../actions/drain";
import { askResumeConnection } from "../../actions/pause";
import { askSecrets } from "../../actions/secrets";
import { count } from "../../format";
import { hrefOf } from "../../store/router";
import { Badge } from "../../ui/badge";
import { Since } from "../../ui/since";
import { placeOf } from "./problem_place";

export function ProblemRow({ problem }: { problem: Problem }) {
  const { path, query } = placeOf(problem);
  const target = hrefOf(path, query);
  return (
    <article class={`problem ${problem.severity}`}>
      <Badge state={problem.severity} />
      <a class="what" href={target} data-row>
        <strong>{problem.title}</strong>
        <span class="muted cut" title={problem.detail}>{problem.detail}</span>
      </a>
      <Whom problem={problem} />
      <span class="when"><span class="muted">for </span><Since at={problem.since} /></span>
      <Remedy problem={problem} target={target} />
    </article>
  );
}

function Whom({ problem }: { problem: Problem }) {
  if (problem.tenants === 0) return <span class="whom"><strong>{problem.node ?? "cluster"}</strong></span>;
  const first = problem.examples[0];
  return (
    <span class="whom">
      {first && <a class="cut" href={hrefOf(["tenants", first.tenant], { connection: first.connection })}>{first.tenant}</a>}
      {problem.tenants > 1 && <span class="muted">and {count(problem.tenants - 1)} more</span>}
    </span>
  );
}

/** The way on that the node names, where it is one for a single connection or node; else the way there. */
function Remedy({ problem, target }: { problem: Problem; target: string }) {
  const first = problem.examples[0];
  const isOne = problem.tenants === 1 && first !== undefined;
  if (problem.action === "secrets" && isOne) return <button class="primary" onClick={() => void askSecrets(first.tenant, first.connection)}>New credentials…</button>;
  if (problem.action === "resume" && isOne) return <button onClick={() => askResumeConnection(first.tenant, first.connection)}>Resume…</button>;
  if (problem.action === "confirm_deletes" && isOne) return <button onClick={() => askConfirmDeletes(first.tenant, first.connection, [first.detail])}>Confirm deletes…</button>;
  if (problem.action === "undrain" && problem.node) return <button onClick={() => askUndrain(problem.node!)}>Undrain…</button>;
  return <a class="button" href={target}>{problem.tenants > 1 ? "Show all" : "Show"}</a>;
}
