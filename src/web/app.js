// SPDX-License-Identifier: MIT
// The page: who is here, the lobby, direct messages. The node keeps everything; what is
// here is what is shown, and a reload brings it back.

import { enter, follow, get, hasToken, keepToken, post, Problem } from "./api.js";

const PAGE = 200; // messages fetched when a conversation is opened
const MANY = 1000; // shown at once, while the end is followed
const ACTION = "/me "; // what such a text tells is done, not said (XEP-0245)
const RANK = { pending: 0, held: 1, delivered: 2, read: 3 };
// In place of what the node tells a program that shows no token or a wrong one.
const REFUSED = "The token is not that of this node, or the node was started anew since.";
const $ = (id) => document.getElementById(id);

const peers = new Map();    // id -> Peer
const rooms = new Map();    // id -> Room
const unread = new Map();   // room id -> count
let self = null;            // id and name of this node
let open = "#lobby";        // the room shown: its id
let shown = new Map();      // message id -> { message, item }
let listing = null;         // what happened to peers while the lists were fetched
let opening = null;         // what happened while the history was fetched
let earlier = null;         // where what was said before goes on
let loaded = null;          // arrival number up to which the node has told what is shown
let waiting = [];           // messages that came and are not shown yet
let drawing = null;         // the timer that shows them
const drafts = new Map();   // room id -> what is typed there and was not sent

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
  if (error instanceof Problem) tell(error.status === 401 ? `${REFUSED} Reload the page.` : error.message);
  else tell("The node does not answer. Look whether it runs, and try again.");
}

// The node is there, though it cannot do this.
function complainIfTold(error) {
  if (!(error instanceof Problem) || error.status === 401) throw error;
  complain(error);
}

function warn({ peer, address, text }) {
  const whom = [peers.get(peer)?.name ?? peer.slice(0, 12), address].filter(Boolean).join(", ");
  tell(`${whom}: ${text}`);
}

const timeOf = (text) => new Date(text).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const nameOf = (room) => room.startsWith("#") ? room : peers.get(room)?.name || room.slice(0, 12);

// ---- conversations ----

function entry(id) {
  const item = make("li");
  const button = make("button");
  button.append(make("span", "name"), make("span", "count"));
  button.dataset.id = id;
  button.onclick = () => show(id);
  item.append(button);
  return item;
}

function label(button, name, state) {
  const count = unread.get(button.dataset.id) ?? 0;
  const [nameSpan, countSpan] = button.children;
  button.className = state;
  if (nameSpan.textContent !== name) nameSpan.textContent = name;
  countSpan.textContent = String(count);
  countSpan.hidden = count === 0;
  button.setAttribute("aria-label",
    [name, state, count > 0 && `${count} new`].filter(Boolean).join(", "));
  if (button.dataset.id === open) button.setAttribute("aria-current", "true");
  else button.removeAttribute("aria-current");
}

// Entries stay the same elements, and where they are if they can: a click whose button
// goes away between press and release is none.
function showList(list, wanted) {
  const old = new Map([...list.children].map((item) => [item.firstChild.dataset.id, item]));
  const known = new Set(wanted.map(({ id }) => id));
  for (const [id, item] of old) if (!known.has(id)) item.remove();
  wanted.forEach(({ id, name, state }, index) => {
    const item = old.get(id) ?? entry(id);
    label(item.firstChild, name, state);
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
  });
}

function showLists() {
  const focused = document.activeElement?.closest("nav li button");
  const named = [...peers.values()].sort((a, b) =>
    (b.state === "online") - (a.state === "online") || a.name.localeCompare(b.name));
  const rows = [...rooms.values()].filter((room) => room.kind === "open");
  showList($("rooms"), rows.map(({ id, name }) => ({ id, name, state: "" })));
  showList($("people"), named);
  $("nobody").hidden = named.length > 0;
  if (focused?.isConnected) focused.focus({ preventScroll: true });
  const total = [...unread.values()].reduce((sum, count) => sum + count, 0);
  document.title = total > 0 ? `(${total}) kith` : "kith";
}

