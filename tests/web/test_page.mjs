// SPDX-License-Identifier: MIT
// The page in a real browser, beside a second node that is used from the command line.

import assert from "node:assert/strict";
import { address, main, run, start, stop, test, token, until } from "./lib.mjs";

async function pair(scene) {
  const bob = await start(scene, "bob");
  const alice = await start(scene, "alice", { peers: [bob] });
  const page = await scene.page();
  await page.goto(await address(alice));
  await page.getByRole("button", { name: "bob, online" }).waitFor();
  return { alice, bob, page };
}

// Answers to requests for history are held back, until what is returned is called.
async function holdHistory(page, room) {
  const held = [];
  let isOver = false;
  await page.route((url) => url.searchParams.get("order") === "newest" && url.searchParams.get("room") === room,
    async (route) => isOver ? route.continue() : held.push({ route, response: await route.fetch() }));
  const release = async () => {
    isOver = true;
    for (const { route, response } of held.splice(0)) await route.fulfill({ response });
  };
  return { release, isAsked: async () => held.length > 0 };
}

const log = (page) => page.getByRole("log");

async function said(node, target, text) {
  await until(`${node.name} has ${text}`, async () => {
    const { out } = await run(node, ["tail", target, "--no-follow", "--json"]);
    return out.split("\n").some((line) => line && JSON.parse(line).text === text);
  });
}

async function say(page, text) {
  await page.getByLabel("Message").fill(text);
  await page.getByLabel("Message").press("Enter");
}

test("a message is typed, sent by Enter, shown as delivered to others, and arrives", async (scene) => {
  const { bob, page } = await pair(scene);
  await say(page, "hello from a page\nin two lines");
  await log(page).getByText("hello from a page").waitFor();
  await said(bob, "#lobby", "hello from a page\nin two lines");
  await log(page).getByLabel("kept by others too").waitFor();
  assert.equal(await page.getByLabel("Message").inputValue(), "");
  assert.deepEqual(page.complaints, []);
});

test("what others say appears by itself, and is text whatever it looks like", async (scene) => {
  const { bob, page } = await pair(scene);
  const text = '<img src=x onerror="document.title=1"><b>bold</b>';
  assert.equal((await run(bob, ["send", "#lobby", "--", text])).code, 0);
  await log(page).getByText(text, { exact: true }).waitFor();
  assert.equal(await log(page).locator("img, b").count(), 0);
  assert.deepEqual(page.complaints, []);
});

test("/me waves is an action", async (scene) => {
  const { bob, page } = await pair(scene);
  await say(page, "/me waves");
  await log(page).getByText("* alice waves", { exact: true }).waitFor();
  await said(bob, "#lobby", "/me waves");
  await run(bob, ["send", "#lobby", "/me waves back"]);
  await log(page).getByText("* bob waves back", { exact: true }).waitFor();
});

test("who takes another name has it everywhere, oneself too", async (scene) => {
  const { alice, bob, page } = await pair(scene);
  await say(page, "mine");
  await said(bob, "#lobby", "mine");
  await run(bob, ["send", "#lobby", "his"]);
  await log(page).getByText("his", { exact: true }).waitFor();
  await run(bob, ["rename", "robert"]);
  await page.getByRole("button", { name: "robert, online" }).waitFor();
  await run(alice, ["rename", "alicia"]);
  await page.getByText(/^alicia · /).waitFor();
  assert.deepEqual(await log(page).locator(".name").allTextContents(), ["alicia", "robert"]);
  assert.equal(await page.locator("#people li").count(), 1);
});

test("a direct conversation is opened, written to, and counted while it is not looked at", async (scene) => {
  const { bob, page } = await pair(scene);
  await page.getByRole("button", { name: "bob, online" }).click();
  await page.getByRole("heading", { name: "bob (online)" }).waitFor();
  await say(page, "only for you");
  await said(bob, "alice", "only for you");
  await log(page).getByLabel("delivered").waitFor();
  await page.getByRole("button", { name: "#lobby" }).click();
  await until("the lobby is empty", async () => await log(page).locator("li").count() === 0);
  await run(bob, ["send", "alice", "psst"]);
  await page.getByRole("button", { name: "bob, online, 1 new" }).click();
  await log(page).getByText("psst").waitFor();
  await page.getByRole("button", { name: "bob, online", exact: true }).waitFor();
});

