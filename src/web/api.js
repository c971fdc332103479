// SPDX-License-Identifier: MIT
// The node's control API (docs: /docs): requests, the stream, and the page's token.

const BASE = "/api/v1";
const SILENCE_MS = 40000; // two heartbeats of the node, and some more
const RETRY_MS = 1000; // between attempts to reach a node that has gone
const STREAMS = 4; // of all pages: browsers open six connections, and requests need some
let token = sessionStorage.getItem("token");

export const hasToken = () => token !== null;

export function keepToken(value) {
  token = value;
  if (value === null) sessionStorage.removeItem("token");
  else sessionStorage.setItem("token", value);
}

// A problem (RFC 9457) that the node told; `message` says what to do next.
export class Problem extends Error {
  constructor(status, details) {
    super(details.detail ?? `The node answered ${status}.`);
    this.status = status;
  }
}

async function send(method, path, body, signal) {
  const headers = {};
  if (token !== null) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(BASE + path, {
    method, headers, signal, cache: "no-store",
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})));
  return answer;
}

export const get = async (path) => (await send("GET", path)).json();
export const post = async (path, body) => (await send("POST", path, body)).json();

// The one-time code of the address that `kith web` printed buys a token.
export async function enter(code) {
  keepToken(null);
  keepToken((await post("/session", { code })).token);
}

const OPEN = { id: null, type: "", data: null }; // the node has begun to answer

// The events of one connection, as Server-Sent Events (HTML Standard, section 9.2). Not
// by EventSource, which cannot send the token. A node that is silent for longer than its
// heartbeat is gone, though nothing said so.
async function* events(path) {
  const end = new AbortController();
  let silence = setTimeout(() => end.abort(), SILENCE_MS);
  try {
    const answer = await send("GET", path, undefined, end.signal);
    yield OPEN;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(silence);
      silence = setTimeout(() => end.abort(), SILENCE_MS);
      text += value;
      const blocks = text.split("\n\n");
      text = blocks.pop();
      for (const block of blocks) yield parse(block);
    }
  } finally {
    clearTimeout(silence);
    end.abort(); // also where an event could not be taken: nothing is read any more
  }
}

function parse(block) {
  const event = { id: null, type: "message", data: null };
  for (const line of block.split("\n")) {
    const [, field, value] = /^([a-z]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === "id") event.id = Number(value);
    else if (field === "event") event.type = value;
    else if (field === "data") event.data = JSON.parse(value);
  }
  return event;
}

const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

// One of the few streams that all pages of this node may hold, once one is free; what is
// returned gives it back. One more would leave them all without answers.
async function takeStream(full) {
  if (!navigator.locks) return () => {}; // the page is not of this machine
  for (;; await sleep(RETRY_MS)) {
    for (let i = 0; i < STREAMS; i++) {
      const release = await new Promise((taken) => {
        navigator.locks.request(`stream ${i}`, { ifAvailable: true },
          (lock) => lock ? new Promise(taken) : taken(null));
      });
      if (release) return release;
    }
    full();
  }
}

// What happens after arrival number `after`, for as long as the page lives. `there` is
// awaited once a connection stands, before its first event: what `there` asks for misses
// nothing. `away` is called when one ended, `full` when too many pages have one.
export async function follow(after, { event, there, away, full }) {
  for (;;) {
    const release = await takeStream(full);
    try {
      for await (const it of events(`/stream?after=${after}`)) {
        if (it === OPEN) await there();
        if (it.id !== null) after = it.id;
        if (it.data !== null) event(it.type, it.data);
      }
    } catch (error) {
      if (error instanceof Problem && error.status === 401) throw error;
    } finally {
      release();
    }
    away();
    await sleep(RETRY_MS);
  }
}
