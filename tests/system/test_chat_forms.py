# SPDX-License-Identifier: MIT
"""What can be typed in kith chat: commands, the forms of earlier chats, the numbered menu."""

import json
import os
import re

from chatlib import Pipe, Terminal
from kithlib import DONE, FAILED, USAGE, case, free_port, main, run_kith, same, wait_until

ALONE = ("--listen", "127.0.0.1:0", "--no-lan")


def pipe(scene, node, *args):
    return Pipe(scene, "chat", "--home", node.home, *args).wait("* ready: ")


def said(node):
    """Text and whether it was direct. What was said in two rooms within one millisecond may
    be shown in either order."""
    return sorted((message["text"], message["direct"]) for message in node.history())


@case("/msg reaches its target alone and is marked; /msg NAME turns the chat to NAME")
def _(scene):
    alice, bob, carol = (scene.node(n) for n in ("alice", "bob", "carol"))
    for node in (bob, carol):
        alice.kith("connect", node.address).expect(0)
    scene.linked(alice, bob)
    scene.linked(alice, carol)
    bob.kith("rename", "bob the builder").expect(0)
    wait_until("renamed", lambda: alice.peer(bob)["name"] == "bob the builder")
    chat = Terminal(scene, "chat", "--home", alice.home).wait_last("#lobby>")
    chat.type('/msg "bob the builder" psst: a:b\r').type('/msg carol\r').wait_last("carol>")
    chat.type("only you\r").type("/me waves\r").type("/msg #lobby\r").wait_last("#lobby>")
    chat.type("everybody\r")
    wait_until("all said", lambda: len(carol.history()) == 3 and len(bob.history()) == 2)
    same(said(bob), [("everybody", False), ("psst: a:b", True)], "bob's")
    same(said(carol), [("/me waves", True), ("everybody", False), ("only you", True)], "carol's")
    carol.say("alice", "psst back")
    chat.wait(" carol @alice: psst back")
    carol.kith("rename", "caroline").expect(0)
    chat.wait("* carol is now called caroline").type("/quit\r").leave()


@case("what follows a /msg or /join that failed is said to nobody, until another says to whom")
def _(scene):
    alice = scene.node("alice")
    chat = pipe(scene, alice)
    chat.type("/msg bob\na secret\n/me whispers\n/say it\n//slashes\n")
    chat.type("/msg #lobby\nfor all\n/join #a:b\nanother secret\n/join #garden\nin it\n")
    wait_until("all is said", lambda: len(alice.history()) == 2)
    chat.type("/quit\n").leave()
    same(said(alice), [("for all", False), ("in it", False)])
    typed = Terminal(scene, "chat", "--home", alice.home).wait_last("#lobby>")
    typed.type("/msg bob\ra secret\ranother secret\r").wait("not sent").wait("another secret")
    typed.wait_last("#lobby>").type("seen\r")
    wait_until("that is said", lambda: len(alice.history()) == 3)
    typed.type("/quit\r").leave()
    same(said(alice), [("for all", False), ("in it", False), ("seen", False)])


@case("only /msg and /join make it clear again; a misspelt one leaves it unclear too")
def _(scene):
    alice, bob = scene.node("alice"), scene.node("bob")
    alice.kith("connect", bob.address).expect(0)
    scene.linked(alice, bob)
    chat = pipe(scene, alice)
    chat.type("/join #garden\n/msg carol\n/leave\na secret\n").wait("you left #garden")
    chat.type("/msg bob\n/msg carol\n").wait("goes to bob alone", "until /msg or /join")
    bob.kith("rename", "robert").expect(0)
    chat.wait("* bob is now called robert").type("another secret\n/msg robert\nfor you\n")
    chat.type("/mgs carol\na third\n/jion #garden\na fourth\n/msg #lobby\n/whoo\nfor all\n")
    wait_until("all is said", lambda: len(alice.history()) == 2)
    chat.type("/quit\n").leave()
    same(said(alice), [("for all", False), ("for you", True)])


