#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""QR codes as they are drawn, read by a reader that knows nothing of the writer (zbar)."""

import json
import os
import subprocess

from chatlib import Terminal
from kithlib import DONE, FAILED, case, main, run_kith, same
from trackerlib import Tracker

QUIET = 4
BLOCKS = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
UTF8 = {"LC_ALL": "C.UTF-8", "TERM": "xterm"}
ON, OFF = "\x1b[30;47m", "\x1b[0m"


def modules_of_blocks(lines):
    return [[BLOCKS[c][half] for c in line] for line in lines for half in (0, 1)]


def modules_of_pairs(lines):
    pairs = [[line[i:i + 2] for i in range(0, len(line), 2)] for line in lines]
    return [[("  ", "##").index(pair) for pair in row] for row in pairs]


def read(scene, modules):
    """What the code says. Dark is 1, and the quiet zone is there."""
    width = len(modules[0])
    columns = [list(column) for column in zip(*modules)]
    for line in (*modules[:QUIET], *modules[width - QUIET:], *columns[:QUIET], *columns[-QUIET:]):
        assert not any(line), line
    path = os.path.join(scene.path, "code.pbm")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"P1\n{4 * width} {4 * len(modules)}\n")
        for row in modules:
            file.write(("".join(4 * str(module) for module in row) + "\n") * 4)
    return subprocess.run(["zbarimg", "--nodbus", "--quiet", "--raw", path], stdout=subprocess.PIPE,
                          check=True, timeout=60).stdout.decode().strip()


@case("an id is read off blocks, off ## where they cannot be, and off a terminal, in black on white")
def _(scene):
    alice = scene.node("alice")
    link = f"KITH:ADD/{alice.id.upper()}"

    def lines(*args, env=UTF8):
        return run_kith("id", "--qr", *args, "--home", alice.home, env=env).expect(
            DONE).out.decode().splitlines()

    *code, text = lines()
    same((text, read(scene, modules_of_blocks(code))), (link, link))
    for other in ({"LC_ALL": "C"}, {"TERM": "dumb"}, {"TERM": ""}):
        *code, text = lines(env={**UTF8, **other})
        same((text, read(scene, modules_of_pairs(code))), (link, link))
        same(len(code[0]), 74, "columns of at most 80")
    same(json.loads(lines("--json")[0])["link"], link)
    for env, modules in (({}, modules_of_blocks), ({"LC_ALL": "C"}, modules_of_pairs)):
        shown = Terminal(scene, "id", "--qr", "--home", alice.home, env=env)
        same(shown.process.wait(60), DONE)
        shown.wait(link)
        *code, _ = shown.output().replace("\r\n", "\n").splitlines()
        assert all(line.startswith(ON) and line.endswith(OFF) for line in code), code
        same(read(scene, modules([line[len(ON):-len(OFF)] for line in code])), link)
    dumb = Terminal(scene, "id", "--qr", "--home", alice.home, env={"TERM": "dumb"})
    dumb.wait(link)
    assert "\x1b" not in dumb.output(), dumb.output()


@case("a terminal that is too narrow is told of, and nothing is drawn")
def _(scene):
    alice = scene.node("alice")
    narrow = Terminal(scene, "id", "--qr", "--home", alice.home, columns=36)
    same(narrow.process.wait(60), FAILED)
    narrow.wait("the code takes 37 columns, and this terminal has 36")
    assert "▀" not in narrow.output(), narrow.output()


@case("what was read leads there: an id through a tracker, an invite by its address")
def _(scene):
    tracker = Tracker(scene).start()
    flags = ("--tracker", f"{tracker.address}/{tracker.id}", "--no-lan")
    alice, bob = scene.make("alice", *flags).start(), scene.make("bob", *flags).start()
    carol = scene.node("carol")
    for node, code, other in ((bob, "id", alice), (carol, "invite", alice)):
        *drawn, text = run_kith(code, "--qr", "--home", other.home,
                                env=UTF8).expect(DONE).out.decode().splitlines()
        link = read(scene, modules_of_blocks(drawn))
        same(link, text)
        node.kith("connect", link).expect(DONE)
        assert other.id in node.online()
    link = alice.kith("invite", "--json").expect(DONE).lines()[0]["link"]
    same(alice.kith("invite", "--qr", "--json").expect(DONE).lines()[0]["link"], link)


if __name__ == "__main__":
    main()
