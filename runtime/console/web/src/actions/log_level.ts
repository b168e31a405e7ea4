import { logLevels } from "../api";
import { api } from "../store/session";
import { ask } from "../ui/confirm";

export function askLogLevel(node: string, level: string) {
  ask({
    title: `Log level of ${node}`,
    text: "It holds until the node is started again; then its settings decide. Only this node is changed.",
    confirm: "Set level",
    fields: [{ name: "level", label: "Level", kind: "choice", value: level, choices: logLevels.map((each) => ({ value: each, text: each })) }],
    act: async (values) => { const now = await api.setLogLevel(values["level"] ?? level); return `${now.node} logs at level ${now.level}.`; },
  });
}
