import type { ClusterNode } from "../../api";

/** How many messages each actor of each node had processed, and when that was heard. */
export interface Sample { at: number; messages: Map<string, number> }

const keyOf = (node: string, actor: string) => `${node} ${actor}`;

export function sampleOf(nodes: ClusterNode[], at: number): Sample {
  return { at, messages: new Map(nodes.flatMap((node) => node.actors.map((actor): [string, number] => [keyOf(node.name, actor.name), actor.messages]))) };
}

/** Messages per second between two samples; undefined where there is no earlier one, or the node has begun anew. */
export function rateOf(before: Sample | undefined, now: Sample, node: string, actor: string): number | undefined {
  const first = before?.messages.get(keyOf(node, actor));
  const last = now.messages.get(keyOf(node, actor));
  if (before === undefined || first === undefined || last === undefined || last < first || now.at <= before.at) return undefined;
  return (last - first) / ((now.at - before.at) / 1_000);
}