test("history is there after a reload, a page at a time", async (scene) => {
  const { alice, page } = await pair(scene);
  for (let i = 0; i < 3; i++) {
    const lines = Array.from({ length: 100 }, (_, line) => JSON.stringify({ to: "#lobby", text: `line ${i * 100 + line}` }));
    const answer = await fetch(`${alice.ready.http.replace(/\/$/, "")}/api/v1/messages/batch`, {
      method: "POST", body: lines.join("\n"),
      headers: { Authorization: `Bearer ${token(alice)}`, "Content-Type": "application/jsonl" },
    });
    assert.equal(answer.status, 200);
  }
  await page.reload();
  await log(page).getByText("line 299", { exact: true }).waitFor();
  assert.equal(await log(page).locator("li").count(), 200);
  await page.getByRole("button", { name: "Show what was said before" }).click();
  await log(page).getByText("line 0", { exact: true }).waitFor();
  const texts = await log(page).locator(".text").allTextContents();
  assert.deepEqual(texts, Array.from({ length: 300 }, (_, line) => `line ${line}`));
});

test("without a token, with a wrong one and with a spent code the page asks", async (scene) => {
  const alice = await start(scene, "alice");
  const url = await address(alice);
  const first = await scene.page();
  await first.goto(url);
  await first.getByRole("heading", { name: "#lobby" }).waitFor();
  for (const where of [alice.ready.http, url]) {
    const page = await scene.page();
    await page.goto(where);
    for (const wrong of ["no such token", "no\u2026header", "NoSuchToken"]) {
      await page.getByLabel("Token").fill(wrong);
      await page.getByRole("button", { name: "Open" }).click();
      await until("it is refused", async () => await page.locator("#refused").textContent() !== "");
      assert.equal(await page.evaluate(() => sessionStorage.getItem("token")), null);
    }
    await page.getByLabel("Token").fill(token(alice));
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("heading", { name: "#lobby" }).waitFor();
  }
});

test("a node that goes and comes back is told of, and nothing is missed", async (scene) => {
  const alice = await start(scene, "alice");
  const page = await scene.page();
  await page.goto(alice.ready.http);
  await page.getByLabel("Token").fill(token(alice));
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("heading", { name: "#lobby" }).waitFor();
  await stop(alice);
  await page.getByText("The node is gone").waitFor();
  await page.getByLabel("Message").fill("kept in the field");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("The node does not answer").waitFor();
  assert.equal(await page.getByLabel("Message").inputValue(), "kept in the field");
  const again = await start(scene, "alice", { home: alice.home, http: new URL(alice.ready.http).host });
  assert.equal((await run(again, ["send", "#lobby", "said meanwhile"])).code, 0);
  await log(page).getByText("said meanwhile").waitFor();
  await until("no word of it any more", async () => await page.getByRole("status").textContent() === "");
  assert.equal(await log(page).locator("li").count(), 1);
});

test("who comes while the page begins is seen to be there", async (scene) => {
  const bob = await start(scene, "bob");
  const alice = await start(scene, "alice");
  const page = await scene.page();
  const { release, isAsked } = await holdHistory(page, "#lobby");
  await page.goto(await address(alice));
  await until("the history is asked for", isAsked);
  assert.equal((await run(alice, ["connect", bob.ready.listen[0]])).code, 0);
  await release();
  await page.getByRole("button", { name: "bob, online" }).waitFor();
});

