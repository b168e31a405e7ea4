import type { ComponentChildren } from "preact";
import type { Resource } from "../store/resource";
import { ErrorPanel } from "./error_panel";
import { Skeleton } from "./skeleton";

interface Props<T> { of: Resource<T>; rows?: number; children: (data: T) => ComponentChildren }

/** Loading, an error, or the data; data that cannot be renewed stays, with the error above it. */
export function Loaded<T>({ of, rows, children }: Props<T>) {
  const data = of.data.value;
  const error = of.error.value;
  if (data === undefined) return error ? <ErrorPanel error={error} retry={of.reload} /> : <Skeleton rows={rows ?? 4} />;
  return (
    <>
      {error && <p class="stale-note" role="alert">{error.message} What you see is the last answer. <button class="link" onClick={of.reload}>Try again</button></p>}
      {children(data)}
    </>
  );
}
