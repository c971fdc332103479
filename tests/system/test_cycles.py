# SPDX-License-Identifier: MIT
"""Thousands that connect and die: descriptors, threads and memory stay what they were.

Who has greeted and said nothing is listed for a while, with the time it was last seen, until
enough others did the same."""

import os
import subprocess

from badpeerlib import hello
from discoverylib import note
from kithlib import case, is_soak, main, same, wait_until

ROUNDS = 5
ROUND = 4000 if is_soak else 400
CYCLES = ROUNDS * ROUND
CYCLE_BYTES_MAX = 400   # a link that stays behind is about 700
KNOWN = 1024            # who greeted, said nothing and left: KITH_ACQUAINTANCES_MAX
RUN_S_MAX = 1200

HALF_IN_HANDSHAKE = ("live", "hello", "live", "connected", "live", "up", "live", "proven")
STRANGERS = HALF_IN_HANDSHAKE[1::2]

# What is freed is to be used again and not kept aside, so that memory tells of leaks.
REUSE = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
         ":quarantine_size_mb=0:thread_local_quarantine_size_kb=0"}


class Size:
    """What a process holds."""

    def __init__(self, node):
        with open(f"/proc/{node.process.pid}/status", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        self.memory_kb = int(fields["RssAnon"].split()[0])
        self.threads = int(fields["Threads"])
        self.descriptors = len(os.listdir(f"/proc/{node.process.pid}/fd"))

    def __str__(self):
        return f"{self.descriptors} descriptors, {self.threads} threads, {self.memory_kb} KiB"


def come_and_die(node, count, *stages, first=0, step=0):
    """So many, one after another, each dying at the next of `stages`. One identity, or as
    many as there are comings with a `step` of 1."""
    frame = hello(b"guest", instance=b"guest's instance").hex()
    done = subprocess.run([os.environ["KITH_COMER"], node.address, str(count), str(first),
                           str(step), frame, *stages],
                          capture_output=True, timeout=RUN_S_MAX, check=False)
    same((done.stdout, done.stderr), (f"done {count}\n".encode(), b""), "what came of them")


def warm(scene):
    """A node that has done all that it does from time to time."""
    node = scene.node("hub", env=REUSE)
    # More than one checkpoint of the database; the first one starts the threads.
    for _ in range(8):
        lines = ['{"to": "#lobby", "text": "%s"}' % ("x" * 60000) for _ in range(32)]
        status, answer = node.request("POST", "/messages/batch", "\n".join(lines).encode())
        same((status, answer["stored"]), (200, len(lines)))
    come_and_die(node, ROUND, *HALF_IN_HANDSHAKE)
    return node


def leaves_little(node, bytes_max, cycle):
    """`cycle(first)` is called for each round. The last but one in growth counts: what is
    left behind grows with each, while tables and caches grow, or once shrink, by steps."""
    sizes = [settled(node)]
    for number in range(ROUNDS):
        cycle(1 + number * ROUND)
        sizes.append(settled(node))
    before, after = sizes[0], sizes[-1]
    wait_until(f"as few descriptors as before, {before.descriptors}",
               lambda: Size(node).descriptors <= before.descriptors)
    grown = [later.memory_kb - size.memory_kb for size, later in zip(sizes, sizes[1:])]
    each = sorted(grown)[1] * 1024 / ROUND
    note(f"{before}; after {CYCLES}: {after}; KiB in rounds {grown}, {each:.0f} bytes each")
    assert after.threads <= before.threads, f"{before}, then {after}"
    assert each <= bytes_max, f"{each} bytes each"


def settled(node):
    wait_until("nobody is online", lambda: not node.online())
    return Size(node)


@case(f"{CYCLES} connections of one peer, half of them killed in the handshake, leave nothing")
def _(scene):
    node = warm(scene)
    leaves_little(node, CYCLE_BYTES_MAX, lambda _: come_and_die(node, ROUND, *HALF_IN_HANDSHAKE))
    same(len(node.peers()), 1, "peers known")


@case(f"{CYCLES} strangers that are killed before they greeted leave nothing")
def _(scene):
    node = warm(scene)
    leaves_little(node, CYCLE_BYTES_MAX,
                  lambda first: come_and_die(node, ROUND, *STRANGERS, first=first, step=1))
    same(len(node.peers()), 1, "peers known")


@case(f"of {CYCLES} that greeted the {KNOWN} that left last are known, and nothing else is left")
def _(scene):
    node = warm(scene)
    come_and_die(node, KNOWN, "live", first=CYCLES + 1, step=1)
    leaves_little(node, CYCLE_BYTES_MAX,
                  lambda first: come_and_die(node, ROUND, "live", first=first, step=1))
    same(len(node.peers()), KNOWN, "peers known")


if __name__ == "__main__":
    main()
