export interface FieldSpec {
  name: string; label: string; value?: string; kind?: "text" | "secret" | "choice" | "many" | "time"; choices?: { value: string; text: string }[]; isRequired?: boolean; hint?: string;
  /** Depending on what else was filled in. */
  isShown?: (values: Record<string, string>) => boolean;
}

/** The value of a field of kind "many": one chosen name a line. */
export const listOf = (value: string | undefined) => (value ?? "").split("\n").filter(Boolean);

const types = { text: "text", secret: "password", time: "datetime-local", choice: "", many: "" };
type Props = { spec: FieldSpec; value: string; set: (value: string) => void };

export function Field({ spec, value, set }: Props) {
  if (spec.kind === "many") return <Many spec={spec} value={value} set={set} />;
  const change = (event: Event) => set((event.target as HTMLInputElement | HTMLSelectElement).value);
  return (
    <label class="field">
      <span>{spec.label}</span>
      {spec.kind === "choice" ? (
        <select name={spec.name} value={value} onChange={change}>
          {spec.choices?.map((choice) => <option key={choice.value} value={choice.value}>{choice.text}</option>)}
        </select>
      ) : (
        <input name={spec.name} type={types[spec.kind ?? "text"]} value={value} required={spec.isRequired ?? false}
          autocomplete={spec.kind === "secret" ? "new-password" : "off"} spellcheck={false} onInput={change} />
      )}
      {spec.hint && <small>{spec.hint}</small>}
    </label>
  );
}

function Many({ spec, value, set }: Props) {
  const chosen = listOf(value);
  const toggle = (name: string) => set((chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name]).join("\n"));
  return (
    <fieldset class="field many">
      <legend>{spec.label}</legend>
      {spec.choices?.map((choice) => (
        <label key={choice.value}><input type="checkbox" name={`${spec.name}-${choice.value}`} checked={chosen.includes(choice.value)} onChange={() => toggle(choice.value)} />{choice.text}</label>))}
    </fieldset>
  );
}
