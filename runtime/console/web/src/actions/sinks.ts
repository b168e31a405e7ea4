import { api } from "../store/session";
import { ask } from "../ui/confirm";

export function askPauseSink(sink: string) {
  ask({
    title: `Pause sink ${sink}?`, text: "What is on its way to it arrives; then it gets nothing until it is resumed, and goes on where it stood.", confirm: "Pause",
    act: async () => { await api.setSink(sink, "paused"); return `Sink ${sink} is paused.`; },
  });
}

export function askResumeSink(sink: string) {
  ask({
    title: `Resume sink ${sink}?`, text: "It goes on where it stood. What failed is tried at once.", confirm: "Resume",
    act: async () => { await api.setSink(sink, "active"); return `Sink ${sink} is delivered to again.`; },
  });
}

export function askRemoveSink(sink: string) {
  ask({
    title: `Remove sink ${sink}?`, text: "What it has had is forgotten: put again, it gets everything again. Its target stays as it is.", confirm: "Remove", isDanger: true,
    act: async () => { await api.removeSink(sink); return `Sink ${sink} is removed.`; },
  });
}
