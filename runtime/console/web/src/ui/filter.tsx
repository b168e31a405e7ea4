import { setQuery } from "../store/router";

interface Props { name: string; label: string; value: string; choices: [string, string][] }

/** A choice that stands in the page's address, so that a link shows the same. */
export function Filter({ name, label, value, choices }: Props) {
  return (
    <label class="filter">
      <span>{label}</span>
      <select name={name} value={value} onChange={(event) => setQuery({ [name]: event.currentTarget.value })}>
        {choices.map(([choice, text]) => <option key={choice} value={choice}>{text}</option>)}
      </select>
    </label>
  );
}