async function loadLists() {
  const later = listing = [];
  try {
    const [who, where] = await Promise.all([get("/peers"), get("/rooms")]);
    if (later !== listing) return; // asked anew
    peers.clear();
    rooms.clear();
    for (const peer of who.peers) peers.set(peer.id, peer);
    for (const room of where.rooms) rooms.set(room.id, room);
    showLists();
  } finally {
    if (later === listing) listing = null;
    for (const happen of later) happen();
  }
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

function place(message) {
  const known = shown.get(message.id);
  const item = known?.item ?? make("li");
  // What was delivered meanwhile is, whatever the answer to the request says.
  if (known && RANK[known.message.state] > RANK[message.state]) message.state = known.message.state;
  fill(item, message);
  shown.set(message.id, { message, item });
  return known ? null : item;
}

// All at once, for each look at the place in the log has the browser lay it out anew.
function draw() {
  const messages = waiting.splice(0);
  drawing = null;
  showLists();
  if (messages.length === 0) return;
  const isFollowed = isAtEnd() || messages.some((message) => message.mine);
  $("log").append(...messages.map(place).filter(Boolean));
  if (!isFollowed) return;
  $("log").scrollTop = $("log").scrollHeight;
  if (shown.size > MANY) load(isAtEnd).catch(complain); // the latest; what was before is asked for
}

function drawSoon() {
  drawing ??= setTimeout(draw);
}

// What tells of messages finds all that came before it.
function drawNow() {
  clearTimeout(drawing);
  draw();
}

function add(message) {
  if (message.room !== open) return;
  if (opening) return void opening.push(() => add(message));
  waiting.push(message);
  drawSoon();
}

// What is said in a conversation that was not there when the lists were asked for.
let asking = null;
function askForNew(room) {
  if (rooms.has(room) || peers.has(room)) return;
  asking ??= loadLists().catch(() => {}).finally(() => { asking = null; });
}

let told = 0; // arrival number of the latest along the stream
function onMessage(message) {
  told = Math.max(told, message.arrival);
  askForNew(message.room);
  if (message.room === open) {
    if (opening) opening.push(() => onMessage(message));
    else if (message.arrival > (loaded ?? 0)) add(message);
  } else if (!message.mine) {
    unread.set(message.room, (unread.get(message.room) ?? 0) + 1);
    drawSoon();
  }
}

// A peer holds our messages of a log up to one of them.
function onDelivery(delivery) {
  opening?.push(() => onDelivery(delivery));
  if (waiting.length > 0) drawNow();
  for (const { message, item } of shown.values()) {
    if (message.log !== delivery.log || message.seq > delivery.seq) continue;
    if (RANK[delivery.state] <= RANK[message.state]) continue;
    message.state = delivery.state;
    fill(item, message);
  }
}

function onPeer({ peer, change }) {
  listing?.push(() => onPeer({ peer, change }));
  if (change === "renamed") {
    rename(peer);
    opening?.push(() => rename(peer));
  }
  if (peer.id === self.id) return;
  peers.set(peer.id, peer);
  showLists();
  if (peer.id === open) showTitle();
}

// What was said under another name was said by the same person.
function rename({ id, name }) {
  if (waiting.length > 0) drawNow();
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
    if (error.status === 404) return { arrival: 0, messages: [], next: null }; // nothing was said there yet
    throw error;
  });
}

function showAbove({ messages, next }) {
  const height = $("log").scrollHeight;
  $("log").prepend(...messages.reverse().map(place).filter(Boolean));
  $("log").scrollTop += $("log").scrollHeight - height;
  earlier = next;
  $("earlier").hidden = next === null;
}

// What was said before, above what is shown.
async function showEarlier() {
  if (loaded === null) return load();
  const asked = shown;
  const from = earlier;
  const before = await page(open, from);
  if (asked === shown && from === earlier) showAbove(before); // not loaded anew, nor asked twice
}

function clear() {
  shown = new Map();
  earlier = null;
  loaded = null;
  waiting = [];
  $("log").replaceChildren();
  $("earlier").hidden = true;
}

// The latest of the conversation in place of what is shown, once it is here and if that is
// still wanted. What happens meanwhile happens afterwards, also to a conversation that is
// left by then.
async function load(isWanted = () => true) {
  const later = opening = [];
  try {
    const latest = await page(open, null);
    if (later === opening && (loaded === null || isWanted())) {
      clear();
      loaded = latest.arrival;
      showAbove(latest);
      $("log").scrollTop = $("log").scrollHeight;
    } else if (later === opening) {
      update(latest.messages);
    }
  } catch (error) {
    if (later === opening && loaded === null) $("earlier").hidden = false; // it asks again
    throw error;
  } finally {
    if (later === opening) opening = null;
    for (const happen of later) happen();
  }
}

// What became of messages that are shown. Those before the latest may be delivered, too.
function update(messages) {
  messages.filter(({ id }) => shown.has(id)).forEach(place);
  messages.filter(({ mine }) => mine).forEach(onDelivery);
}

