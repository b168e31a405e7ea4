export function Skeleton({ rows }: { rows: number }) {
  return <div class="skeleton" role="status" aria-label="loading">{Array.from({ length: rows }, (_, i) => <div key={i} />)}</div>;
}
