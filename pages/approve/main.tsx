import { render } from "preact";
import { App } from "./app.tsx";
import type { Asked } from "./question.ts";

/** Only the command that serves this page is asked, and only told what a passkey signed. */
async function start(page: HTMLElement): Promise<void> {
  const asked = (await (await fetch("question")).json()) as Asked;
  render(<App asked={asked} />, page);
}

const page = document.getElementById("page");
if (page !== null) void start(page);
