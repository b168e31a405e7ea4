import { after } from "node:test";
import type { Page } from "playwright-core";
import { startFake, type Fake } from "../fake/server";
import { World } from "../fake/world";
import { closeBrowser, newPage, type Look } from "./watched_page";

export { screenshots } from "./watched_page";

const fakes: Fake[] = [];
after(async () => {
  await closeBrowser();
  for (const fake of fakes) await fake.close();
});

export interface Seen { page: Page; world: World; fake: Fake; problems: string[] }
interface Options extends Look { tenants?: number; hash?: string; before?: (world: World, page: Page) => Promise<void> | void }

/** A fake node and the page of it. */
export async function open({ tenants = 2_000, hash = "", before, ...look }: Options = {}): Promise<Seen> {
  const world = new World(7, tenants);
  const fake = await startFake(world, "dist");
  fakes.push(fake);
  const { page, problems } = await newPage(fake.url, look);
  await before?.(world, page);
  await page.goto(`${fake.url}/${hash}`);
  return { page, world, fake, problems };
}

/** Waits until `is` holds: at most thirty seconds. */
export async function until(what: string, is: () => boolean | Promise<boolean>) {
  for (let i = 0; i < 600; i++) {
    if (await is()) return;
    await new Promise((later) => setTimeout(later, 50));
  }
  throw new Error(`not within thirty seconds: ${what}`);
}

export const tenantWho = (world: World, reason: string, source = "") => world.tenants.find((t) => t.waitsFor === reason && (!source || t.source === source))!;
