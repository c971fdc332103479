# SPDX-License-Identifier: MIT
"""Open rooms: joined, spoken in, left, and come back to, by the commands."""

from kithlib import DONE, NOT_FOUND, USAGE, case, main, same, wait_until

GARDEN = "#garden"


def join(*nodes, room=GARDEN):
    for node in nodes:
        node.kith("join", room).expect(DONE)


def rooms(node, *flags):
    return {room["id"]: room
            for room in node.kith("rooms", "--json", *flags).expect(DONE).lines()}


def arrive(node, *texts, room=GARDEN):
    wait_until(f"{texts} arrive at {node.name}",
               lambda: set(texts) <= set(node.texts(room=room)))


def three(scene):
    alice = scene.node("alice")
    bob = scene.node("bob", alice)
    carol = scene.node("carol", alice, bob)
    scene.linked(alice, bob, carol)
    return alice, bob, carol


@case("what is said in a room reaches who is in it, late ones too, and nobody else")
def _(scene):
    alice, bob, carol = three(scene)
    join(alice)
    alice.kith("send", GARDEN, "roses").expect(DONE)
    same(bob.kith("send", GARDEN, "x").expect(NOT_FOUND, "kith join").out, b"")
    join(bob, room="Garden")  # however it is typed
    arrive(bob, "roses")
    bob.kith("send", GARDEN, "--wait", "delivered", "tulips").expect(DONE)
    alice.say("#lobby", "for all")
    wait_until("carol hears the lobby", lambda: "for all" in carol.texts())
    same(carol.texts(), ["for all"], "what carol holds, who is not in it")
    same([m["text"] for m in alice.messages(GARDEN)], ["roses", "tulips"])
    same({m["room"] for m in bob.messages(GARDEN)}, {GARDEN})
    join(carol)
    arrive(carol, "roses", "tulips")
    wait_until("all three are counted", lambda: rooms(alice)[GARDEN]["members"] == 3)
    same(alice.texts(), carol.texts(), "the order both show")


def members(node, room=GARDEN):
    return sorted(peer["name"] for peer in node.kith("members", room, "--json").expect(DONE).lines())


@case("members are those that are linked and in the room, or the other party of a direct one")
def _(scene):
    alice, bob, carol = three(scene)
    alice.kith("members", GARDEN).expect(NOT_FOUND, "kith join")
    join(alice, bob)
    wait_until("bob is in it", lambda: members(alice) == ["bob"])
    wait_until("so sees bob", lambda: members(bob) == ["alice"])
    wait_until("all are in the lobby", lambda: members(alice, "#lobby") == ["bob", "carol"])
    same(members(alice, "carol"), ["carol"])
    table = alice.kith("members", GARDEN).expect(DONE).out.decode()
    assert table.startswith("NAME ") and "bob" in table and "carol" not in table, table
    bob.stop()
    wait_until("bob is away", lambda: members(alice) == [])
    same(members(alice, "bob"), ["bob"], "the other party, though away")
    assert b"nobody but this node" in alice.kith("members", GARDEN).expect(DONE).out
    alice.kith("leave", GARDEN).expect(DONE)
    same(members(alice), [])
    for words in ((), (GARDEN, "x")):
        alice.kith("members", *words).expect(USAGE, "help members")


@case("who left gets no more, keeps what there was, and has all after coming back")
def _(scene):
    alice, bob, _ = three(scene)
    join(alice, bob)
    alice.say(GARDEN, "before")
    arrive(bob, "before")
    assert "left #garden" in bob.kith("leave", GARDEN).expect(DONE).out.decode()
    wait_until("bob is gone from it", lambda: rooms(alice)[GARDEN]["online"] == 0)
    assert GARDEN not in rooms(bob)
    same(rooms(bob, "--all")[GARDEN]["joined"], False)
    assert "open, left" in bob.kith("rooms", "--all").expect(DONE).out.decode()
    bob.kith("send", GARDEN, "x").expect(NOT_FOUND, "kith join")
    alice.say(GARDEN, "meanwhile")
    alice.say("#lobby", "a mark")
    arrive(bob, "a mark", room="#lobby")
    same([m["text"] for m in bob.messages(GARDEN)], ["before"])
    join(bob)
    arrive(bob, "meanwhile")
    bob.say(GARDEN, "back")
    arrive(alice, "back")


@case("a room stays joined over kill -9 and a stop, and a room that was left stays left")
def _(scene):
    alice, bob = scene.pair()
    join(alice, bob)
    join(bob, room="#attic")
    bob.kith("leave", "#attic").expect(DONE)
    bob.kill()
    alice.stop()
    alice.start()
    bob.start()
    same(sorted(rooms(bob)), [GARDEN, "#lobby"])
    same(sorted(rooms(bob, "--all")), ["#attic", GARDEN, "#lobby"])
    scene.linked(alice, bob)
    alice.say(GARDEN, "still here")
    arrive(bob, "still here")


@case("names of rooms have rules, and a refusal says which")
def _(scene):
    alice = scene.node("alice")
    alice.kith("join", "#a/b").expect(USAGE, "~ # : / or @")
    alice.kith("join", "#" + "x" * 33).expect(USAGE, "32 characters")
    alice.kith("join", "#10.0.0.1").expect(USAGE)
    alice.kith("join", "#\x1b[2J").expect(USAGE)
    alice.kith("leave", "#lobby").expect(USAGE, "cannot be left")
    alice.kith("leave", GARDEN).expect(NOT_FOUND, "kith rooms")
    alice.kith("join", "#grüner garten").expect(DONE)
    alice.kith("send", "#Grüner Garten", "hello").expect(DONE)
    same([m["room"] for m in alice.messages()], ["#grüner garten"])
    same(sorted(rooms(alice)), ["#grüner garten", "#lobby"])


if __name__ == "__main__":
    main()