test("while the node is gone, and once it is back, one reads on where one was", async (scene) => {
  const alice = await start(scene, "alice");
  await sayMany(alice, numbered(450));
  const page = await scene.page();
  await enterByToken(page, alice);
  await log(page).getByText("line 449", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Show what was said before" }).click();
  await log(page).getByText("line 50", { exact: true }).scrollIntoViewIfNeeded();
  const attempts = [];
  page.on("requestfailed", (request) => { attempts.push(request.url()); });
  await stop(alice);
  await until("it was looked for twice", async () => attempts.length > 2);
  assert.equal(await log(page).locator("li").count(), 400);
  const again = await start(scene, "alice", { home: alice.home, http: new URL(alice.ready.http).host });
  await until("it is back", async () => await page.getByRole("status").textContent() === "");
  assert.ok(await page.locator("#log").evaluate((log) => log.scrollTop + 2 * log.clientHeight < log.scrollHeight));
  assert.equal((await run(again, ["send", "#lobby", "the last"])).code, 0);
  await log(page).getByText("the last").waitFor();
  assert.equal(await log(page).locator("li").count(), 401);
});

test("who reads far above when a thousand are missed finds the latest, a page of it", async (scene) => {
  const bob = await start(scene, "bob");
  const alice = await start(scene, "alice", { peers: [bob] });
  const page = await scene.page();
  await sayMany(bob, numbered(450));
  await said(alice, "#lobby", "line 449");
  await enterByToken(page, alice);
  await log(page).getByText("line 449", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Show what was said before" }).click();
  await log(page).getByText("line 50", { exact: true }).scrollIntoViewIfNeeded();
  await page.route("**/api/v1/**", (route) => route.abort());
  await stop(alice);
  await page.getByText("The node is gone").waitFor();
  await sayMany(bob, numbered(1500));
  const again = await start(scene, "alice", { home: alice.home, http: new URL(alice.ready.http).host, peers: [bob] });
  await said(again, "#lobby", "line 1499");
  await page.unroute("**/api/v1/**");
  await log(page).getByText("line 1499", { exact: true }).waitFor();
  assert.equal(await log(page).locator("li").count(), 200);
});

test("a conversation that cannot be read is told of, and the rest of the page lives", async (scene) => {
  const bob = await start(scene, "bob");
  const alice = await start(scene, "alice", { peers: [bob] });
  const page = await scene.page();
  await enterByToken(page, alice);
  await say(page, "before");
  await log(page).getByText("before").waitFor();
  await page.route("**/api/v1/messages?order=newest**", (route) => route.fulfill({
    status: 500,
    contentType: "application/problem+json",
    body: JSON.stringify({ status: 500, title: "it is damaged", detail: "the history cannot be read" }),
  }));
  await stop(alice);
  await page.getByText("The node is gone").waitFor();
  await start(scene, "alice", { home: alice.home, http: new URL(alice.ready.http).host, peers: [bob] });
  await page.getByText("the history cannot be read").waitFor();
  await run(bob, ["send", "#lobby", "heard all the same"]);
  await log(page).getByText("heard all the same").waitFor();
  assert.equal(await page.getByRole("status").textContent(), "");
});

test("what comes for a conversation that is left while it loads is counted", async (scene) => {
  const { bob, page } = await pair(scene);
  const { release, isAsked } = await holdHistory(page, bob.ready.id);
  await page.getByRole("button", { name: /^bob/ }).click();
  await until("it is asked for", isAsked);
  await run(bob, ["send", "alice", "psst"]);
  await run(bob, ["send", "#lobby", "and you"]); // told after the other
  await page.getByRole("button", { name: "#lobby, 1 new" }).click();
  await release();
  await page.getByRole("button", { name: "bob, online, 1 new" }).waitFor();
  await log(page).getByText("and you").waitFor();
});

test("who takes another name while a conversation loads has it there, too", async (scene) => {
  const { bob, page } = await pair(scene);
  await run(bob, ["send", "alice", "psst"]);
  await page.getByRole("button", { name: "bob, online, 1 new" }).waitFor();
  const { release, isAsked } = await holdHistory(page, bob.ready.id);
  await page.getByRole("button", { name: /^bob/ }).click();
  await until("it is asked for", isAsked);
  await run(bob, ["rename", "robert"]);
  await page.getByRole("button", { name: "robert, online" }).waitFor();
  await release();
  await log(page).getByText("psst").waitFor();
  assert.deepEqual(await log(page).locator(".name").allTextContents(), ["robert"]);
});

test("it is of use on a screen 360 pixels wide, and in twice the size", async (scene) => {
  const { page } = await pair(scene);
  await say(page, "w".repeat(3000));
  await log(page).getByText("www").waitFor();
  for (const [width, height] of [[360, 640], [640, 400]]) { // 1280 by 800 at 200 %
    await page.setViewportSize({ width, height });
    const { scroll, client } = await page.evaluate(() =>
      ({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth }));
    assert.ok(scroll <= client, `${scroll} wide in ${client}`);
    const box = await page.getByRole("button", { name: "Send" }).boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= width && box.y + box.height <= height, JSON.stringify(box));
  }
});

// Says many things at once, as a script does.
async function sayMany(node, lines) {
  const answer = await fetch(`${node.ready.http.replace(/\/$/, "")}/api/v1/messages/batch`, {
    method: "POST", body: lines.map((line) => JSON.stringify(line)).join("\n"),
    headers: { Authorization: `Bearer ${token(node)}`, "Content-Type": "application/jsonl" },
  });
  assert.equal(answer.status, 200);
}

const numbered = (count) => Array.from({ length: count }, (_, line) => ({ to: "#lobby", text: `line ${line}` }));

async function enterByToken(page, node) {
  await page.goto(node.ready.http);
  await page.getByLabel("Token").fill(token(node));
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("heading", { name: "#lobby" }).waitFor();
}

test("an address opened where the page is already lets in, after a restart too, and what was typed stays", async (scene) => {
  const alice = await start(scene, "alice");
  const page = await scene.page();
  await page.goto(alice.ready.http);
  await page.getByLabel("Token").waitFor();
  await page.goto(await address(alice));
  await page.getByRole("heading", { name: "#lobby" }).waitFor();
  await page.getByLabel("Message").fill("half a sentence");
  await stop(alice);
  const again = await start(scene, "alice", { home: alice.home, http: new URL(alice.ready.http).host });
  await page.getByLabel("Token").waitFor();
  assert.equal(await page.getByRole("status").textContent(), "");
  assert.match(await page.locator("#refused").textContent(), /started anew/);
  await page.goto(await address(again));
  await page.getByRole("heading", { name: "#lobby" }).waitFor();
  assert.equal(await page.getByLabel("Message").inputValue(), "half a sentence");
});

test("much that was said while the node was gone is in order, and earlier things are there once", async (scene) => {
  const alice = await start(scene, "alice");
  const page = await scene.page();
  await enterByToken(page, alice);
  await stop(alice);
  await page.getByText("The node is gone").waitFor();
  const elsewhere = await start(scene, "alice", { home: alice.home });
  await sayMany(elsewhere, numbered(500));
  await stop(elsewhere);
  const again = await start(scene, "alice", { home: alice.home, http: new URL(alice.ready.http).host });
  await until("it is back", async () => await page.getByRole("status").textContent() === "");
  assert.equal((await run(again, ["send", "#lobby", "the last"])).code, 0);
  await log(page).getByText("the last").waitFor();
  const texts = () => log(page).locator(".text").allTextContents();
  assert.deepEqual(await texts(), [...numbered(500).slice(300).map(({ text }) => text), "the last"]);
  await page.locator("#earlier").evaluate((button) => { button.click(); button.click(); });
  await log(page).getByText("line 100", { exact: true }).waitFor();
  assert.deepEqual(await texts(), [...numbered(500).slice(100).map(({ text }) => text), "the last"]);
});

test("three thousand messages that come at once do not stop the page", async (scene) => {
  const { bob, page } = await pair(scene);
  await sayMany(bob, numbered(3000));
  await log(page).getByText("line 2999", { exact: true }).waitFor();
  await say(page, "still here");
  await log(page).getByText("still here").waitFor();
  assert.ok(await log(page).locator("li").count() <= 1100);
});

test("a room that is joined meanwhile is listed, and a press holds while the lists change", async (scene) => {
  const { alice, bob, page } = await pair(scene);
  for (const node of [alice, bob]) await run(node, ["join", "#garden"]);
  await until("bob is in it", async () =>
    JSON.parse((await run(alice, ["members", "#garden", "--json"])).out || "{}").name === "bob");
  await run(bob, ["send", "#garden", "the beans are up"]);
  const garden = page.getByRole("button", { name: "#garden, 1 new" });
  await garden.waitFor();
  await garden.hover();
  await page.mouse.down();
  await run(bob, ["send", "alice", "psst"]);
  await page.getByRole("button", { name: "bob, online, 1 new" }).waitFor();
  await page.mouse.up();
  await page.getByRole("heading", { name: "#garden" }).waitFor();
});

test("what is typed stays with its room, and what could not be sent is not lost", async (scene) => {
  const { alice, page } = await pair(scene);
  await page.getByRole("button", { name: "bob, online" }).click();
  await page.getByRole("heading", { name: "bob (online)" }).waitFor();
  alice.child.kill("SIGSTOP");
  await say(page, "only for you");
  await say(page, "this too");
  await page.getByRole("button", { name: "#lobby" }).click();
  alice.child.kill("SIGKILL");
  await page.getByText("The node does not answer").waitFor();
  assert.equal(await page.getByLabel("Message").inputValue(), "");
  await page.getByRole("button", { name: /^bob/ }).click();
  await until("both are back", async () => await page.getByLabel("Message").inputValue() === "only for you\nthis too");
});

test("what was stored though its answer was lost is not given back to be sent twice", async (scene) => {
  const { alice, page } = await pair(scene);
  let isStored = false;
  await page.route("**/api/v1/messages", async (route) => {
    await route.fetch();
    isStored = true;
    await route.abort();
  });
  await say(page, "once"); // shown by the stream, mostly before the answer is lost
  await log(page).getByText("once").waitFor();
  await until("the field is empty", async () => isStored && await page.getByLabel("Message").inputValue() === "");

  await page.route("**/api/v1/messages", (route) => route.abort());
  await say(page, "twice");
  await page.getByText("The node does not answer").waitFor();
  assert.equal(await page.getByLabel("Message").inputValue(), "twice");
  assert.equal((await run(alice, ["send", "#lobby", "twice"])).code, 0); // as if the first had been stored
  await log(page).getByText("twice").waitFor();
  await until("it is taken back", async () => await page.getByLabel("Message").inputValue() === "");
});

test("history that cannot be loaded hides nothing that is said meanwhile, and is asked for again", async (scene) => {
  const bob = await start(scene, "bob");
  const alice = await start(scene, "alice", { peers: [bob] });
  const page = await scene.page();
  await enterByToken(page, alice);
  const held = [];
  await run(bob, ["send", "alice", "long ago"]);
  await page.getByRole("button", { name: "bob, online, 1 new" }).waitFor();
  await page.route("**/api/v1/messages?order=newest**", (route) => { held.push(route); });
  await page.getByRole("button", { name: /^bob/ }).click();
  await until("it is asked for", async () => held.length > 0);
  await run(bob, ["send", "alice", "psst"]);
  await run(bob, ["send", "#lobby", "and you"]); // told after the other
  await page.getByRole("button", { name: "#lobby, 1 new" }).waitFor();
  await held.pop().abort();
  await log(page).getByText("psst").waitFor();
  await page.getByRole("button", { name: "Show what was said before" }).waitFor();
  await stop(alice);
  await page.getByText("The node is gone").waitFor();
  await start(scene, "alice", { home: alice.home, http: new URL(alice.ready.http).host });
  for (let i = 0; i < 2; i++) { // not back before what was said is there
    await until("it is asked for again", async () => held.length > 0);
    assert.match(await page.getByRole("status").textContent(), /The node is gone/);
    await held.pop().abort();
  }
  await page.unroute("**/api/v1/messages?order=newest**");
  for (const route of held.splice(0)) await route.continue();
  await log(page).getByText("long ago").waitFor();
  await until("no word of it any more", async () => await page.getByRole("status").textContent() === "");
  assert.deepEqual(await log(page).locator(".text").allTextContents(), ["long ago", "psst"]);
});

test("a node that is silent for longer than its heartbeat is taken for gone", async (scene) => {
  const alice = await start(scene, "alice");
  const page = await scene.page();
  await page.clock.install();
  await page.goto(await address(alice));
  await page.getByRole("heading", { name: "#lobby" }).waitFor();
  await run(alice, ["send", "#lobby", "heard"]); // the stream is there
  await log(page).getByText("heard").waitFor();
  alice.child.kill("SIGSTOP");
  scene.defer(() => alice.child.kill("SIGCONT"));
  await page.clock.fastForward(41000);
  await page.getByText("The node is gone").waitFor();
  alice.child.kill("SIGCONT");
  await until("no word of it any more", async () => await page.getByRole("status").textContent() === "");
});

test("more pages than a browser has connections: the last says so, and each can still send", async (scene) => {
  const alice = await start(scene, "alice");
  const pages = [];
  for (let i = 0; i < 7; i++) {
    pages.push(await scene.page());
    await pages[i].goto(await address(alice));
    await pages[i].getByRole("heading", { name: "#lobby" }).waitFor();
  }
  await pages[6].getByText("Too many pages").waitFor();
  await say(pages[6], "from the last");
  await log(pages[0]).getByText("from the last").waitFor();
  await say(pages[0], "from the first");
  await log(pages[1]).getByText("from the first").waitFor();
  assert.equal(await log(pages[6]).getByText("from the first").count(), 0);
  for (const page of pages.slice(0, 3)) await page.close();
  await log(pages[6]).getByText("from the first").waitFor();
  await until("no word of it any more", async () => await pages[6].getByRole("status").textContent() === "");
});

await main();
