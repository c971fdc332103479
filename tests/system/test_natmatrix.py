# SPDX-License-Identifier: MIT
"""What natmatrix.py expects of each pair of kinds is what plain sockets come to, and it runs
a pair as it says. No node takes part."""

import os
import subprocess
import sys

import natmatrix
from discoverylib import note
from kithlib import case, main, same
from natlab import Lab
from natprobe import Dialler, listener, meet
from natrules import KINDS
from netns import become_root


@case("of every two kinds, plain sockets meet just where the matrix expects a direct path")
def _(scene):
    lab = Lab(scene)
    sites = dict(zip(KINDS, zip(lab.sites(*KINDS), lab.sites(*KINDS))))
    registries = {family: (lab.tracker, listener(lab.tracker, 0, family)) for family in (4, 6)}
    attempts = []
    for one, other in natmatrix.pairs():
        for family in sorted(KINDS[one].families & KINDS[other].families):
            hosts = sites[one][0].host, sites[other][1].host
            attempts.append(((one, other), tuple(Dialler(host, registries[family], family)
                                                 for host in hosts)))
    met = {names for (names, _), is_met in
           zip(attempts, meet([sides for _, sides in attempts])) if is_met}
    wrong = [names for names in natmatrix.pairs()
             if (names in met) != (natmatrix.expected(*names) == natmatrix.DIRECT)]
    same(wrong, [], "pairs that do as was not expected")
    note(f"{len(natmatrix.pairs())} pairs, {len(met)} of them directly")


@case("the pure parts of the matrix")
def _(scene):
    pairs = natmatrix.pairs()
    same(len(pairs), len(KINDS) * (len(KINDS) + 1) // 2, "pairs")
    same(len({frozenset(pair) for pair in pairs}), len(pairs), "pairs that differ")
    same(natmatrix.pairs(["a", "b"]), [("a", "a"), ("a", "b"), ("b", "b")])
    for one, other, wanted in (("symmetric", "symmetric", natmatrix.RELAYED),
                               ("symmetric", "port restricted", natmatrix.RELAYED),
                               ("symmetric", "inbound blocked", natmatrix.RELAYED),
                               ("symmetric", "address restricted", natmatrix.DIRECT),
                               ("double NAT", "UDP blocked", natmatrix.DIRECT),
                               ("IPv4 only", "IPv6 only", natmatrix.RELAYED),
                               ("open", "IPv6 only", natmatrix.DIRECT)):
        same(natmatrix.expected(one, other), wanted, f"{one} and {other}")
        same(natmatrix.expected(other, one), wanted, f"{other} and {one}")
    paths = ("lan", "direct", "mapped", "relay", "relayed", None)
    same([natmatrix.path_class(path) for path in paths],
         [natmatrix.DIRECT] * 3 + [natmatrix.RELAYED] * 2 + [None])
    same(natmatrix.row("open", "symmetric", "direct", 0.44).split("  ")[0], "open")
    same(natmatrix.row("open", "symmetric", None, 3).split()[-3:], ["none", "3.0", "s"])
    same(natmatrix.head().split(), ["A", "B", "path", "after"])


# As much of a kith as the matrix asks for: nodes of one directory are linked.
FAKE_KITH = """
import json, os, signal, sys
verb, words = sys.argv[1], sys.argv[2:]
home = words[words.index("--home") + 1]
others = os.path.dirname(home)
if verb == "peers":
    for name in os.listdir(others):
        if name.endswith(".up") and name != os.path.basename(home) + ".up":
            print(json.dumps({"id": name[:-3], "state": "online", "path": "direct"}))
    sys.exit()
name = os.path.basename(home)
if verb == "up":
    assert words[words.index("--tracker") + 1] == "198.51.100.1:55555/tracker0", words
    open(home + ".up", "w").close()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print(json.dumps({"id": name, "listen": [words[words.index("--listen") + 1]]}), flush=True)
signal.pause()
"""


@case("the matrix starts a tracker and two nodes, and says how they are linked")
def _(scene):
    path = os.path.join(scene.path, "kith")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"#!{sys.executable}\n{FAKE_KITH}")
    os.chmod(path, 0o700)
    before = os.environ.get("KITH")
    os.environ["KITH"] = path
    try:
        tracker, sites, nodes = natmatrix.run_pair(scene, Lab(scene), "full cone", "open")
        tracker.stop()
        same(tracker.start().where(sites[0]), "198.51.100.1:55555/tracker0")
        same([site.name for site in sites], ["full cone", "open"])
        same(natmatrix.path_between(*nodes), "direct")
        for node in (*nodes, tracker):
            node.stop()
    finally:
        os.environ.pop("KITH")
        if before:
            os.environ["KITH"] = before


@case("test_nat.py has a case for each pair")
def _(scene):
    source = ("import kithlib, test_nat\n"
              "print(*(claim for claim, _ in kithlib._cases), sep='\\n')")
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True,
                          check=True, cwd=os.path.dirname(os.path.abspath(__file__)),
                          env={**os.environ, "KITH_SOAK": "1"})
    same(done.stdout.splitlines(), [f"{one} and {other}: {natmatrix.expected(one, other)}"
                                    for one, other in natmatrix.pairs()])


if __name__ == "__main__":
    become_root()
    main(needs_kith=False)
