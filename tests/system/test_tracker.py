#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The real `kith tracker`, and peers that register with it."""

from kithlib import case, main, same
from trackerlib import AWAY, Tracker


@case("two peers register, and are told of one another")
def two_peers(scene):
    tracker = Tracker(scene).start()
    alice = tracker.peer(b"alice")
    same(alice.welcome.count, 1, "here with Alice")
    bob = tracker.peer(b"bob")
    same(bob.welcome.count, 2, "here with Bob")
    alice.sees(bob, b"bob")
    bob.sees(alice, b"alice")
    bob.end()
    alice.sees(bob, state=AWAY)


main()
