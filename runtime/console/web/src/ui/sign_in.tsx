import { useState } from "preact/hooks";
import { changes } from "../store/resource";
import { signIn } from "../store/session";

/** Shown when the node wants a token, or refused the one we had. */
export function SignIn() {
  const [text, setText] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    signIn(text.trim());
    changes.value++;
  };
  return (
    <main class="sign-in">
      <form class="panel" onSubmit={submit}>
        <h1>Lode</h1>
        <p>This node wants a token: the first line of its <code>console.token_file</code>. It stays in this tab.</p>
        <label class="field"><span>Token</span>
          <input type="password" autocomplete="current-password" required value={text} onInput={(event) => setText(event.currentTarget.value)} autofocus />
        </label>
        <footer><button class="primary">Sign in</button></footer>
      </form>
    </main>
  );
}
