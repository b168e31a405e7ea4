import type { ApiError } from "../api";

/** What a person can do about it. */
export function helpFor(error: ApiError): string {
  if (error.code === "no_node") return "Start the node (lode serve), or open the page of another node. This page tries again by itself.";
  if (error.status === 503) return "The database does not answer the node. See lode doctor; this page tries again by itself.";
  if (error.status === 401 || error.status === 403) return "Give the token of console.token_file.";
  if (error.status === 429) return "Too many wrong tokens, or too many requests; wait a little, then try again.";
  if (error.status === 404) return "It may have been removed, or this node is of an earlier release.";
  return "Try again; if it stays, the node's log says more.";
}

export function ErrorPanel({ error, retry }: { error: ApiError; retry: () => void }) {
  return (
    <div class="panel state error" role="alert">
      <h3>{error.message}</h3>
      <p>{helpFor(error)}</p>
      <button onClick={retry}>Try again</button>
    </div>
  );
}
