import type { DeadLetter } from "../api";
import { api } from "../store/session";
import { ask } from "../ui/confirm";

export function askReplay(letter: DeadLetter) {
  ask({
    title: `Replay dead letter ${letter.id}?`,
    text: "The record is processed again by the source as it is now. If it can be used it is stored and the letter goes; else it stays with the new reason.",
    confirm: "Replay",
    act: async (_values, key) => { await api.replay(letter.id, key); return `Dead letter ${letter.id} is processed again.`; },
  });
}
