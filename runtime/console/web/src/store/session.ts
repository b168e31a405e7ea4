import { signal } from "@preact/signals";
import { ApiError, makeApi, type Transport } from "../api";

const storageKey = "lode.token";

/** The bearer token of this tab; empty where the node needs none. It is never part of an address. */
export const token = signal(sessionStorage.getItem(storageKey) ?? "");
/** The node wants a token, or refused the one we have. */
export const isTokenNeeded = signal(false);

export function signIn(text: string) {
  token.value = text;
  sessionStorage.setItem(storageKey, text);
  isTokenNeeded.value = false;
}

const send: Transport = async (method, path, body, key, signal) => {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (token.value) headers["Authorization"] = `Bearer ${token.value}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  let response: Response;
  try {
    const sent = signal ? { signal } : {};
    response = await fetch("/api/v1" + path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }), ...sent });
  } catch (problem) {
    if (signal?.aborted) throw problem;
    throw new ApiError(0, "no_node", "The node does not answer. Is it running, and is your network up?");
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer;
  if (response.status === 401) isTokenNeeded.value = true;
  const told = answer as { code?: string; detail?: string; title?: string } | null; // RFC 9457
  throw new ApiError(response.status, told?.code ?? "failed", told?.detail ?? told?.title ?? `The node answered ${response.status}.`);
};

export const api = makeApi(send);

/** A key under which a change may be sent again without being done twice. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
