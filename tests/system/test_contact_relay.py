# SPDX-License-Identifier: MIT
"""Where no tracker is: a mutual contact relays, if its person allows it."""

from kithlib import DONE, case, main, same, wait_until
from natlab import Lab
from netns import become_root

PATH_S = 60


def at(site, node):
    return f"{site.public_ipv4}:{node.port}"


def scene_of(scene, *flags):
    """Carol, whom both reach, and Alice and Bob, who do not reach each other; all contacts."""
    lab = Lab(scene)
    sites = lab.sites("open", "symmetric", "symmetric")
    carol = sites[0].host.node(scene, "carol", *flags).start()
    alice, bob = (site.host.node(scene, name, "--peer", at(sites[0], carol)).start()
                  for name, site in zip(("alice", "bob"), sites[1:]))
    scene.linked(carol, alice)
    scene.linked(carol, bob)
    for one in (alice, bob):
        one.kith("send", "carol", "hello", "--wait", "delivered").expect(DONE)
        carol.kith("send", one.id, "hello", "--wait", "delivered").expect(DONE)
    return alice, bob, carol, at(sites[0], carol)


def invite(alice, bob):
    """Bob has a link of Alice's; she need not be there yet."""
    link = alice.kith("invite").expect(DONE).out.decode().strip()
    return bob.kith("connect", link)


@case("two who reach only a contact of both are relayed by it, sealed")
def relayed(scene):
    alice, bob, carol, where = scene_of(scene, "--relay-for-contacts")
    invite(alice, bob)
    invite(bob, alice)
    wait_until("they are linked", lambda: alice.id in bob.online(), PATH_S)
    peer = bob.peer(alice)
    same([peer["path"], peer["relay"]], ["relay", where])
    bob.kith("send", "alice", "by way of carol", "--wait", "delivered").expect(DONE)
    assert "by way of carol" not in carol.texts(), carol.texts()
    assert carol.logs("relay", "two contacts are relayed"), carol.log()
    carol.stop()
    wait_until("without her they are not", lambda: alice.id not in bob.online(), PATH_S)


@case("who does not allow it relays nobody")
def refused(scene):
    alice, bob, carol, _ = scene_of(scene)
    invite(alice, bob)
    invite(bob, alice)
    alice.say(bob.id, "later")
    wait_until("it was tried", lambda: any("no link" in line for line in
                                           bob.log().splitlines()), PATH_S)
    same([alice.id in bob.online(), bob.id in alice.online()], [False, False])
    assert not carol.logs("relay"), carol.log()


become_root()
main()
