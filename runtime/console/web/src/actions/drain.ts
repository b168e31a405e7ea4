import { api } from "../store/session";
import { ask } from "../ui/confirm";

export function askDrain(node: string) {
  ask({
    title: `Drain ${node}?`,
    text: "It gives its shards to the other nodes and stays up. Tenants move when their page in flight is committed.",
    confirm: "Drain", isDanger: true,
    act: async () => { await api.drain(node); return `${node} gives its shards away.`; },
  });
}

export function askUndrain(node: string) {
  ask({
    title: `Let ${node} take work again?`, text: "It takes its part of the shards from the others.", confirm: "Undrain",
    act: async () => { await api.undrain(node); return `${node} is a member again.`; },
  });
}
