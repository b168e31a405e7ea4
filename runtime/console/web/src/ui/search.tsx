import { useEffect, useRef } from "preact/hooks";
import { place, setQuery } from "../store/router";

/** Searches as one types, a quarter of a second after the last key. */
export function Search({ label }: { label: string }) {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const { query } = place.value;
  useEffect(() => {
    if (!query["find"]) return;
    setQuery({ find: "" });
    input.current?.focus();
  }, [query["find"]]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const typed = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setQuery({ search: input.current?.value ?? "" }), 250);
  };
  return <input ref={input} class="search" type="search" data-search placeholder={`${label}  ( / )`} aria-label={label} value={query["search"] ?? ""} onInput={typed} spellcheck={false} />;
}
