import assert from "node:assert/strict";
import { test } from "node:test";
import { open, tenantWho, until } from "./harness";

test("what changes shows without a reload, over the live socket", async () => {
  const { page, world } = await open();
  await page.locator(".live.open").waitFor();
  await page.getByText("Credentials refused by shop").waitFor();
  world.repair(tenantWho(world, "suspended", "shop"));
  await page.getByText("Credentials refused by shop").waitFor({ state: "detached" });
  await page.close();
});

test("a node dies while one looks: it is the first thing that is wrong, and its shards are seen to go to others", async () => {
  const { page, world } = await open({ hash: "#/cluster" });
  await page.getByText("this node").waitFor();
  const { loseShards, takeOver } = world.killNode("n2");
  await page.locator("tr", { hasText: "n2" }).getByText("no answer").waitFor();
  await page.getByText("no figures: it does not answer").waitFor();
  loseShards();
  await page.getByText(/nobody 1,\d\d\d/).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("o");
  await page.locator(".problem").first().getByText("Node n2 does not answer").waitFor();
  await page.getByText(/shards without a node/).waitFor();
  takeOver();
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await page.getByText("n2 was declared gone").first().waitFor();
  await page.close();
});

test("when the node of the page dies, what is shown stays, with its age and what to do", async () => {
  const { page, fake } = await open({ before: (_world, page) => page.clock.install() });
  await page.getByText("Credentials refused by shop").waitFor();
  await fake.close();
  await page.clock.fastForward(20_000);
  await page.getByText(/data as of .* ago/).waitFor();
  await page.getByText("The node does not answer.").first().waitFor();
  assert.ok(await page.getByText("Credentials refused by shop").isVisible());
  await page.close();
});

test("a database that is away is told, and it goes on by itself when it is back", async () => {
  const { page, world } = await open({ before: (world) => { world.isStoreDown = true; } });
  await page.getByText("the database does not answer").first().waitFor();
  world.isStoreDown = false;
  await page.getByText("What is wrong").waitFor();
  await page.close();
});

test("when nothing is wrong the page says so", async () => {
  const { page } = await open({ before: (world) => { world.isCalm = true; } });
  await page.getByText("Nothing is wrong").waitFor();
  await page.close();
});

test("a node that wants a token asks for it, refuses a wrong one and takes the right one, which is in no address", async () => {
  const { page, problems } = await open({ before: (world) => { world.token = "0123456789abcdef"; } });
  const addresses: string[] = [];
  page.on("request", (request) => addresses.push(request.url()));
  await page.getByLabel("Token").fill("wrong-wrong-wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await until("the token is asked for again", async () => (await page.getByLabel("Token").inputValue().catch(() => "-")) === "");
  await page.getByLabel("Token").fill("0123456789abcdef");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("What is wrong").waitFor();
  await page.locator(".live.open").waitFor();
  assert.ok(addresses.every((address) => !address.includes("0123456789abcdef")));
  assert.deepEqual(problems.filter((problem) => !problem.includes("401") && !problem.includes("WebSocket")), []);
  await page.close();
});
