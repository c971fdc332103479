# SPDX-License-Identifier: MIT
"""kith chat: lines on a terminal and through pipes, with a node of its own or a running one."""

import re
import signal

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
    alice.wait("ready: you are alice", "listening on 127.0.0.1:", "* /help tells what can be")
    alice.wait_last("#lobby>")
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
    assert ">" not in chat.output() and "/help" not in chat.output(), chat.output()
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


@case("a paste of 64 KiB arrives whole: one line, many lines, bracketed, on a dumb terminal")
def _(scene):
    node = scene.node("alice")
    long = ("0123456789 äöü 漢字 " * 4000).encode()[:65536].decode(errors="ignore")
    chat = Terminal(scene, "chat", "--home", node.home).wait_last("#lobby>")
    chat.type(long + "\r")
    wait_until("one line", lambda: len(node.texts()) == 1)
    same(node.texts()[0], long.rstrip(), "one line")
    many = [f"line {i} " + "x" * 50 for i in range(1000)]
    chat.type("".join(line + "\r" for line in many))
    wait_until("many lines", lambda: len(node.texts()) == 1001)
    same(node.texts()[1:], many, "many lines")
    # With brackets around it a paste is one message, line feeds and all.
    block = "\n".join(many[:600])
    chat.type(f"\x1b[200~{block}\x1b[201~\r")
    wait_until("bracketed", lambda: len(node.texts()) == 1002)
    same(node.texts()[-1], block, "bracketed")
    chat.type("/quit\r").leave()
    dumb = Terminal(scene, "chat", "--home", node.home, env={"TERM": "dumb"}).wait("#lobby> ")
    dumb.type(long + "\r")
    wait_until("dumb", lambda: len(node.texts()) == 1003)
    same(node.texts()[-1], long.rstrip(), "dumb")
    dumb.type("\x04").leave()


@case("a dumb terminal gets no escapes, and keeps what is half typed all the same")
def _(scene):
    node = scene.node("alice")
    other = scene.node("bob", node)
    scene.linked(node, other)
    chat = Terminal(scene, "chat", "--home", node.home, env={"TERM": "dumb"}).wait_last("#lobby>")
    chat.type("half a line").wait_last("#lobby> half a line")
    other.say("#lobby", "meanwhile")
    chat.wait("bob: meanwhile").wait_last("#lobby> half a line").type(" and on\r")
    wait_until("said", lambda: "half a line and on" in other.texts())
    chat.type("/quit\r").leave()
    assert "\x1b" not in chat.output(), chat.output()


@case("a terminal of hardly any columns, dumb or not, is borne, from the start and later")
def _(scene):
    node = scene.node("alice")
    said = []
    for term in ("dumb", "xterm"):
        for columns in range(6):
            chat = Terminal(scene, "chat", "--home", node.home, env={"TERM": term}, columns=columns)
            chat.wait("* nobody else is here")
            for size in (columns, 80, columns):
                chat.resize(size, 24)
                said.append(f"{term} {columns} {size} narrow")
                chat.type(said[-1] + "\r")
                wait_until(f"said: {said[-1]}, after {chat.output()[-80:]!r}",
                           lambda: chat.process.poll() is not None or node.texts() == said)
                assert chat.process.poll() is None, (said[-1], chat.process.returncode)
            chat.type("/quit\r").leave()


@case("another size of the terminal: a line that wraps stays whole, and what comes is above it")
def _(scene):
    node = scene.node("alice")
    other = scene.node("bob", node)
    scene.linked(node, other)
    chat = Terminal(scene, "chat", "--home", node.home, columns=60, rows=20).wait_last("#lobby>")
    line = " ".join(f"word{i:02}" for i in range(15))
    chat.type(line)
    wait_until("wrapped", lambda: "".join(chat.shown()[-2:]).endswith("word14"))
    other.say("#lobby", "above it")
    wait_until("above", lambda: chat.shown()[-3].endswith("bob: above it"))
    shown = "#lobby> " + line
    same([row.rstrip() for row in chat.shown()[-2:]], [shown[:60].rstrip(), shown[60:]], "wrapped")
    chat.resize(200, 20)
    wait_until("one row", lambda: chat.last() == shown)
    other.say("#lobby", "once more")
    chat.wait("bob: once more").wait_last(shown).type(" end\r")
    wait_until("said", lambda: line + " end" in other.texts())
    chat.type("/quit\r").leave()


