// SPDX-License-Identifier: MIT
// The page: who is here, the lobby, direct messages. The node keeps everything; what is
// here is what is shown, and a reload brings it back.

import { enter, follow, get, hasToken, keepToken, post, Problem } from "./api.js";

const PAGE = 200; // messages fetched when a conversation is opened
const ACTION = "/me "; // what such a text tells is done, not said (XEP-0245)
const RANK = { pending: 0, held: 1, delivered: 2, read: 3 };
const $ = (id) => document.getElementById(id);

const peers = new Map();    // id -> Peer
const rooms = new Map();    // id -> Room
const unread = new Map();   // room id -> count
let self = null;            // id and name of this node
let open = "#lobby";        // the room shown: its id
let shown = new Map();      // message id -> { message, item }
let opening = null;         // messages that came while the history was fetched
let earlier = null;         // where what was said before goes on

// ---- small things ----

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function tell(text) {
  $("problem").textContent = text;
}

function complain(error) {
  tell(error instanceof Problem ? error.message
    : "The node does not answer. Look whether it runs, and try again.");
}

const timeOf = (text) => new Date(text).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const nameOf = (room) => room.startsWith("#") ? room : peers.get(room)?.name || room.slice(0, 12);

// ---- conversations ----

function entry(id, name, state) {
  const item = make("li");
  const button = make("button", state);
  const count = unread.get(id) ?? 0;
  button.append(make("span", "name", name));
  if (count > 0) button.append(make("span", "count", String(count)));
  button.setAttribute("aria-label",
    [name, state, count > 0 && `${count} new`].filter(Boolean).join(", "));
  if (id === open) button.setAttribute("aria-current", "true");
  button.dataset.id = id;
  button.onclick = () => show(id);
  item.append(button);
  return item;
}

function showLists() {
  const focused = document.activeElement?.closest("nav li button")?.dataset.id;
  const named = [...peers.values()].sort((a, b) =>
    (b.state === "online") - (a.state === "online") || a.name.localeCompare(b.name));
  const open = [...rooms.values()].filter((room) => room.kind === "open");
  $("rooms").replaceChildren(...open.map((room) => entry(room.id, room.name, "")));
  $("people").replaceChildren(...named.map((peer) => entry(peer.id, peer.name, peer.state)));
  $("nobody").hidden = named.length > 0;
  if (focused) [...document.querySelectorAll("nav li button")]
    .find((button) => button.dataset.id === focused)?.focus();
  const total = [...unread.values()].reduce((sum, count) => sum + count, 0);
  document.title = total > 0 ? `(${total}) kith` : "kith";
}

async function loadLists() {
  const [who, where] = await Promise.all([get("/peers"), get("/rooms")]);
  peers.clear();
  rooms.clear();
  for (const peer of who.peers) peers.set(peer.id, peer);
  for (const room of where.rooms) rooms.set(room.id, room);
  showLists();
}

// ---- messages ----

const isAtEnd = () => $("log").scrollHeight - $("log").scrollTop - $("log").clientHeight < 40;

function stateText(message) {
  if (!message.mine) return "";
  if (message.state === "pending") return "kept here, on its way";
  return message.state === "held" ? "kept by others too" : message.state;
}

function fill(item, message) {
  const head = make("p", "head");
  const time = make("time", "", timeOf(message.time));
  time.dateTime = message.time;
  time.title = new Date(message.time).toLocaleString();
  head.append(make("span", "name", message.name), time);
  if (message.mine) {
    const mark = make("span", `mark ${message.state}`, message.state === "pending" ? "…" : "✓");
    mark.title = stateText(message);
    mark.setAttribute("aria-label", stateText(message));
    head.append(mark);
  }
  item.className = message.mine ? "mine" : "";
  item.replaceChildren(head, message.text.startsWith(ACTION)
    ? make("p", "text action", `* ${message.name} ${message.text.slice(ACTION.length)}`)
    : make("p", "text", message.text));
}

function add(message) {
  const known = shown.get(message.id);
  const item = known?.item ?? make("li");
  // What was delivered meanwhile is, whatever the answer to the request says.
  if (known && RANK[known.message.state] > RANK[message.state]) message.state = known.message.state;
  fill(item, message);
  shown.set(message.id, { message, item });
  if (known) return;
  const isFollowed = isAtEnd() || message.mine;
  $("log").append(item);
  if (isFollowed) $("log").scrollTop = $("log").scrollHeight;
}

function onMessage(message) {
  if (message.room === open) {
    if (opening) opening.push(message);
    else add(message);
  } else if (!message.mine) {
    unread.set(message.room, (unread.get(message.room) ?? 0) + 1);
    showLists();
  }
}

