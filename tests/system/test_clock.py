# SPDX-License-Identifier: MIT
"""Clocks that jump under a running node: by hours, by days, over a night of suspend, and
machines that have just been started or run for years. What is said still comes, in order."""

import os
import struct
import subprocess
import time

from discoverylib import LOBBY, Stream, cpu_s, note
from kithlib import DONE, Skip, case, main, same, wait_until
from netns import become_root
from talklib import Talk

HOUR_S, DAY_S, YEAR_S = 3600, 86400, 365 * 86400
SETTLED_S = 60  # a jump is made up for within a few rounds of pings


class Clock:
    """Of one node: what it takes for the time, by so much more than it is."""

    def __init__(self, scene, name):
        self.path = os.path.join(scene.path, name + ".clock")
        self.set()
        self.env = {"LD_PRELOAD": os.environ["KITH_CLOCK_SHIFT"], "KITH_TEST_CLOCK": self.path}
        # The sanitizer wants to be first, and does without.
        self.env["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"

    def set(self, wall_s=0, boot_s=0):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as file:
            file.write(struct.pack("=qq", wall_s, boot_s))


def clocked_pair(scene):
    clock = Clock(scene, "alice")
    alice = scene.make("alice", env=clock.env).start()
    bob = scene.node("bob", alice)
    scene.linked(alice, bob)
    return alice, bob, clock


def said_time(node):
    """Of the last thing in the history, as the node dates it."""
    return node.history()[-1]["time"]


def goes_on(talk):
    """What is said from now on is heard on both sides."""
    since = time.monotonic()
    wait_until("what is said now is heard", lambda: talk.is_caught_up(since), SETTLED_S)
    return time.monotonic() - since


@case("a wall clock that jumps by hours, back and forth, holds up nothing")
def _(scene):
    alice, bob, clock = clocked_pair(scene)
    talk = Talk(scene, alice, bob)
    goes_on(talk)
    begin, begin_cpu = time.monotonic(), cpu_s(alice)
    for hours in (1, -1, 11, -11, 20, -3, 0):  # less than a day between any two
        clock.set(wall_s=hours * HOUR_S)
        goes_on(talk)
    busy = (cpu_s(alice) - begin_cpu) / (time.monotonic() - begin)
    note(f"{busy:.0%} of a CPU meanwhile")
    assert busy < 0.95, "timers storm"
    talk.ends()


@case("a clock that is weeks behind hears the others once it is set, and all that they said")
def _(scene):
    alice, bob, clock = clocked_pair(scene)
    clock.set(wall_s=-40 * DAY_S)
    talk = Talk(scene, alice, bob)
    wait_until("alice is told that bob is ahead", lambda: alice.logs("ahead", bob.id[:12]))
    wait_until("bob hears alice", lambda: talk.streams[bob].heard("alice 5"))
    assert not talk.streams[alice].heard("bob 0")
    clock.set()
    note(f"heard {goes_on(talk):.1f} s after it was set")
    talk.ends()


@case("what is said by a clock that is weeks ahead waits; what is said once it is set does not")
def _(scene):
    alice, bob, clock = clocked_pair(scene)
    clock.set(wall_s=40 * DAY_S)
    alice.kith("rename", "alice-of-the-future").expect(DONE)
    alice.say(LOBBY, "far ahead")
    wait_until("bob is told that alice is ahead", lambda: bob.logs("ahead", alice.id[:12]))
    clock.set()
    alice.say(LOBBY, "in time")
    alice.kith("send", "bob", "and to you").expect(DONE)
    wait_until("bob hears alice", lambda: {"in time", "and to you"} <= set(bob.texts()))
    assert "far ahead" not in bob.texts()
    alice.kill()
    alice.start()
    scene.linked(alice, bob)
    alice.kith("send", "--wait", "delivered", "bob", "again").expect(DONE)
    clock.set(wall_s=40 * DAY_S)
    same(alice.texts(), ["in time", "and to you", "again", "far ahead"])


@case("what was said before and after a clock went back is all found by --since")
def _(scene):
    clock = Clock(scene, "alice")
    alice = scene.make("alice", env=clock.env).start()
    said = []
    for hours, name, count in ((0, "before", 4), (-2, "slow", 3), (0, "after", 4)):
        clock.set(wall_s=hours * HOUR_S)
        for number in range(count):
            alice.say(LOBBY, f"apple {name} {number}")
            said += [f"apple {name} {number}"] if hours == 0 else []
    result = alice.kith("search", "--json", "apple", "--since", "1h").expect(DONE)
    same([message["text"] for message in result.lines()], said[::-1])
    stream = Stream(scene, alice, "?since=1h")
    wait_until("all came", lambda: stream.texts() == said)


@case("a night of suspend, or three weeks of it, and all goes on")
def _(scene):
    alice, bob, clock = clocked_pair(scene)
    talk = Talk(scene, alice, bob)
    for days in (1 / 3, 21):
        slept_s = int(days * DAY_S)
        alice.pause()
        clock.set(boot_s=slept_s)  # the wall clock is that of the others
        alice.go_on()
        note(f"heard {goes_on(talk):.1f} s after {days:.1f} days")
    talk.ends()


@case("a name taken once the clock is right stays, though an earlier one is dated later")
def _(scene):
    clock = Clock(scene, "alice")
    clock.set(wall_s=4 * YEAR_S)
    alice = scene.make("alice", env=clock.env).start(name=False)
    alice.kith("rename", "of", "the", "future").expect(DONE)
    clock.set()
    alice.kith("rename", "of", "now").expect(DONE)
    alice.kill()
    alice.start(name=False)
    same(alice.request("GET", "/self")[1]["name"], "of now")


def time_namespace(scene, shift_s):
    """What runs a command where the machine was started `shift_s` seconds earlier."""
    shift = str(int(shift_s))
    holder = subprocess.Popen(
        ["unshare", "--time", "--boottime", shift, "--monotonic", shift, "--fork", "--kill-child",
         "sh", "-c", "echo $$ && exec cat"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    scene.at_end(lambda: (holder.communicate(), holder.wait()))
    pid = holder.stdout.readline().decode().strip()
    if not pid:
        raise Skip(f"no time namespace: {holder.stderr.read().decode(errors='replace').strip()}")
    return ("nsenter", f"--time=/proc/{pid}/ns/time", "--")


@case("a machine that was started a second ago talks to one that has run for ten years")
def _(scene):
    with open("/proc/uptime", encoding="ascii") as file:
        uptime_s = float(file.read().split()[0])
    alice = scene.make("alice", prefix=time_namespace(scene, 1 - int(uptime_s))).start()
    bob = scene.make("bob", "--peer", alice.address,
                     prefix=time_namespace(scene, 10 * YEAR_S)).start()
    scene.linked(alice, bob)
    talk = Talk(scene, alice, bob, count=50)
    wait_until("all is said and heard", talk.is_done)
    alice.kill()
    alice.start()
    scene.linked(alice, bob)
    alice.kith("send", "--wait", "delivered", "bob", "again").expect(DONE)
    talk.ends()


if __name__ == "__main__":
    become_root()
    main()