@case("what peers say and call themselves forges no line, and reaches no terminal as an order")
def _(scene):
    node = scene.node("alice")
    other = scene.node("* bob left", node)
    scene.linked(node, other)
    chats = (Terminal(scene, "chat", "--home", node.home).wait_last("#lobby>"),
             Pipe(scene, "chat", "--home", node.home).wait("ready: "))
    nasty = ["a\x1b[2J\x1b]0;x\x07b", "c\n12:00:00 alice: forged\n* bob left\n#lobby> x", "d\re\x08",
             "bidi \u202e\u2066 \u2028* bob left", "c1 \u009b2J",
             "pad" + " " * (80 - len('12:00:00 "* bob left": pad')) + "12:00:00 alice: forged"]
    for text in nasty:
        other.say("#lobby", text)
    other.say("#lobby", "last")
    chats[0].wait(": last")
    chats[1].wait(": last")
    chats = (*chats, Terminal(scene, "chat", "--home", node.home).wait_last("#lobby>"))
    for line in chats[1].lines():
        assert re.match(r'\* |\d\d:\d\d:\d\d "\* bob left": | {9}', line), line
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202e\u2066\u2028]", line), repr(line)
    for chat in (chats[0], chats[2]):  # as they came, and as history
        shown = chat.shown()
        heads = [line for line in shown if re.match(r"\d\d:\d\d:\d\d ", line)]
        same(len(heads), len(nasty) + 1, f"messages in {shown}")
        assert "\x1b[2J" not in chat.output() and "\x1b]0" not in chat.output()
    for chat in chats:
        chat.type("/quit\n" if chat is chats[1] else "/quit\r").leave()


@case("a name forges no line within what the chat itself says: long notices are broken too")
def _(scene):
    alice, bob = scene.pair()
    chat = Terminal(scene, "chat", "--home", alice.home, columns=24).sees("bob")
    bob.kith("rename", "pad * carol left").expect(0)
    wait_until("told", lambda: " left" in chat.output() and chat.last() == "#lobby>")
    rows = chat.shown()
    same([row for row in rows if "carol left" in row], ["         * carol left"], rows)
    chat.type("/quit\r").leave()


@case("on a terminal tail and search break long lines as the chat does; in a pipe lines stay whole")
def _(scene):
    alice, bob = scene.pair()
    clock = r"\d\d:\d\d:\d\d bob: "
    heads = {"tail": clock, "search": r"#lobby \d{4}-\d\d-\d\d " + clock}
    follow = Terminal(scene, "tail", "--home", alice.home)
    nasty = [f"pad{blank * (80 - size - 3)}12:00:00 alice: forged"
             for size in (14, 32) for blank in (" ", "\u00ad")]
    for text in nasty:
        bob.say("#lobby", text, wait="delivered")
    bob.say("#lobby", "forged last", wait="delivered")
    follow.wait(": forged last\r\n").type("\x03").leave(-INT)
    shown = {"tail": Terminal(scene, "tail", "--home", alice.home, "--no-follow").leave(),
             "search": Terminal(scene, "search", "--home", alice.home, "forged").leave()}
    for name, terminal in (("tail", follow), *shown.items()):
        rows = [row for row in terminal.shown() if row not in ("", "^C")]
        same(sum(bool(re.match(heads[name], row)) for row in rows), 5, f"{name}: {rows}")
        same([row for row in rows if not re.match(heads[name] + "| {9}", row)], [], name)
    tail = alice.kith("tail", "--no-follow").expect(0).out.decode()
    same(texts(tail.splitlines()), [f"bob: {text}" for text in [*nasty, "forged last"]], "piped")


