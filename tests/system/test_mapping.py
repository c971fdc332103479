# SPDX-License-Identifier: MIT
"""The router hands a node's port on from outside: asked, used, and given back."""

import time

import netns
from discoverylib import datagrams_out
from kithlib import DONE, case, main, run_kith, same, wait_until
from routerlib import Home

WANTED = {"KITH_PORT_MAPPING": "yes"}
STOP_S = 2  # DESIGN: a clean stop takes no longer; a loaded machine is given more


def start(home, *flags):
    return home.inside.node(home.scene, "alice", *flags, env=WANTED).start()


def said(node):
    """What the doctor says of the router."""
    lines = node.kith("doctor", "--json").lines()
    return next(line for line in lines if line["check"] == "mapping")


def says(node, *words):
    return wait_until(f"the doctor says {words}", lambda: (
        lambda line: line if all(word in line["detail"] for word in words) else None)(said(node)))


def is_mapped_used_and_given_back(scene, home, protocol):
    alice = start(home)
    line = says(alice, f"mapped by {protocol} to {home.external}:{alice.port}")
    same(line["state"], "ok")
    same(home.mapped(), {alice.port: f"{home.inside.ipv4}:{alice.port}"})
    bob = home.outside.node(scene, "bob", "--peer", f"{home.external}:{alice.port}").start()
    wait_until("bob got in", lambda: alice.id in bob.online())
    alice.stop()
    wait_until("the port is given back", lambda: not home.mapped())


@case("a port is mapped by NAT-PMP, used from outside, and given back")
def _(scene):
    is_mapped_used_and_given_back(scene, Home(scene, natpmp=True), "NAT-PMP")


@case("a port is mapped by UPnP, used from outside, and given back")
def _(scene):
    is_mapped_used_and_given_back(scene, Home(scene, upnp=True), "UPnP")


@case("a router that refuses is named, with what to do")
def _(scene):
    home = Home(scene, natpmp=True, upnp=True, is_behind=True)
    alice = start(home)
    line = says(alice, "refuses")
    assert "public address" in line["detail"] and "by hand" in line["advice"], line
    same(home.mapped(), {})


@case("a router that comes later is asked")
def _(scene):
    home = Home(scene, natpmp=True, has_route=False)
    alice = start(home)
    says(alice, "no router")
    home.connect()
    says(alice, "mapped by NAT-PMP")


@case("a node that gets another address has it mapped")
def _(scene):
    home = Home(scene, natpmp=True)
    alice = start(home)
    says(alice, "mapped by NAT-PMP")
    home.inside.readdress(77)
    home.connect()
    wait_until("the mapping leads to the new address",
               lambda: f"{home.inside.ipv4}:{alice.port}" in home.mapped().values())


@case("a router that is silent holds up neither the start nor the stop")
def _(scene):
    home = Home(scene)
    home.router.drop("udp dport { 1900, 5351 }")
    begin = time.monotonic()
    alice = start(home)
    alice.stop()
    took = time.monotonic() - begin
    assert took < 4 * STOP_S, took
    alice.start()
    detail = said(alice)["detail"]
    assert "being asked" in detail or "does not answer" in detail, detail
    line = says(alice, "does not answer")
    same(line["state"], "warning")


@case("nobody is asked by a node that is told not to, nor by one on loopback")
def _(scene):
    home = Home(scene, natpmp=True)
    alice = start(home, "--no-port-mapping")
    assert "turned off" in said(alice)["detail"]
    alice.stop()
    same(datagrams_out(home.inside), 0)
    bob = home.inside.node(scene, "bob", host="127.0.0.1", env=WANTED).start()
    assert "nobody beyond this machine" in said(bob)["detail"]
    bob.stop()
    same(datagrams_out(home.inside), 0)
    same(home.mapped(), {})


@case("nobody is asked by a host with a public address")
def _(scene):
    home = Home(scene)
    home.outside.ip(f"route add default via {home.external} dev eth0")
    alice = home.outside.node(scene, "alice", env=WANTED).start()
    says(alice, "not needed")
    alice.stop()
    same(datagrams_out(home.outside), 0)


@case("the knob is yes or no")
def _(scene):
    alice = scene.node("alice")
    alice.stop()
    done = run_kith("up", "--home", alice.home, env={"KITH_PORT_MAPPING": "perhaps"})
    assert done.code != DONE, done
    assert b"KITH_PORT_MAPPING" in done.err and b"either yes or no" in done.err, done


if __name__ == "__main__":
    netns.become_root()
    main()