@case("/msg NAME stays with that peer, whoever takes its name, also while the node is away")
def _(scene):
    alice = scene.node("alice")
    bob, mallory = (scene.node(name, alice) for name in ("bob", "mallory"))
    for node in (bob, mallory):
        scene.linked(alice, node)
    chat = Terminal(scene, "chat", "--home", alice.home).wait_last("#lobby>").sees("bob", "mallory")
    chat.type("/msg BOB\r").wait("goes to bob alone").wait_last("bob>").type("one\r")
    wait_until("one", lambda: len(alice.history()) == 1)
    bob.kith("rename", "robert").expect(0)
    chat.wait("* bob is now called robert").wait_last("robert>")
    mallory.kith("rename", "bob").expect(0)
    chat.wait("* mallory is now called bob").type("two\r")
    wait_until("two", lambda: len(alice.history()) == 2)
    alice.stop()
    chat.wait("* the node went away")
    bob.kith("rename", "rob").expect(0)
    mallory.kith("rename", "robert").expect(0)
    alice.start()
    wait_until("seen", lambda: alice.peer(mallory)["name"] == "robert")
    chat.wait("* the node is back").wait_last("rob>").type("three\r/quit\r").leave()
    same([(m["text"], m["room"]) for m in alice.history()],
         [(text, bob.id) for text in ("one", "two", "three")], "said")


@case("commands: who, nick, rooms, connect, disconnect, //, and what is mistyped is answered")
def _(scene):
    alice, bob = scene.node("alice"), scene.node("bob")
    chat = pipe(scene, alice)
    chat.type("/connect 127.0.0.1:1\n").wait("* nobody listens at that address: connecting")
    chat.type(f"/connect {bob.address}\n").wait("* connected to bob\n").sees("bob")
    chat.type("/who\n").wait(f"*   bob  online  {bob.address}\n")
    chat.type("/nick Alice B\n").wait("* you are now called Alice B\n")
    wait_until("seen", lambda: bob.peer(alice)["name"] == "Alice B")
    chat.type("/nick a/b\n").wait("* not a usable name: ")
    chat.type("/rooms\n").wait("*   #lobby  open  1 online\n")
    chat.type("/join #garden\n").wait("* you are in #garden").type("in the garden\n")
    wait_until("said", lambda: [m["room"] for m in alice.history()] == ["#garden"])
    chat.type("/leave\n").wait("* you left #garden\n")
    chat.type("//slash\n/say exit\n/disconect bob\n").wait("did you mean /disconnect?")
    chat.type("/disconnect bob\n").wait("* disconnected from bob\n").wait("* bob left")
    chat.type("/xyzzy\n").wait("* there is no /xyzzy; /help lists").type("/help\n")
    chat.wait("/msg NAME [TEXT]").type("/msg nobody hi\n").wait("* not found: ").end().leave()
    same(alice.texts(room="#lobby"), ["/slash", "exit"], "said in the lobby")


@case("/me waves is an action wherever it is shown, and none where it was not meant")
def _(scene):
    alice, bob = scene.node("alice"), scene.node("bob waves")
    chat = pipe(scene, alice).type(f"/connect {bob.address}\n").wait("* connected to bob")
    other = pipe(scene, bob).sees("alice")
    chat.type("/me waves\n//me said\n/say /me told\n")
    chat.type('/msg "bob waves" /me winks\n/me\n').wait("* usage: /me TEXT")
    other.wait(" alice:  /me told\n").wait(" @bob waves * alice winks\n").type("/me at alice\n")
    chat.wait(' * "bob waves" at alice\n').end().leave()
    other.end().leave()
    same(sorted(alice.texts()),
         [" /me said", " /me told", "/me at alice", "/me waves", "/me winks"], "what travels")
    lines = ['* "bob waves" at alice', "* alice~me waves", "@bob waves * alice~me winks",
             "alice~me:  /me said", "alice~me:  /me told"]
    tail = alice.kith("tail", "--no-follow").expect(DONE).out.decode()
    same(sorted(line[9:] for line in tail.splitlines()), lines)
    found = alice.kith("search", "waves").expect(DONE).out.decode()
    assert re.fullmatch(r"#lobby [-\d]{10} [:\d]{8} \* alice~me waves\n", found), found


