import type { ComponentChildren } from "preact";
import { useErrorBoundary } from "preact/hooks";

/** A defect in one page leaves the others usable. */
export function Boundary({ children }: { children: ComponentChildren }) {
  const [problem, reset] = useErrorBoundary((failed: unknown) => console.error(failed));
  if (!problem) return <>{children}</>;
  return (
    <main>
      <div class="panel state error" role="alert">
        <h3>This page has a defect</h3>
        <p>{String(problem)}. Please report it, with what the browser's console says. The CLI tells the same: lode status</p>
        <button onClick={reset}>Show it again</button>
      </div>
    </main>
  );
}
