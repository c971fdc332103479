// SPDX-License-Identifier: MIT
// Nodes, a browser and TAP for the tests of the page.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { chromium } = createRequire(join(process.env.KITH_BROWSER_DRIVER, "package.json"))("playwright-core");
const KITH = process.env.KITH;
export const WAIT_MS = 60000; // for a condition; a loaded machine is no failure

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export function run(node, args, input) {
  return new Promise((resolve) => {
    const child = spawn(KITH, ["--home", node.home, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (data) => { out += data; });
    child.on("close", (code) => resolve({ code, out }));
    child.stdin.end(input ?? "");
  });
}

// A loopback address that nobody else has: a port on it stays free between two starts.
const host = `127.253.${1 + Math.floor(process.pid / 250) % 250}.${1 + process.pid % 250}`;

// `kith up`, until it is ready.
export async function start(scene, name, { home, http = `${host}:0`, peers = [] } = {}) {
  const node = { name, home: home ?? mkdtempSync(join(process.env.TMPDIR, `${name}-`)) };
  const flags = ["--name", name, "--listen", `${host}:0`, "--http", http, "--no-lan", "--log", "error",
    ...peers.flatMap((peer) => ["--peer", peer.ready.listen[0]])];
  node.child = spawn(KITH, ["up", "--json", "--home", node.home, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  scene.defer(() => stop(node));
  node.exited = new Promise((resolve) => node.child.once("close", resolve));
  for await (const line of createInterface({ input: node.child.stdout })) {
    node.ready = JSON.parse(line);
    return node;
  }
  throw new Error(`${name} did not start`);
}

export async function stop(node) {
  node.child.kill("SIGTERM");
  await node.exited;
}

// The address that opens the page, good for once.
export function address(node) {
  return new Promise((resolve, reject) => {
    const ask = request({ socketPath: join(node.home, "control"), path: "/api/v1/code", method: "POST",
      headers: { "Content-Type": "application/json" } });
    ask.on("error", reject);
    ask.on("response", async (answer) => {
      let body = "";
      for await (const piece of answer.setEncoding("utf8")) body += piece;
      resolve(JSON.parse(body).url);
    });
    ask.end();
  });
}

export const token = (node) => readFileSync(join(node.home, "token"), "utf8").trim();

export async function until(what, condition) {
  for (const end = Date.now() + WAIT_MS; Date.now() < end;) {
    const it = await condition();
    if (it) return it;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`waited for: ${what}`);
}

const cases = [];
export const test = (name, body) => cases.push({ name, body });

// One browser, a fresh profile for each case.
export async function main() {
  console.log(`1..${cases.length}`);
  const profile = mkdtempSync(join(process.env.TMPDIR, "profile-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium", args: FLAGS, headless: true, timeout: WAIT_MS,
  }).catch((error) => { console.log(`Bail out! no browser: ${error.message.split("\n")[0]}`); process.exit(1); });
  let failed = 0;
  for (const [index, { name, body }] of cases.entries()) {
    const ends = [];
    const scene = { defer: (end) => ends.push(end) };
    scene.page = async () => {
      const page = await browser.newPage();
      page.setDefaultTimeout(WAIT_MS);
      page.complaints = [];
      page.on("pageerror", (error) => page.complaints.push(String(error)));
      page.on("console", (line) => { if (line.type() === "error") page.complaints.push(line.text()); });
      scene.defer(() => page.close());
      return page;
    };
    try {
      await body(scene);
      console.log(`ok ${index + 1} - ${name}`);
    } catch (error) {
      failed++;
      console.log(`not ok ${index + 1} - ${name}\n${String(error.stack).replace(/^/gm, "# ")}`);
    }
    for (const end of ends.reverse()) await end();
  }
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
  process.exit(failed > 0 ? 1 : 0);
}
