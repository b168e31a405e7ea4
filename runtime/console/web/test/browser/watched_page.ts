import { mkdirSync } from "node:fs";
import { chromium, type Browser, type Page } from "playwright-core";

export const screenshots = "build/screenshots";
mkdirSync(screenshots, { recursive: true });

let browser: Browser | undefined;
export const closeBrowser = async () => { await browser?.close(); browser = undefined; };

export interface Look { theme?: "light" | "dark"; width?: number; height?: number }

/** A page of its own. `problems` are what the browser complains of: also what the policy of the page refuses, and requests to other hosts than `url`. */
export async function newPage(url: string, { theme = "light", width = 1280, height = 800 }: Look = {}): Promise<{ page: Page; problems: string[] }> {
  browser ??= await chromium.launch({ executablePath: process.env["LODE_CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme });
  page.setDefaultTimeout(30_000); // many of them run beside a build
  const problems: string[] = [];
  page.on("console", (message) => { if (message.type() === "error" || message.type() === "warning") problems.push(`${message.text()} ${message.location().url}`); });
  page.on("pageerror", (error) => problems.push(error.stack ?? error.message));
  page.on("request", (request) => { if (!request.url().startsWith(url)) problems.push(`a request to ${request.url()}`); });
  return { page, problems };
}
