import { render } from "preact";
import { App } from "./app.tsx";

// A file that misses both zones would else be opened by the browser in place of this page.
for (const kind of ["dragover", "drop"] as const) addEventListener(kind, (event) => event.preventDefault());

const page = document.getElementById("page");
if (page !== null) render(<App />, page);
