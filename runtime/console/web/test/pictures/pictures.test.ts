import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { test } from "node:test";
import { open, tenantWho } from "../browser/harness";

// The pictures of the root README, from the fake node: npm run pictures
const folder = "../../../docs/images";
mkdirSync(folder, { recursive: true });
const most = 150 * 1024;

const pictures: { name: string; hash: string; shows: string; height?: number; theme?: "dark" }[] = [
  { name: "overview", hash: "", shows: "What is wrong", height: 764 },
  { name: "overview-dark", hash: "", shows: "What is wrong", height: 764, theme: "dark" },
  { name: "tenants", hash: "#/tenants", shows: "Late by" },
  { name: "tenant", hash: "sick", shows: "The API refuses its credentials" },
  { name: "cluster", hash: "#/cluster", shows: "n2 was declared gone" },
];

for (const { name, hash, shows, theme, height = 720 } of pictures)
  test(`picture of ${name}`, async () => {
    const { page, world } = await open({ width: 1280, height, ...(theme && { theme }) });
    if (name === "cluster") {
      const { takeOver } = world.killNode("n2");
      takeOver();
    }
    await page.goto(page.url().replace(/#.*/, "") + (hash === "sick" ? `#/tenants/${tenantWho(world, "suspended", "shop").name}` : hash));
    await page.getByText(shows).first().waitFor();
    await page.locator(".skeleton").first().waitFor({ state: "detached" });
    if (name.startsWith("overview")) await page.locator(".plot canvas").nth(6).waitFor();
    const path = `${folder}/${name}.png`;
    await page.screenshot({ path });
    const { size } = statSync(path);
    assert.ok(size <= most, `${path} has ${size} bytes, at most ${most} are wanted`);
    await page.close();
  });