// Who reads what was said before stays there: what is new comes along the stream, unless
// that is more than can be shown at once.
async function refresh() {
  if (loaded === null || isAtEnd()) return load(isAtEnd);
  const asked = shown;
  const { arrival, messages } = await page(open, null);
  if (asked !== shown) return;
  const known = Math.max(loaded, told);
  if (arrival - known > MANY && messages.every((message) => message.arrival > known)) return load();
  update(messages);
}

async function show(room) {
  drafts.set(open, $("text").value);
  open = room;
  $("text").value = drafts.get(room) ?? "";
  grow();
  unread.delete(room);
  showLists();
  showTitle();
  tell("");
  clear();
  await load().catch(complain);
  $("text").focus();
}

$("earlier").onclick = () => showEarlier().catch(complain);

// ---- saying something ----

const unanswered = []; // what was sent, as far as it is not known to be stored or refused
let answered = null;   // the id of what was stored last

function forget(sent) {
  unanswered.splice(unanswered.indexOf(sent), 1);
}

// Where the answer is lost the node may have stored it: then it comes along the stream,
// and is not to be sent once more.
async function send(room, text) {
  const sent = { room, text, isStored: false, isGivenBack: false };
  unanswered.push(sent);
  try {
    const message = await post("/messages", { to: room, text });
    answered = message.id;
    forget(sent);
    add(message);
  } catch (error) {
    const isLost = !(error instanceof Problem);
    if (!isLost || sent.isStored) forget(sent);
    if (sent.isStored) return;
    if (isLost) tell("The node does not answer, and may have stored that all the same. Look whether it is here, once the node is back, before you send it again.");
    else complain(error);
    sent.isGivenBack = true;
    giveBack(room, text);
  }
}

function onOwn({ id, room, text }) {
  if (id === answered) return; // what was said again after it is another
  const sent = unanswered.find((it) => it.room === room && it.text === text && !it.isStored);
  if (!sent) return;
  sent.isStored = true;
  if (!sent.isGivenBack) return; // it may still be answered
  forget(sent);
  takeBack(room, text);
}

let sending = Promise.resolve(); // one after the other, so that they stay in order
$("say").onsubmit = (event) => {
  event.preventDefault();
  const text = $("text").value;
  if (text.trim() === "") return;
  const room = open;
  $("text").value = "";
  grow();
  tell("");
  sending = sending.then(() => send(room, text));
};

// What could not be sent is typed again, where it was typed.
function giveBack(room, text) {
  const typed = room === open ? $("text").value : drafts.get(room) ?? "";
  const all = typed === "" ? text : `${typed}\n${text}`;
  drafts.set(room, all);
  if (room !== open) return;
  $("text").value = all;
  grow();
}

// Only if nothing was made of it since.
function takeBack(room, text) {
  const typed = room === open ? $("text").value : drafts.get(room);
  if (typed !== text) return;
  drafts.delete(room);
  if (room !== open) return;
  $("text").value = "";
  grow();
}

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
  await follow(arrival, {
    event(type, data) {
      if (type === "message" && data.mine) onOwn(data);
      if (type === "message") onMessage(data);
      else if (type === "delivery") onDelivery(data);
      else if (type === "peer") onPeer(data);
      else if (type === "warning") warn(data);
    },
    async there() {
      await Promise.all([loadLists(), refresh().catch(complainIfTold)]); // what else happened before, too
      showTitle();
      showState("");
    },
    away: () => showState("The node is gone. Waiting for it …"),
    full: () => showState("Too many pages of kith are open here. Close some: until then this one shows nothing new."),
  });
}

function ask(why) {
  keepToken(null);
  document.querySelector("main").hidden = true;
  $("enter").hidden = false;
  $("refused").textContent = why;
  showState("");
  $("token").focus();
}

async function run() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  history.replaceState(null, "", location.pathname); // it is good for once only
  try {
    if (code !== null) await enter(code);
    if (hasToken()) await start();
    else ask("");
  } catch (error) {
    if (error instanceof Problem && (error.status === 401 || error.status === 403)) ask(error.status === 401 ? REFUSED : error.message);
    else showState(`${error.message} Reload to try again.`);
  }
}

$("enter").onsubmit = (event) => {
  event.preventDefault();
  const token = $("token").value.trim();
  if (!/^[!-~]+$/.test(token)) return ask(REFUSED); // no header can hold it
  keepToken(token);
  run();
};

// The address that `kith web` prints, opened where this page is already, loads nothing.
window.onhashchange = () => {
  if (!location.hash.startsWith("#code=")) return;
  if ($("enter").hidden) location.reload();
  else run();
};

run();
