import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { changes } from "../store/resource";
import { newKey } from "../store/session";
import { Field, type FieldSpec } from "./field";
import { toast } from "./toast";

export type Values = Record<string, string>;
export interface Question {
  title: string; text: string; confirm: string; isDanger?: boolean; fields?: FieldSpec[];
  /** Does it and says what was done. The key is the same at each try. */
  act: (values: Values, key: string) => Promise<string>;
}

const asked = signal<Question | null>(null);
/** Nothing is changed before the operator has read what happens and confirmed it. */
export function ask(question: Question) { asked.value = question; }

export function ConfirmHost() {
  return asked.value && <Confirm key={asked.value.title} question={asked.value} />;
}

function Confirm({ question }: { question: Question }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [values, setValues] = useState<Values>(() => Object.fromEntries((question.fields ?? []).map((field) => [field.name, field.value ?? ""])));
  const [key] = useState(newKey);
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    try {
      const done = await question.act(values, key);
      asked.value = null;
      toast(done);
      changes.value++;
    } catch (failed) {
      setProblem(failed instanceof Error ? failed.message : String(failed));
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} onClose={() => { asked.value = null; }} aria-labelledby="question">
      <form onSubmit={submit}>
        <h2 id="question">{question.title}</h2>
        <p>{question.text}</p>
        {question.fields?.filter((field) => field.isShown?.(values) ?? true).map((field) => (
          <Field key={field.name} spec={field} value={values[field.name] ?? ""} set={(value) => { setProblem(""); setValues({ ...values, [field.name]: value }); }} />
        ))}
        {problem && <p class="problem-text" role="alert">{problem}</p>}
        <footer>
          <button type="button" onClick={() => dialog.current?.close()}>Cancel</button>
          <button class={question.isDanger ? "primary danger" : "primary"} disabled={isBusy}>{isBusy ? "Working…" : question.confirm}</button>
        </footer>
      </form>
    </dialog>
  );
}
