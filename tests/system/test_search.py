#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Finding what was said."""

import json
import urllib.parse

from kithlib import DONE, NOT_FOUND, USAGE, UnixConnection, case, main, same

# What would be an operator, or a syntax error, of SQLite's search language.
AWKWARD = ['"', '""', "*", "a AND", "NOT x", "(", ")", "^a", "text:a", "-a", "a*", "NEAR(a b",
           "{a}:b", "'; DROP TABLE search; --", "\\", "a + b", "🦊", ":-)", "%", "_", "\x01"]


def search(node, text, **query):
    words = urllib.parse.urlencode({"q": text, **query})
    status, answer = node.request("GET", "/search?" + words)
    assert status == 200, (text, status, answer)
    return answer


def found(node, text, **query):
    return [message["text"] for message in search(node, text, **query)["messages"]]


@case("what was said is found at once, by whoever holds it, latest first")
def _(scene):
    alice, bob = scene.pair()
    alice.say("#lobby", "The quick brown fox", wait="delivered")
    bob.say("#lobby", "A quick meeting tomorrow?", wait="delivered")
    alice.say(bob.id, "Crème brûlée for Zoë, quick", wait="delivered")
    same(found(bob, "quick"), ["Crème brûlée for Zoë, quick", "A quick meeting tomorrow?",
                               "The quick brown fox"])
    same(found(alice, "QUICK tom"), ["A quick meeting tomorrow?"])
    same(found(alice, '"brown fox"'), ["The quick brown fox"])
    same(found(alice, '"fox brown"'), [])
    same(found(alice, "creme zoe"), ["Crème brûlée for Zoë, quick"])
    same(found(bob, "quick", room=alice.id), ["Crème brûlée for Zoë, quick"])
    same(found(bob, "quick", room="#lobby", limit=1), ["A quick meeting tomorrow?"])
    same(found(bob, "quick", since="1h")[2:], ["The quick brown fox"])
    alice.stop()
    alice.start()
    same(found(alice, "brown"), ["The quick brown fox"])


@case("any text can be looked for: none is an error, and none finds what is not there")
def _(scene):
    alice = scene.node("alice")
    alice.say("#lobby", "hello there")
    for text in AWKWARD:
        same(found(alice, text + " hello nowhere"), [], text)
        found(alice, text)
    same(found(alice, '"hello'), ["hello there"])


@case("a search right after very many messages finds the last, and pages have no gap")
def _(scene):
    alice = scene.node("alice")
    lines = [{"to": "#lobby", "text": f"number {i} of many"} for i in range(3000)]
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    same(alice.request("POST", "/messages/batch", body)[1]["stored"], 3000)
    same(found(alice, "2999"), ["number 2999 of many"])
    texts, cursor = [], {}
    while cursor is not None:
        page = search(alice, "many", limit=700, **cursor)
        texts += [message["text"] for message in page["messages"]]
        cursor = page["next"] and {"cursor": page["next"]}
    same(texts, [line["text"] for line in reversed(lines)])


@case("a message is found by its id, with who holds it, and is told once by its tag")
def _(scene):
    alice, bob = scene.pair()
    said = alice.say(bob.id, "hello", wait="delivered")
    status, found_there = bob.request("GET", f"/messages/{said['id']}")
    same((status, found_there["text"], found_there["author"]), (200, "hello", alice.id))
    status, found_here = alice.request("GET", f"/messages/{said['id']}")
    same((status, found_here["state"]), (200, "delivered"))
    same([holder["id"] for holder in found_here["holders"]], [bob.id])
    same(alice.request("GET", f"/messages/{alice.id}")[0], 404)
    connection = UnixConnection(alice.ready["socket"])
    connection.request("GET", f"/api/v1/messages/{said['id']}")
    answer = connection.getresponse()
    answer.read()
    tag = answer.headers["ETag"]
    for held, status in ((tag, 304), ('"other"', 200)):
        connection.request("GET", f"/api/v1/messages/{said['id']}", headers={"If-None-Match": held})
        answer = connection.getresponse()
        same((answer.status, len(answer.read()) > 0), (status, status == 200))
    connection.close()
    alice.stop()
    alice.start()
    same(alice.request("GET", f"/messages/{said['id']}")[1]["text"], "hello")


@case("kith search shows the day, the room and who said it; exit 4 when nothing is found")
def _(scene):
    alice = scene.node("alice")
    alice.say("#lobby", "see you\x1b[2J tomorrow")
    result = alice.kith("search", "see", "tomor").expect(DONE)
    line = result.out.decode()
    assert line.startswith("#lobby 20") and "alice~me: see you" in line, line
    assert "\x1b" not in line, line
    same(alice.kith("search", "--json", '"see you"').expect(DONE).lines()[0]["mine"], True)
    for i in range(5):
        alice.say("#lobby", f"again {i}")
    same(len(alice.kith("search", "again", "--limit", "2").expect(DONE).out.splitlines()), 2)
    alice.kith("search", "nothing like it").expect(NOT_FOUND, "fewer", "three letters")
    alice.kith("search", "again", "--room", "nobody").expect(NOT_FOUND, "nobody")
    alice.kith("search", "again", "--since", "soon").expect(USAGE, "since")
    alice.kith("search", "again", "--limit", "none").expect(USAGE, "--limit")
    alice.kith("search").expect(USAGE)


@case("--since takes the times that are shown: those of the own clock")
def _(scene):
    alice = scene.node("alice")
    alice.say("#lobby", "just now")
    for zone in ("FAR-11", "WEST9"):  # ahead of UTC, and behind
        env = {"TZ": zone}
        shown = alice.kith("search", "just", env=env).expect(DONE).out.decode()
        day, clock = shown.split()[1:3]
        for since in (f"{day} {clock}", f"{day}T{clock}", f"{day} {clock[:5]}"):
            for words in (("search", "just"), ("tail", "--no-follow"), ("export",)):
                result = alice.kith(*words, "--since", since, env=env).expect(DONE)
                assert b"just now" in result.out, (zone, since, words)
        hour = int(clock[:2])
        if hour < 23:
            later = f"{day} {hour + 1:02}{clock[2:]}"
            alice.kith("search", "just", "--since", later, env=env).expect(NOT_FOUND)


if __name__ == "__main__":
    main()
