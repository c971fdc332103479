# SPDX-License-Identifier: MIT
"""SIGSTOP, in the midst of it: of a node under load, and of a program that follows one."""

import json
import os
import signal
import subprocess

from discoverylib import note
from kithlib import case, kith_path, main, same, wait_until
from talklib import Talk

OFFLINE_S = 60   # silence ends a link after ten seconds, on a machine that has time
BATCH, BATCHES = 500, 20


@case("a node that is stopped under load is missed, and goes on where it was")
def _(scene):
    alice, bob = scene.pair()
    talk = Talk(scene, alice, bob)
    for round_ in range(2):
        bob.pause()
        wait_until("bob is missed", lambda: alice.peer(bob)["state"] == "offline", OFFLINE_S)
        same(bob.process.poll(), None, "end of bob")
        bob.go_on()
        wait_until("they are linked again", lambda: bob.id in alice.online())
    note(f"the last was heard after {talk.ends():.1f} s")


@case("a node that looks up a name ends all the same, when it is told to")
def _(scene):
    env = {"LD_PRELOAD": os.environ["KITH_SLOW_NAMES"],
           # The sanitizer wants to be first, and does without.
           "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    alice = scene.make("alice", "--peer", "slow.example:4747", env=env).start()
    alice.process.send_signal(signal.SIGTERM)
    same(alice.process.wait(30), 0)  # no name is found for a minute
    alice.is_absent = True
    alice.process.stdout.close()


@case("a program that is stopped while it follows has all of it when it goes on, and nobody waits")
def _(scene):
    alice, bob = scene.pair()
    tail = subprocess.Popen([kith_path(), "tail", "--json", "--home", alice.home, "#lobby"],
                            stdout=subprocess.PIPE)
    scene.at_end(lambda: (tail.kill(), tail.wait(), tail.stdout.close()))
    alice.say("#lobby", "0")
    same(json.loads(tail.stdout.readline())["text"], "0")
    tail.send_signal(signal.SIGSTOP)
    wanted = [f"{number} {'x' * 200}" for number in range(BATCH * BATCHES)]
    for first in range(0, len(wanted), BATCH):
        lines = [json.dumps({"to": "#lobby", "text": text}) for text in wanted[first:first + BATCH]]
        same(bob.request("POST", "/messages/batch", "\n".join(lines).encode())[0], 200)
    wait_until("alice has all", lambda: alice.history()[-1]["text"] == wanted[-1])
    tail.send_signal(signal.SIGCONT)
    same([json.loads(tail.stdout.readline())["text"] for _ in wanted], wanted)


if __name__ == "__main__":
    main()
