// SPDX-License-Identifier: MIT
// Who this node is, whom it knows, and what is said in the lobby, live.

const TOKEN = "kith-token"; // in sessionStorage: for this tab, gone with it
const RETRY_MS = 1000;

const byId = (id) => document.getElementById(id);

function tell(text) {
  byId("self").textContent = text;
}

function line(name, text, className = "") {
  const item = document.createElement("li");
  const who = document.createElement("span");
  who.className = "name";
  who.textContent = name;
  item.className = className;
  item.append(who, " ", text);
  return item;
}

// ---- the API ----

class Refused extends Error {}

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  const token = sessionStorage.getItem(TOKEN);
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(`/api/v1/${path}`, { ...options, headers });
  if (answer.ok) return answer;
  const problem = await answer.json();
  throw new Refused(problem.detail);
}

// The code in the fragment is good once: it leaves the address before it is used.
async function enter() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (!code) return;
  history.replaceState(null, "", location.pathname);
  const answer = await ask("session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  });
  sessionStorage.setItem(TOKEN, (await answer.json()).token);
}

// ---- the stream ----

// EventSource cannot send a token.
async function* events(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    const blocks = rest.split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = {};
      for (const field of block.split("\n")) {
        const at = field.indexOf(": ");
        if (at > 0) event[field.slice(0, at)] = field.slice(at + 2);
      }
      if (event.data) yield { type: event.event, id: event.id, data: JSON.parse(event.data) };
    }
  }
}

// ---- what is shown ----

async function showPeers() {
  const { peers } = await (await ask("peers")).json();
  byId("peers").replaceChildren(...peers.map((peer) => line(peer.name, peer.state, peer.state)));
}

function showMessage(message) {
  byId("lobby").append(line(message.name, message.text));
}

async function follow() {
  const self = await (await ask("self")).json();
  const past = await (await ask("messages?room=%23lobby&limit=100&order=newest")).json();
  byId("lobby").replaceChildren();
  past.messages.reverse().forEach(showMessage);
  const stream = await ask("stream", { headers: { "Last-Event-ID": past.arrival } });
  await showPeers();
  tell(self.name);
  for await (const event of events(stream)) {
    if (event.type === "message" && event.data.room === "#lobby") showMessage(event.data);
    if (event.type === "peer") await showPeers();
  }
}

async function main() {
  await enter();
  for (;;) {
    await follow().catch((error) => {
      if (error instanceof Refused) throw error;
    });
    tell("not connected; is the node running?");
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

main().catch((error) => tell(error.message));
