# SPDX-License-Identifier: MIT
"""Nodes behind routers that let no ticket through in the clear: they are relayed inside TLS to
who relays, and talk as others do."""

from discoverylib import note
from kithlib import case, main, wait_until
from natlab import Lab
from natmatrix import RELAYED, Tracker, linked, start
from netns import become_root
from talklib import Talk

MESSAGES = 200


def relay_a_pair(scene, is_silent, *refusing):
    """Two at symmetric routers, of which those with these numbers refuse."""
    lab = Lab(scene)
    tracker = Tracker(scene, lab).start()
    sites = lab.sites("symmetric", "symmetric")
    for number in refusing:
        sites[number].refuse_tickets(is_silent)
    pair = start(scene, sites, "--tracker", tracker.where(sites[0]))
    note(f"relayed after {linked(*pair, RELAYED):.1f} s")
    for number in refusing:
        refused = sites[number].refused_tickets()
        assert refused > 0, "no ticket was shown in the clear"
    talk = Talk(scene, *pair, count=MESSAGES)
    wait_until("all is said", lambda: all(
        said == MESSAGES for said in talk.said.values()) or talk.failures)
    note(f"the last was heard after {talk.ends():.1f} s")
    return tracker, pair


@case("a pair whose tickets are swallowed is relayed in TLS, again too after the tracker died")
def _(scene):
    tracker, pair = relay_a_pair(scene, True, 0, 1)
    tracker.kill()
    for node, other in (pair, reversed(pair)):
        wait_until(f"{node.name} misses the other", lambda node=node, other=other:
                   node.peer(other)["path"] is None)
    tracker.start()
    note(f"relayed again after {linked(*pair, RELAYED):.1f} s")


@case("a pair whose tickets are answered with a reset is relayed in TLS")
def _(scene):
    relay_a_pair(scene, False, 0, 1)


@case("one whose tickets are swallowed is relayed to one whose are not")
def _(scene):
    relay_a_pair(scene, True, 1)


if __name__ == "__main__":
    become_root()
    main()
