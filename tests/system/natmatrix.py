# SPDX-License-Identifier: MIT
"""Each kind of place with each other: who is to be linked how, and how long that takes.

    with Lab(scene) as lab:
        row = run_pair(scene, lab, "full cone", "symmetric")

prints what came of it as a row of the table whose head `head()` is."""

import json
import itertools
import os
import subprocess
import time

from kithlib import DONE, Node, kith_path, wait_until
from natrules import ADDRESS_AND_PORT, KINDS

DIRECT, RELAYED = "direct", "relayed"
TRACKER_PORT = 55555
# What is promised is printed: 3 s to a relay, little to a direct path. What is asserted holds
# on a machine many times slower.
LINKED_S = 60

_WIDTHS = (20, 20, 10, 9)


def pairs(names=None):
    """Each two kinds, and each kind with itself."""
    return list(itertools.combinations_with_replacement(names or KINDS, 2))


def expected(one, other):
    """What two kinds come to by TCP. Both know where the other was seen; who draws a port for
    each connection (symmetric) will come from another one, and only who lets in more than
    that one endpoint lets it in."""
    one, other = KINDS[one], KINDS[other]
    if not one.families & other.families:
        return RELAYED
    unforeseen = [kind.mapping == ADDRESS_AND_PORT for kind in (one, other)]
    if all(unforeseen):
        return RELAYED
    if not any(unforeseen):
        return DIRECT
    foreseen = other if unforeseen[0] else one
    return RELAYED if foreseen.filtering == ADDRESS_AND_PORT else DIRECT


def path_class(path):
    """DIRECT or RELAYED, from the `path` of a peer as a node has it; None if not linked."""
    if path is None:
        return None
    return RELAYED if path.startswith("relay") else DIRECT


def row(one, other, path, seconds):
    cells = (one, other, path or "none", f"{seconds:.1f} s")
    return "  ".join(f"{cell:{width}}" for cell, width in zip(cells, _WIDTHS)).rstrip()


def head():
    cells = ("A", "B", "path", "after")
    return "  ".join(f"{cell:{width}}" for cell, width in zip(cells, _WIDTHS)).rstrip()


class Tracker(Node):
    """A kith tracker on a machine, by default the one that the lab has for it. Keeps its id
    over restarts."""

    def __init__(self, scene, lab, *flags, machine=None):
        self.machine = machine or lab.tracker
        super().__init__(scene, "tracker", "",
                         os.path.join(scene.path, f"tracker{len(scene.nodes)}"),
                         list(flags), {}, self.machine.prefix)
        scene.nodes.append(self)

    def start(self, *flags):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, kith_path(), "tracker", "--json", "--home", self.home,
                 "--listen", f":{TRACKER_PORT}", *self.flags, *flags],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                env={**os.environ, **self.env})
        self.ready = json.loads(self.read_line())
        self.is_absent = False
        return self

    def where(self, site):
        """As a node at this site is told of it: by IPv4 if it has that."""
        host = self.machine.ipv4 if 4 in site.families else f"[{self.machine.ipv6}]"
        return f"{host}:{TRACKER_PORT}/{self.id}"


def path_between(node, other):
    """How they are linked, as `kith peers` has it; None while they are not."""
    for peer in node.kith("peers", "--json").expect(DONE).lines():
        if peer["id"] == other.id and peer["state"] == "online":
            return peer["path"]
    return None


def paths(one, other):
    """Of both ends, as the API has it."""
    return [peer and peer["path"] for peer in (one.peer(other), other.peer(one))]


def linked(one, other, wanted, within_s=LINKED_S):
    """Wait until both have them linked as wanted: a class of paths, or one by its name. The
    seconds that took."""
    begin = time.monotonic()
    wait_until(f"{one.name} and {other.name} linked, {wanted}", lambda: all(
        wanted in (path, path_class(path)) for path in paths(one, other)), within_s)
    return time.monotonic() - begin


def start(scene, sites, *flags, **options):
    """A node at each of two sites."""
    return [site.host.node(scene, f"{name} at {site.name}", *flags, **options).start()
            for name, site in zip(("alice", "bob"), sites)]


def link(scene, tracker, one, other):
    """Start a node at each of two sites, and wait until they are linked as they are to be.
    The nodes, the path, and the seconds from their start to that."""
    wanted = expected(one.name, other.name)
    begin = time.monotonic()
    nodes = [site.host.node(scene, f"{name} at {site.name}", "--tracker",
                            tracker.where(site)).start()
             for name, site in (("alice", one), ("bob", other))]

    def is_wanted():
        found = [path_between(*nodes), path_between(*reversed(nodes))]
        return found[0] if all(path_class(path) == wanted for path in found) else None
    path = wait_until(f"{one.name} and {other.name} linked, {wanted}", is_wanted, LINKED_S)
    return nodes, path, time.monotonic() - begin


def run_pair(scene, lab, one, other):
    """A tracker, and a node at a new site of each kind: print how they are linked, after how
    long. The tracker, the sites and the nodes, for what else is to come."""
    tracker = Tracker(scene, lab).start()
    sites = lab.sites(one, other)
    nodes, path, seconds = link(scene, tracker, *sites)
    print("# " + row(one, other, path, seconds), flush=True)
    return tracker, sites, nodes
