# SPDX-License-Identifier: MIT
"""`kith doctor`: why somebody or nobody is found, in words."""

import os
import socket

from kithlib import DONE, FAILED, NO_NODE, case, free_port, main, run_kith, same, wait_until

LAN = {"KITH_LAN": "yes"}


def checks(node):
    """What it says, and that its exit code fits."""
    told = node.kith("doctor", "--json")
    lines = told.lines()
    is_bad = any(line["state"] == "problem" for line in lines)
    told.expect(FAILED if is_bad else DONE)
    assert all(line["advice"] for line in lines if line["state"] == "problem"), lines
    return lines


def check(node, name):
    return next((line for line in checks(node) if line["check"] == name), None)


@case("a linked pair is well")
def _(scene):
    for node in scene.pair():
        lines = checks(node)
        same([line for line in lines if line["state"] == "problem"], [])
        assert "1 online of 1 known" in check(node, "peers")["detail"], lines
        assert node.address in check(node, "listening")["detail"], lines
        same(check(node, "identity")["state"], "ok")
        shown = node.kith("doctor").expect(DONE).out.decode()
        assert "ok    peers: 1 online" in shown, shown


@case("who looks for nobody is told so")
def _(scene):
    alone = scene.node("alone")
    same(check(alone, "peers")["state"], "problem")
    assert "--no-lan" in check(alone, "discovery")["advice"]
    shown = alone.kith("doctor").expect(FAILED).out.decode()
    assert "fail  peers: 0 online" in shown and "      -> nobody is looked for" in shown, shown


@case("a peer's wrong port is named")
def _(scene):
    address = f"127.0.0.1:{free_port()}"
    node = scene.make("alice", "--peer", address).start()
    dial = wait_until("the dial failed", lambda: check(node, "dial"))
    same(dial["state"], "problem")
    assert address in dial["detail"] and "nobody listens" in dial["detail"], dial


@case("another network on the same port is heard and told")
def _(scene):
    flags = ("--discovery-port", str(free_port(socket.SOCK_DGRAM)))
    alice = scene.make("alice", *flags, "--network", "left", env=LAN).start()
    bob = scene.make("bob", *flags, "--network", "right", env=LAN).start()
    other = wait_until("bob was heard", lambda: check(alice, "networks"))
    same(other["state"], "warning")
    assert "another network" in other["detail"] and "kith network show" in other["advice"], other
    same((alice.online(), bob.online()), (set(), set()))


@case("without a node it tells what can be known")
def _(scene):
    home = os.path.join(scene.path, "none")
    told = run_kith("doctor", "--home", home, "--json")
    told.expect(NO_NODE)
    same([line["check"] for line in told.lines()], ["home", "node"])
    node = scene.node("alice")
    node.stop()
    os.chmod(os.path.join(node.home, "identity"), 0o644)
    shown = node.kith("doctor").expect(NO_NODE).out.decode()
    assert "fail  identity: others may read" in shown and "kith up" in shown, shown


if __name__ == "__main__":
    main()