// A peer holds our messages of a log up to one of them.
function onDelivery(delivery) {
  for (const { message, item } of shown.values()) {
    if (message.log !== delivery.log || message.seq > delivery.seq) continue;
    if (RANK[delivery.state] <= RANK[message.state]) continue;
    message.state = delivery.state;
    fill(item, message);
  }
}

function onPeer({ peer, change }) {
  if (change === "renamed") rename(peer);
  if (peer.id === self.id) return;
  peers.set(peer.id, peer);
  showLists();
  if (peer.id === open) showTitle();
}

// What was said under another name was said by the same person.
function rename({ id, name }) {
  if (id === self.id) showSelf({ id, name });
  for (const { message, item } of shown.values()) {
    if (message.author !== id) continue;
    message.name = name;
    fill(item, message);
  }
}

function showSelf(node) {
  self = node;
  $("self").textContent = `${self.name} · ${self.id.slice(0, 12)}`;
  $("self").title = self.id;
}

function showTitle() {
  const peer = peers.get(open);
  $("title").textContent = peer ? `${peer.name} (${peer.state})` : nameOf(open);
  $("text").placeholder = `Message to ${nameOf(open)}`;
}

async function page(room, after) {
  const query = new URLSearchParams({ order: "newest", limit: PAGE, room });
  if (after) query.set("after", after);
  return get(`/messages?${query}`).catch((error) => {
    if (error.status === 404) return { messages: [], next: null }; // nothing was said there yet
    throw error;
  });
}

// What was said before, above what is shown.
async function showEarlier() {
  const asked = shown;
  const { messages, next } = await page(open, earlier);
  if (asked !== shown) return; // loaded anew meanwhile
  const height = $("log").scrollHeight;
  const items = messages.reverse().map((message) => {
    const item = make("li");
    fill(item, message);
    shown.set(message.id, { message, item });
    return item;
  });
  $("log").prepend(...items);
  $("log").scrollTop += $("log").scrollHeight - height;
  earlier = next;
  $("earlier").hidden = next === null;
}

async function load() {
  const later = opening = [];
  shown = new Map();
  earlier = null;
  $("log").replaceChildren();
  try {
    await showEarlier();
    if (later !== opening) return; // another conversation was opened meanwhile
    for (const message of later) add(message);
    $("log").scrollTop = $("log").scrollHeight;
  } catch (error) {
    complain(error);
  }
  if (later === opening) opening = null;
}

async function show(room) {
  open = room;
  unread.delete(room);
  showLists();
  showTitle();
  tell("");
  await load();
  $("text").focus();
}

$("earlier").onclick = () => showEarlier().catch(complain);

// ---- saying something ----

$("say").onsubmit = async (event) => {
  event.preventDefault();
  const text = $("text").value;
  if (text.trim() === "") return;
  const room = open;
  $("text").value = "";
  grow();
  try {
    tell("");
    const message = await post("/messages", { to: room, text });
    if (message.room === open) add(message);
  } catch (error) {
    complain(error);
    if ($("text").value === "") $("text").value = text;
    grow();
  }
};

$("text").onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("say").requestSubmit();
};

function grow() {
  $("text").style.height = "auto";
  $("text").style.height = `${$("text").scrollHeight}px`;
}
$("text").oninput = grow;

// ---- start ----

function showState(text) {
  $("state").textContent = text;
}

async function start() {
  showSelf(await get("/self"));
  $("enter").hidden = true;
  document.querySelector("main").hidden = false;
  const { arrival } = await get("/messages?limit=1");
  await loadLists();
  await show(open);
  showState("");
  await follow(arrival, {
    event(type, data) {
      if (type === "message") onMessage(data);
      else if (type === "delivery") onDelivery(data);
      else if (type === "peer") onPeer(data);
      else if (type === "warning") tell(data.text);
    },
    async back() {
      await Promise.all([loadLists(), load()]); // what was delivered meanwhile, too
      showTitle();
      showState("");
    },
    away: () => showState("The node is gone. Waiting for it …"),
  });
}

function ask(why) {
  keepToken(null);
  document.querySelector("main").hidden = true;
  $("enter").hidden = false;
  $("refused").textContent = why;
}

async function run() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  history.replaceState(null, "", location.pathname); // it is good for once only
  try {
    if (code !== null) await enter(code);
    if (hasToken()) await start();
    else ask("");
  } catch (error) {
    if (error instanceof Problem && (error.status === 401 || error.status === 403)) ask(error.message);
    else showState(`${error.message} Reload to try again.`);
  }
}

$("enter").onsubmit = (event) => {
  event.preventDefault();
  keepToken($("token").value.trim());
  run();
};

run();