@case("the forms of earlier chats do what they did, and are answered once with today's")
def _(scene):
    alice, bob = scene.node("alice"), scene.node("bob")
    chat = pipe(scene, alice).type(f"conn:{bob.address}\n").wait("* connected to bob")
    chat.sees("bob").type("msg bob one: two\nmsg bob three\nto_peer:four:five\n")
    wait_until("direct", lambda: [(m["text"], m["direct"]) for m in bob.history()] == [
        ("one: two", True), ("three", True), ("four:five", True)])
    chat.type("rename\nSam the 2nd\n").wait("* you are now called Sam the 2nd")
    chat.type("rename al\n").wait("* you are now called al\n").type("rename\n\n")
    chat.wait("* no name was given").type("rename the file please\n")
    chat.wait("* `rename NEW` takes one word").type("msg\n").wait("to say the line as it stands")
    chat.type("msg me when you are there\n").wait("/say msg me when you are there")
    chat.type("exit now\nclose\n").leave()
    same(chat.output().count("`msg NAME TEXT` is /msg NAME TEXT; both work"), 1, "told")
    same(chat.output().count("`rename` is /nick NEW; both work"), 1, "told")
    same(alice.texts(room="#lobby"), ["exit now"], "ordinary text")
    pipe(scene, alice).type("exit\nnot said\n").leave()
    same(alice.texts(room="#lobby"), ["exit now"], "after exit")


@case("to_peer: needs one partner, and says so when there are none or several")
def _(scene):
    alice = scene.node("alice")
    chat = pipe(scene, alice).type("to_peer:hello\n").wait("* nobody is here for `to_peer:`")
    for name in ("bob", "carol"):
        scene.linked(scene.node(name, alice), alice)
    chat.sees("bob", "carol").type("to_peer:hello\n").wait("several are here")
    chat.type("/msg carol\n").wait("goes to carol alone").type("to_peer:hello\n").end().leave()
    same([(m["text"], m["to"]) for m in alice.history()], [("hello", "carol")], "said")


@case("the menu: every entry, in a pipe and on a terminal; a wrong number explains")
def _(scene):
    alice, bob = scene.node("alice"), scene.node("bob")
    ip, port = bob.address.split(":")
    chat = pipe(scene, alice, "--menu")
    chat.wait("1. Send Message\n2. Broadcast Message\n3. Query Active Peers\n"
              "4. Connect to a Peer\n5. Disconnect from a Peer\n6. Quit\nEnter your choice:\n")
    assert "\n7" not in chat.output()
    chat.type("7\n").wait("type a number from 1 to 6").type("x\n3\n").wait("* no peers yet")
    chat.type(f"4\n{ip}\n99999\n").wait("Enter peer IP:\nEnter peer port:\n* a port is a number")
    chat.type(f"{port}\n").wait("* connected to bob\n").sees("bob")
    chat.type(f"1\n{ip}\n{port}\nto you: alone\n2\nto all\n3\n")
    chat.wait("Enter message:\n", f"*   bob  online  {bob.address}\n")
    wait_until("all said",
               lambda: said(bob) == [("to all", False), ("to you: alone", True)])
    chat.type(f"5\n{ip}\n{port}\n").wait("* disconnected from bob\n").wait("* bob left")
    # Whoever is not connected yet is connected to first.
    chat.type(f"1\n{ip}\n{port}\nagain\n")
    wait_until("again", lambda: bob.texts()[-1:] == ["again"])
    chat.type("6\n").leave()
    term = Terminal(scene, "chat", "--menu", "--home", alice.home)
    term.wait_last("Enter your choice:").type("1\r").wait_last("Enter peer IP:")
    term.type("\x03").wait_last("Enter your choice:").type("2\r").wait_last("Enter message:")
    term.type("half").wait_last("Enter message: half")
    bob.say("#lobby", "meanwhile")
    term.wait("bob: meanwhile").wait_last("Enter message: half").type(" a line\r")
    wait_until("said", lambda: "half a line" in bob.texts())
    term.wait_last("Enter your choice:").type("6\r").leave()


