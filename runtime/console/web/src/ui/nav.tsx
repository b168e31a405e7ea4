import { liveState } from "../store/live";
import { isHelpShown } from "../store/keys";
import { hrefOf, place } from "../store/router";
import { isDark, paletteVersion, switchTheme } from "../store/theme";
import { Icon, type IconName } from "./icon";

const items: { name: IconName; text: string; path: string[]; key: string }[] = [
  { name: "overview", text: "Overview", path: [], key: "o" },
  { name: "tenants", text: "Tenants", path: ["tenants"], key: "t" },
  { name: "runs", text: "Runs", path: ["runs"], key: "r" },
  { name: "dead-letters", text: "Dead letters", path: ["dead-letters"], key: "d" },
  { name: "sinks", text: "Sinks", path: ["sinks"], key: "s" },
  { name: "cluster", text: "Cluster", path: ["cluster"], key: "c" },
  { name: "actors", text: "Actors", path: ["actors"], key: "a" },
  { name: "audit", text: "Audit", path: ["audit"], key: "u" },
];

export function Nav() {
  const here = place.value.path[0] ?? "";
  paletteVersion.value;
  return (
    <nav aria-label="Pages">
      <a class="brand" href="#/"><img src="icon.svg" alt="" width="24" height="24" />Lode</a>
      {items.map((item) => (
        <a key={item.name} class="item" href={hrefOf(item.path)} aria-current={(item.path[0] ?? "") === here ? "page" : undefined}>
          <Icon name={item.name} /><span>{item.text}</span><kbd>g {item.key}</kbd>
        </a>
      ))}
      <div class="tools">
        <span class={`live ${liveState.value}`} title="Whether the node tells news by itself; else the page asks every few seconds"><i />
          <span>{liveState.value === "open" ? "live" : "asking"}</span></span>
        <button class="tool" onClick={switchTheme} aria-label={isDark() ? "Light colours" : "Dark colours"}><Icon name={isDark() ? "light" : "dark"} /></button>
        <button class="tool" onClick={() => { isHelpShown.value = true; }} aria-label="Keys"><Icon name="help" /></button>
      </div>
    </nav>
  );
}
