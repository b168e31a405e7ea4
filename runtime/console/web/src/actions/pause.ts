import { api } from "../store/session";
import { ask } from "../ui/confirm";

const reasonField = { name: "reason", label: "Reason", isRequired: true, hint: "Others see it." };

export function askPauseConnection(tenant: string, connection: string) {
  ask({
    title: `Pause ${tenant} / ${connection}?`,
    text: "Pages in flight commit, then nothing of it is mined until it is resumed. Nothing is lost.",
    confirm: "Pause", fields: [reasonField],
    act: async (values) => { await api.setConnection(tenant, connection, "paused", values["reason"] ?? ""); return `${tenant} / ${connection} is paused.`; },
  });
}

export function askResumeConnection(tenant: string, connection: string) {
  ask({
    title: `Resume ${tenant} / ${connection}?`,
    text: "Its open runs go on where they were. If what stopped it is still so, it stops again and says why.",
    confirm: "Resume",
    act: async () => { await api.setConnection(tenant, connection, "active", ""); return `${tenant} / ${connection} is mined again.`; },
  });
}

export function askPauseTenant(tenant: string) {
  ask({
    title: `Pause all of ${tenant}?`,
    text: "All its connections stop and keep their own states.",
    confirm: "Pause tenant", fields: [reasonField],
    act: async (values) => { await api.setTenant(tenant, "paused", values["reason"] ?? ""); return `${tenant} is paused.`; },
  });
}

export function askResumeTenant(tenant: string) {
  ask({
    title: `Resume ${tenant}?`, text: "Its connections go on as their own states say.", confirm: "Resume tenant",
    act: async () => { await api.setTenant(tenant, "active", ""); return `${tenant} is mined again.`; },
  });
}
