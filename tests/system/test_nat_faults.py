# SPDX-License-Identifier: MIT
"""What befalls nodes behind routers while they talk: a tracker that dies, ways that open and
close, new addresses, bad ways. Nothing that was said is lost, shown twice or out of order."""

import time

from discoverylib import note
from kithlib import case, is_soak, main, same, wait_until
from natlab import Lab
from natmatrix import DIRECT, RELAYED, Tracker, linked, paths, run_pair, start
from netns import become_root
from talklib import Talk

# What is printed is what a person waits; what is asserted holds on a machine many times
# slower.
BACK_S = 60
SILENCE_S = 120  # a way that dies in silence is given up after 45


def took(what, seconds):
    note(f"{what}: {seconds:.1f} s")


@case("a relayed pair talks on when the tracker is killed and comes back")
def _(scene):
    tracker, _, pair = run_pair(scene, Lab(scene), "symmetric", "symmetric")
    talk = Talk(scene, *pair)
    tracker.kill()
    wait_until("it is missed", lambda: talk.departures() == 2)
    tracker.start()
    took("relayed again after the tracker was back", linked(*pair, RELAYED, BACK_S))
    took("the last was heard after", talk.ends())


@case("a relayed pair moves over to a direct way that opens, and back when it closes")
def _(scene):
    _, sites, pair = run_pair(scene, Lab(scene), "symmetric", "symmetric")
    talk = Talk(scene, *pair)
    port = pair[0].port
    sites[0].forward("tcp", port, sites[0].host, port)
    took("direct after the way opened", linked(*pair, DIRECT, SILENCE_S))
    same(talk.departures(), 0, "departures told")
    sites[0].unforward("tcp", port, is_silent=is_soak)
    took("relayed again after it closed", linked(*pair, RELAYED, SILENCE_S))
    took("the last was heard after", talk.ends())


@case("a router gets another address: pairs are linked again, directly or relayed")
def _(scene):
    lab = Lab(scene)
    tracker = Tracker(scene, lab).start()
    pairs = []
    for network, wanted, names in (("one", DIRECT, ("port restricted", "port restricted")),
                                   ("two", DIRECT, ("open", "open")),
                                   ("three", RELAYED, ("symmetric", "symmetric"))):
        sites = lab.sites(*names)
        pair = start(scene, sites, "--network", network, "--tracker", tracker.where(sites[0]))
        pairs.append((pair, sites[0], wanted))
    for pair, _, wanted in pairs:
        linked(*pair, wanted)
    talks = [(Talk(scene, *pair), pair, wanted) for pair, _, wanted in pairs]
    for _, site, _ in pairs:
        site.readdress()
    begin = time.monotonic()
    waiting = list(talks)

    def all_are_caught_up():
        for one in [one for one in waiting if one[0].is_caught_up(begin)]:
            took(f"{one[2]} pair ({one[1][0].name}) hears one another again after", time.monotonic() - begin)
            waiting.remove(one)
        return not waiting
    wait_until("what is said now is heard", all_are_caught_up, SILENCE_S)
    for _, pair, wanted in talks:
        linked(*pair, wanted, BACK_S)
    for talk, _, _ in talks:
        talk.ends()


if __name__ == "__main__":
    become_root()
    main()
