# SPDX-License-Identifier: MIT
"""Texts of every size that is anybody's limit, unchanged from end to end."""

from kithlib import DONE, FAILED, USAGE, case, main, same, wait_until

SIZES = (1, 1023, 1024, 1025, 2048, 5000, 65536)
CHARACTERS = ("é", "€", "🜂")  # of 2, 3 and 4 bytes
LOBBY = "#lobby"


def text_of(size, shift, character="🜂"):
    """`size` bytes whose long characters begin at `shift`, so that over the shifts one of
    them lies across every boundary."""
    head = "abc"[:shift] if size > shift else ""
    fill = (size - len(head)) // len(character.encode())
    text = head + character * fill
    text += "z" * (size - len(text.encode()))
    assert len(text.encode()) == size
    return text


def send(node, target, text, *flags):
    return node.kith("send", *flags, target, stdin=text if isinstance(text, bytes)
                     else text.encode())


@case("texts of 1 to 65,536 bytes arrive as they were, whatever lies across a boundary")
def _(scene):
    alice, bob = scene.pair()
    sent = []
    for size in SIZES:
        for character in CHARACTERS:
            for shift in range(len(character.encode())):
                sent.append(text_of(size, shift, character))
    for i, text in enumerate(sent):
        alice.say("bob" if i % 2 else LOBBY, text)
    wait_until("all have arrived", lambda: len(bob.history()) == len(sent))
    for node in (alice, bob):
        got = node.messages()  # kith tail --json
        for is_direct in (False, True):  # the order between rooms is not part of the claim
            texts = [m["text"] for m in got if m["direct"] == is_direct]
            assert texts == sent[is_direct::2], [len(text.encode()) for text in texts]


@case("the same by the command, from arguments and from a pipe")
def _(scene):
    alice, bob = scene.pair()
    sent = []
    for i, size in enumerate(SIZES):
        text = text_of(size, i % 4)
        sent.append(text)
        if i % 2 or size > 60000:
            send(alice, "bob", text).expect(DONE)
        else:
            alice.kith("send", "bob", text).expect(DONE)
    wait_until("all have arrived", lambda: len(bob.history()) == len(sent))
    same(bob.texts(), sent)


@case("one byte more is refused, and the limit named")
def _(scene):
    alice, bob = scene.pair()
    for shift in range(4):
        for size in (65537, 65538, 200000):
            send(alice, "bob", text_of(size, shift)).expect(FAILED, "65536")
    status, answer = alice.request("POST", "/messages", {"to": LOBBY, "text": "x" * 65537})
    same(status, 413)
    assert "65536" in str(answer) or "65537" in str(answer), answer
    run = b'{"to": "#lobby", "text": "%s"}\n{"to": "#lobby", "text": "ok"}\n' % (b"y" * 65537)
    status, answer = alice.request("POST", "/messages/batch", run)
    same((status, answer["stored"], answer["refused_count"]), (200, 1, 1), str(answer))
    assert "65536" in answer["refused"][0]["detail"], answer
    same(alice.texts(), ["ok"])


@case("text that is no UTF-8, holds a zero or is empty is refused")
def _(scene):
    alice = scene.node("alice")
    for bad in (b"\xff", b"caf\xe9", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"):
        send(alice, LOBBY, bad).expect(FAILED, "UTF-8")
        alice.kith("send", LOBBY, bad).expect(FAILED, "UTF-8")
        body = b'{"to": "#lobby", "text": "' + bad + b'"}'
        status, _ = alice.request("POST", "/messages", body)
        assert status in (400, 415), (status, bad)
    assert send(alice, LOBBY, b"a\0b").code == FAILED
    send(alice, LOBBY, b"").expect(USAGE, "no text")
    send(alice, LOBBY, b"\n").expect(USAGE, "no text")
    alice.kith("send", LOBBY, "").expect(USAGE, "no text")
    same(alice.request("POST", "/messages", {"to": LOBBY, "text": ""})[0], 400)
    same(alice.texts(), [])


@case("text from a pipe loses one trailing line feed and nothing else")
def _(scene):
    alice, bob = scene.pair()
    given = ["plain\n", "two\n\n", "none", " spaces \n", "\r\n", "\ttab\n", "a\nb\n\nc\n",
             "\n\n", "x" * 65536 + "\n"]
    for text in given:
        send(alice, "bob", text).expect(DONE)
    wanted = [text[:-1] if text.endswith("\n") else text for text in given]
    wait_until("all have arrived", lambda: len(bob.history()) == len(wanted))
    same(bob.texts(), wanted)


if __name__ == "__main__":
    main()
