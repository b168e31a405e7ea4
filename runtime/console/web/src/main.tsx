import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./style/style.css";
import { App } from "./app";
import { listenToKeys } from "./store/keys";
import "./store/theme";

listenToKeys();
render(<App />, document.getElementById("app")!);
