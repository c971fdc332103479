# SPDX-License-Identifier: MIT
"""kith chat: lines on a terminal and through pipes, with a node of its own or a running one."""

import re

from chatlib import HUP, INT, TERM, Pipe, Terminal, signal_all
from kithlib import case, main, same, wait_until

ALONE = ("--listen", "127.0.0.1:0", "--no-lan")


def texts(lines):
    """What was said, without time and notices."""
    return [line[9:] for line in lines if re.match(r"\d\d:\d\d:\d\d ", line)]


def gone(scene, node):
    """A node sees nobody any more."""
    wait_until("all have left", lambda: not node.online())


@case("two chats, each with a node of its own, talk; leaving tells the other at once")
def _(scene):
    alice = Terminal(scene, "chat", "--home", scene.path + "/a", "--name", "alice", *ALONE)
    alice.wait("ready: you are alice", "listening on 127.0.0.1:").wait_last("#lobby>")
    address = re.search(r"listening on (127.0.0.1:\d+)", alice.output())[1]
    bob = Terminal(scene, "chat", "--home", scene.path + "/b", "--name", "bob", "--peer", address,
                   *ALONE)
    bob.sees("alice")
    alice.sees("bob").type("hello bob\r")
    bob.wait(" alice: hello bob\r\n").type("hi alice\r")
    alice.wait(" bob: hi alice\r\n").type("/quit\r")
    bob.wait("* alice left").wait_last("#lobby>")
    alice.leave()
    bob.type("\x04").leave()


@case("what is half typed stays as it is while messages arrive above it")
def _(scene):
    node = scene.node("alice")
    other = scene.node("bob", node)
    scene.linked(node, other)
    chat = Terminal(scene, "chat", "--home", node.home).wait_last("#lobby>")
    chat.type("half a líne\x1b[D\x1b[D").wait_last("#lobby> half a líne")
    for i in range(5):
        other.say("#lobby", f"message {i}")
    chat.wait("bob: message 4").wait_last("#lobby> half a líne")
    shown = texts(chat.shown())
    same(shown, [f"bob: message {i}" for i in range(5)], "above it")
    chat.type("X").wait_last("#lobby> half a líXne").type("\r").wait_last("#lobby>")
    wait_until("said", lambda: "half a líXne" in other.texts())
    chat.type("/quit\r").leave()
    assert node.is_running(), "the node was not the chat's"


@case("a pipe: no prompt, a line in is said, a line said comes out at once, the end is clean")
def _(scene):
    alice, bob = scene.pair()
    chat = Pipe(scene, "chat", "--home", alice.home).wait("ready: you are alice", "* here: bob\n")
    bob.say("#lobby", "first")
    chat.wait(" bob: first\n").type("one\n\n  two  \nlast without an end")
    chat.end().leave()
    same(alice.texts(), ["first", "one", "  two", "last without an end"], "stored")
    assert ">" not in chat.output(), chat.output()
    same(texts(chat.lines()), ["bob: first"], "messages")


@case("^C clears the line, and ends it on an empty one; ^D, SIGTERM and SIGHUP end it: exit 0")
def _(scene):
    node = scene.node("alice")
    chat = Terminal(scene, "chat", "--home", node.home).wait_last("#lobby>")
    chat.type("not to be said").wait_last("#lobby> not to be said").type("\x03")
    chat.wait("^C").wait_last("#lobby>").type("said\r")
    wait_until("said", lambda: node.texts() == ["said"])
    chat.type("\x03").leave()
    Terminal(scene, "chat", "--home", node.home).wait_last("#lobby>").type("\x04").leave()
    for number in (TERM, HUP, INT):
        signal_all(Terminal(scene, "chat", "--home", node.home).wait_last("#lobby>"),
                   number).leave()
        signal_all(Pipe(scene, "chat", "--home", node.home).wait("ready: "), number).leave()
    same(node.texts(), ["said"], "said")


@case("however a chat ends, the node it started ends with it and its peers are told")
def _(scene):
    node = scene.node("watcher")
    ways = {
        "quit": lambda chat: chat.type("\x15/quit\r"),  # ^U first
        "closed": lambda chat: chat.hang_up(),
        "term": lambda chat: signal_all(chat, TERM),
        "kill": lambda chat: chat.process.kill(),
    }
    for name, end in ways.items():
        chat = Terminal(scene, "chat", "--home", f"{scene.path}/{name}", "--name", name, "--peer",
                        node.address, *ALONE).sees("watcher").wait_last("#lobby>")
        wait_until("linked", lambda: len(node.online()) == 1)
        chat.type("half a line").wait_last("#lobby> half a line")
        end(chat)
        gone(scene, node)
    same(node.texts(), [], "a half-typed line is said by nobody")


if __name__ == "__main__":
    main()