@case("what could not be delivered is said once, and marked when it was; the last lines are shown")
def _(scene):
    alice, bob = scene.pair()
    for i in range(30):
        bob.say("#lobby", f"before {i}")
    wait_until("all there", lambda: len(alice.texts()) == 30)
    chat = Pipe(scene, "chat", "--home", alice.home).wait("before 29")
    same(texts(chat.lines()), [f"bob: before {i}" for i in range(10, 30)], "the last 20")
    chat.type("/msg bob at once\n")
    wait_until("there", lambda: "at once" in bob.texts())
    wait_until("she knows", lambda: alice.history()[-1]["state"] == "delivered")
    is_late = "not delivered" in chat.output()  # a loaded machine
    bob.stop()
    chat.wait("* bob left").type("/msg bob are you there?\n")
    chat.wait("* not delivered to bob yet: it is kept, and will be")
    bob.start()
    chat.wait("* delivered to bob: are you there?").end().leave()
    assert is_late or "at once" not in chat.output(), "no word of what went well"


@case("what was delivered while the chat was without its node is known when that is back")
def _(scene):
    alice, bob = scene.pair()
    chat = Pipe(scene, "chat", "--home", alice.home).sees("bob")
    bob.stop()
    chat.wait("* bob left")
    for i, text in enumerate(("one", "two")):
        chat.type(f"/msg bob {text}\n")
        wait_until("told", lambda: chat.output().count("* not delivered to bob yet") == i + 1)
    chat.process.send_signal(signal.SIGSTOP)
    alice.stop()
    alice.start()
    bob.start()
    wait_until("she knows", lambda: {m["state"] for m in alice.history()} == {"delivered"})
    chat.process.send_signal(signal.SIGCONT)
    chat.wait("* the node is back").wait("* delivered to bob: 2 messages, the last of them: two")
    chat.end().leave()


@case("what was piped in before the end is stored, given a moment, and said to be pending if so")
def _(scene):
    env = {"KITH_HOME": scene.path + "/own"}
    lines = [f"line {i}" for i in range(200)]
    chat = Pipe(scene, "chat", "--name", "own", *ALONE, env=env)
    chat.type("".join(line + "\n" for line in lines)).end().leave()
    chat.wait("* 200 messages not delivered to anybody yet: kept, and delivered when")
    watcher = scene.node("watcher")
    chat = Pipe(scene, "chat", "--peer", watcher.address, *ALONE, env=env).sees("watcher")
    wait_until("all there", lambda: len(watcher.texts()) == 200)
    chat.type("and one\n").end().leave()
    if "not delivered" in chat.output():  # it took longer than the moment it was given
        Pipe(scene, "chat", "--peer", watcher.address, *ALONE, env=env).sees("watcher")
    wait_until("the last too", lambda: "and one" in watcher.texts())
    same(watcher.texts(), [*lines, "and one"], "in order")


@case("a node that goes away and comes back: the chat goes on, nothing is lost or shown twice")
def _(scene):
    alice, bob = scene.pair()
    chat = Terminal(scene, "chat", "--home", alice.home).wait_last("#lobby>").type("half")
    chat.wait_last("#lobby> half")
    alice.stop()
    chat.wait("* the node went away").wait_last("#lobby> half")
    bob.say("#lobby", "meanwhile")
    alice.start()
    chat.wait("* the node is back", "bob: meanwhile")
    bob.say("#lobby", "after")
    chat.wait("bob: after").wait_last("#lobby> half").type(" typed\r")
    wait_until("said", lambda: "half typed" in bob.texts())
    same(sorted(texts(chat.shown())), ["bob: after", "bob: meanwhile"], "each once")
    chat.type("/quit\r").leave()


if __name__ == "__main__":
    main()
