import type { ActorFigures } from "../../api";

export interface PlacedActor { actor: ActorFigures; depth: number }

/** Children below their parents, both by name; an actor whose parent is not known stands at the top. */
export function placeActors(actors: ActorFigures[]): PlacedActor[] {
  const names = new Set(actors.map((actor) => actor.name));
  const parentOf = (actor: ActorFigures) => (actor.parent && actor.parent !== actor.name && names.has(actor.parent) ? actor.parent : "");
  const sorted = [...actors].sort((a, b) => a.name.localeCompare(b.name));
  const placed: PlacedActor[] = [];
  const add = (parent: string, depth: number) => {
    if (depth > 8) return;
    for (const actor of sorted) if (parentOf(actor) === parent) {
      placed.push({ actor, depth });
      add(actor.name, depth + 1);
    }
  };
  add("", 0);
  return placed;
}