@case("NAME and PORT: a home of that name, listening there; what is no name or port is refused")
def _(scene):
    env = {"KITH_HOME": "", "XDG_DATA_HOME": scene.path, "HOME": scene.path}
    port = str(free_port())
    Pipe(scene, "chat", "Anna Maria", port, "--no-lan", "--http", "no", env=env).wait(
        "* ready: you are Anna Maria", f":{port}\n").type("/quit\n").leave()
    assert os.path.exists(scene.path + "/kith-Anna%20Maria/identity"), os.listdir(scene.path)
    # A name that means something to a file system means nothing in the home's name.
    run_kith("chat", "..", *ALONE, "--http", "no", env=env).expect(0)
    for args, code, part in (
            (("a/b",), USAGE, "cannot be a name"),
            (("x" * 33,), USAGE, "cannot be a name"), (("",), USAGE, "cannot be a name"),
            (("anna", "x"), USAGE, "is no port"),
            (("anna", "0"), USAGE, "is no port"), (("anna", "65536"), USAGE, "is no port"),
            (("anna", "1", "2"), USAGE, "too many arguments"),
            (("--listen", "::::"), USAGE, "--listen"), (("--meun",), USAGE, "--menu"),
            (("--home", "/dev/null/x"), FAILED, "home")):
        run_kith("chat", *args, env=env).expect(code, part)
    same(sorted(name for name in os.listdir(scene.path) if name.startswith("kith")),
         ["kith-%2E%2E", "kith-Anna%20Maria"], "homes made")


@case("a new home asks a person for a name, once; a plain kith on a terminal is the chat")
def _(scene):
    env = {"KITH_HOME": scene.path + "/new", "LOGNAME": "login", "KITH_HTTP": "no",
           "KITH_LISTEN": "127.0.0.1:0"}
    chat = Terminal(scene, env=env).wait("your name, as others will see it [login]: ")
    chat.type("no/name\r").wait("that cannot be a name: ").type("  Zoë   X \r")
    chat.wait("* ready: you are Zoë X ").wait_last("#lobby>").type("\x04").leave()
    chat = Terminal(scene, "chat", env=env).wait_last("#lobby>").type("/quit\r").leave()
    assert "your name" not in chat.output() and "you are Zoë X" in chat.output()
    env["KITH_HOME"] += "er"
    chat = Terminal(scene, "chat", env=env).wait("[login]: ").type("\r")
    chat.wait("* ready: you are login").wait_last("#lobby>").type("\x04").leave()
    run_kith(env=env).expect(USAGE, "usage: kith COMMAND")


@case("a running node keeps what it was started with, and says so; --json is objects")
def _(scene):
    alice, bob = scene.pair()
    chat = pipe(scene, alice, "--listen", "127.0.0.1:1").wait("so --listen changes nothing")
    chat.end().leave()
    chat = Pipe(scene, "chat", "--json", "--home", alice.home).wait("here: bob")
    bob.say("#lobby", "line\nand line \x1b[2J")
    chat.wait("and line").type("/quit\n").leave()
    objects = [json.loads(line) for line in chat.lines()]
    same([o["text"] for o in objects if "text" in o], ["line\nand line \x1b[2J"], "texts")
    assert objects[0]["notice"].startswith("ready: you are alice"), objects[0]
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", chat.output())


if __name__ == "__main__":
    main()
