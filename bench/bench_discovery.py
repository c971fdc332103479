# SPDX-License-Identifier: MIT
"""How fast nodes find each other with nothing configured: hosts in network namespaces, on
one bridge. Lines are those of lib/measure.h; skipped where no namespace can be made."""

import os
import statistics
import sys
import tempfile
import time
from datetime import datetime

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "system"))

# pylint: disable=wrong-import-position
import netns
from discoverylib import LAN, LOBBY, Stream, cpu_s, datagrams_out
from kithlib import Scene, Skip, wait_until
from measure import Others, line
from netns import Network

RUNS = 20
CROWDS = (10, 50)
MEMORY = "/dev/shm"  # hosts have a disk each; here 50 new homes would be synced to one
WATCHED_S = 10  # after the mesh stands


def with_scene(function, *args):
    scene = Scene()
    try:
        function(scene, *args)
        if faults := scene.finish():
            raise AssertionError("; ".join(faults))
    finally:
        scene.close()


def first_message(scene):
    """A node that is there hears the first word of one that is started, each time a new one."""
    hosts = Network(scene).hosts(2)
    stream = Stream(scene, hosts[0].node(scene, "alice", env=LAN).start())
    taken, online = [], []
    for run in range(RUNS):
        bob = hosts[1].node(scene, f"bob{run}", env=LAN)
        begin = time.monotonic()
        bob.start()
        bob.say(LOBBY, bob.name)
        at = wait_until("the message comes", lambda b=bob: stream.heard(b.name))
        taken.append(at - begin)
        online.append(stream.when(bob, "online") - begin)
        bob.stop()
    for what, values in (("linked", online), ("first message delivered", taken)):
        line(f"2 hosts, second started to {what}, median of {RUNS}",
             1000 * statistics.median(values), "ms")
        line(f"2 hosts, second started to {what}, longest", 1000 * max(values), "ms")


class Gate:
    """Behind it processes wait, each in its place, to become nodes: so what is measured is
    their start, not that of the shells and namespaces around them."""

    def __init__(self, scene):
        self.path = os.path.join(scene.path, "gate")
        os.mkfifo(self.path)

    def arm(self, node):
        node.prefix += ("sh", "-c", 'echo armed; : < "$0"; exec "$@"', self.path)
        node.launch()
        node.read_line()

    def open(self):
        """Every node's shell waits for a writer, or soon finds one."""
        return open(self.path, "wb")  # pylint: disable=consider-using-with


def online_times(node):
    """Since when it is linked to whom, by the wall clock that all of them share."""
    return [datetime.fromisoformat(peer["online_since"]).timestamp()
            for peer in node.request("GET", "/peers")[1]["peers"] if peer["state"] == "online"]


def crowd(scene, count, remark=""):
    """Hosts that start in one instant, until each is linked to every other. Nodes say when
    that was: asking them meanwhile would cost the cores they all share."""
    net = Network(scene)
    hosts = net.hosts(count)
    net.introduce()
    nodes = [host.node(scene, host.name, env=LAN) for host in hosts]
    gate = Gate(scene)
    for node in nodes:
        gate.arm(node)
    begin = time.time()
    with gate.open():
        for node in nodes:
            node.wait_ready()
    ready = time.time()
    meshed = begin
    for node in nodes:
        times = wait_until(f"{node.name} is linked to all",
                           lambda n=node: len(t := online_times(n)) == count - 1 and t,
                           step_s=0.5)
        meshed = max(meshed, *times)
    cpu, sent = sum(map(cpu_s, nodes)), sum(map(datagrams_out, hosts))
    what = f"{count} hosts started together{remark}"
    line(f"{what}, all ready", 1000 * (ready - begin), "ms")
    line(f"{what}, full mesh", 1000 * (meshed - begin), "ms")
    line(f"{what}, CPU of each until then", 1000 * cpu / count, "ms")
    line(f"{what}, datagrams sent by each until then", sent / count, "")
    time.sleep(WATCHED_S)
    line(f"{what}, CPU of each in the {WATCHED_S} s after",
         1000 * (sum(map(cpu_s, nodes)) - cpu) / count, "ms")
    line(f"{what}, datagrams sent by each in the {WATCHED_S} s after",
         (sum(map(datagrams_out, hosts)) - sent) / count, "")


def main():
    netns.become_root()
    try:
        others = Others()
        with_scene(first_message)
        others.show("2 hosts")
        tempfile.tempdir = MEMORY if os.access(MEMORY, os.W_OK) else None
        for count in CROWDS:
            others = Others()
            with_scene(crowd, count)
            others.show(f"{count} hosts")
        tempfile.tempdir = None
        others = Others()
        with_scene(crowd, CROWDS[-1], ", homes on one disk")
        others.show(f"{CROWDS[-1]} hosts")
    except Skip as why:
        print(f"discovery: skipped: {why}")


main()
