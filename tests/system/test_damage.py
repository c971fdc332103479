# SPDX-License-Identifier: MIT
"""A disk that changed what it keeps: no reader and no peer is told what nobody said."""

import contextlib
import json
import os
import sqlite3
import urllib.parse

from kithlib import DONE, FAILED, case, main, same, wait_until

LOBBY, OTHER = "#lobby", "#other"


def spoil(node, column, *texts):
    """Change the last byte of a column of the events that say these."""
    path = os.path.join(node.home, "kith.db")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        for text in texts:
            key, old = database.execute(
                f"SELECT key, {column} FROM events WHERE instr(content, ?) > 0",
                (text.encode(),)).fetchone()
            database.execute(f"UPDATE events SET {column} = ? WHERE key = ?",
                             (old[:-1] + bytes([old[-1] ^ 128]), key))


def pages(node, path, goes_on, **query):
    """The texts of all pages of five."""
    words = urllib.parse.urlencode({"limit": 5, **query})
    found, after = [], ""
    while True:
        status, page = node.request("GET", f"{path}?{words}{after}")
        same(status, 200)
        found += [message["text"] for message in page["messages"]]
        if page["next"] is None:
            return found
        assert len(page["messages"]) == 5, page
        after = f"&{goes_on}={page['next']}"


def holds_up_nothing(scene, column):
    alice = scene.node("alice")
    for text in ("first", "second", "third"):
        alice.say(LOBBY, text)
    alice.kith("join", OTHER).expect(DONE)
    alice.say(OTHER, "elsewhere")
    alice.stop()
    spoil(alice, column, "second")
    alice.start()
    same(alice.texts(), ["first", "third", "elsewhere"], "what its readers are shown")
    assert alice.logs("cannot be read", "backup"), alice.log()
    checks = {check["check"]: check for check in alice.request("GET", "/doctor")[1]["checks"]}
    same(checks["store"]["state"], "problem")
    bob = scene.node("bob", alice)
    bob.kith("join", OTHER).expect(DONE)
    wait_until("what is sound arrives", lambda: set(bob.texts()) == {"first", "elsewhere"})
    alice.say(OTHER, "and on")
    bob.say(LOBBY, "from bob")
    wait_until("bob is told", lambda: "and on" in bob.texts())
    wait_until("alice is told", lambda: "from bob" in alice.texts())
    assert not alice.logs("peer offline") and not bob.logs("broke the protocol"), bob.log()


for what in ("content", "own", "signature", "id"):
    case(f"what a disk changed goes to no peer, is named, and holds up nothing else: {what}")(
        lambda scene, what=what: holds_up_nothing(scene, what))


@case("an export has what is sound, and says that something is missing")
def _(scene):
    alice = scene.node("alice")
    for text in ("first", "second", "third", "fourth", "fifth"):
        alice.say(LOBBY, text)
    alice.stop()
    spoil(alice, "content", "second")
    alice.start()
    result = alice.kith("export").expect(FAILED, "damaged", "the rest is", "backup")
    lines = [json.loads(line) for line in result.out.splitlines()]
    texts = [message["text"] for line in lines for message in line.get("messages", [])]
    same(texts, ["first", "fourth", "fifth"])  # nothing tells what the third followed
    same((lines[-1]["kind"], lines[-1]["damaged_event_count"]), ("end", 2))
    assert alice.logs("cannot be read", "backup"), alice.log()


@case("pages go on over what was changed, in both directions, and so does a search")
def _(scene):
    alice = scene.node("alice")
    texts = [f"word {number:02}" for number in range(40)]
    lines = "".join(f'{{"to": "#lobby", "text": "{text}"}}\n' for text in texts)
    status, _ = alice.request("POST", "/messages/batch", lines.encode())
    same(status, 200)
    same(sorted(pages(alice, "/search", "cursor", q="word")), texts, "a search before")
    alice.stop()
    changed = [texts[number] for number in (0, 3, *range(10, 25), 38)]
    spoil(alice, "content", *changed)
    alice.start()
    sound = [text for text in texts if text not in changed]
    same(pages(alice, "/messages", "after", order="oldest"), sound, "oldest first")
    same(pages(alice, "/messages", "after", order="newest"), sound[::-1], "newest first")
    same(sorted(pages(alice, "/search", "cursor", q="word")), sound, "a search")


def goes_on(scene, column):
    alice, bob = scene.pair("alice", "bob")
    alice.say(LOBBY, "from alice")
    bob.say(LOBBY, "from bob")
    wait_until("both have both", lambda: all(
        set(node.texts()) == {"from alice", "from bob"} for node in (alice, bob)))
    carol = scene.node("carol", bob)
    alice.stop()
    spoil(alice, column, "from alice", "from bob")
    alice.start()
    assert alice.logs("cannot be read", "backup"), alice.log()
    scene.linked(alice, bob)
    alice.say(LOBBY, "again from alice")
    wait_until("all are told", lambda: all(
        "again from alice" in node.texts() for node in (bob, carol)))
    bob.say(LOBBY, "again from bob")
    wait_until("carol is told", lambda: "again from bob" in carol.texts())
    alice.kill()
    alice.start()
    scene.linked(alice, bob)
    alice.say(LOBBY, "at last")
    wait_until("all are told", lambda: all(
        set(node.texts()) == {"from alice", "from bob", "again from alice",
                              "again from bob", "at last"} for node in (bob, carol)))
    for node in (alice, bob, carol):
        assert not node.logs("broke the protocol") and not node.logs("copied"), node.log()


for what in ("content", "own", "id"):
    case(f"where the newest of logs was changed the node goes on, with a new log of its own: {what}")(
        lambda scene, what=what: goes_on(scene, what))

main()
