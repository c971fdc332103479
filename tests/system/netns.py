# SPDX-License-Identifier: MIT
"""Networks for tests: hosts on bridges, each in a network namespace of its own.

    net = Network(scene)                    # goes with the scene
    alice, bob = net.hosts(2)               # on one bridge, with IPv4 and IPv6
    alice.run("ping", "-c1", bob.ipv4)
    node = alice.node(scene, "alice")       # a kith that runs there

The bridges are in a namespace too, so the machine's own network is not touched. No
namespace has a name: each lives as long as a process of ours that waits for the end of
its input, and so goes with the test, however that ends. Addresses are usable at once (no
duplicate address detection), there is no default route unless asked for, and nothing
leads out.

A script that uses this calls `become_root()` first: who is not root gets a user namespace
in which to be root. Where neither is allowed, `Network` skips the case.
"""

import concurrent.futures
import ctypes
import json
import math
import os
import socket
import subprocess
import sys
import threading

from kithlib import Skip

INTERFACE = "eth0"  # of a host, on its first bridge; then eth1, …

# What may be dropped by name on its way into a host. UDP alone: without multicast there
# is no neighbour discovery, so nothing at all by IPv6.
DROPS = {
    "multicast": ["meta l4proto udp ip daddr 224.0.0.0/4",
                  "meta l4proto udp ip6 daddr ff00::/8"],
    "broadcast": ["meta l4proto udp meta pkttype broadcast"],
}

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000

_SYSCTLS = {"accept_dad": 0, "dad_transmits": 0, "accept_ra": 0, "router_solicitations": 0}


def become_root():
    """Run this script anew as root of a user namespace, if it is not root."""
    if os.geteuid() == 0:
        return
    unshare = ["unshare", "--user", "--map-root-user"]
    try:
        if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode == 0:
            os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])
    except FileNotFoundError:
        pass


class Namespace:
    """A network namespace with its loopback up. `prefix` is what runs a command in it."""

    def __init__(self, has_ipv6=True):
        settings = "".join(f"echo {value} > /proc/sys/net/ipv6/conf/{which}/{name}; "
                           for name, value in _SYSCTLS.items() for which in ("all", "default"))
        if not has_ipv6:
            settings = "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; "
        # cat is what keeps it: at the end of the test it reads the end of its input.
        self.holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c",
             f"{settings}ip link set lo up && echo ready && exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.prefix = ("nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--")

    def wait_ready(self):
        if self.holder.stdout.readline() == b"ready\n":
            return
        why = self.holder.stderr.read().decode(errors="replace").strip()
        raise Skip(f"no network namespace can be made here: {why}")

    def run(self, *command, stdin="", check=True):
        """One command in there, to its end. Its stdout."""
        done = subprocess.run([*self.prefix, *command], input=stdin.encode(),
                              capture_output=True, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: exit {done.returncode}: "
                                 f"{(done.stderr + done.stdout).decode(errors='replace')}"
                                 f"{stdin}")
        return done.stdout.decode(errors="replace")

    def popen(self, *command, **options):
        return subprocess.Popen([*self.prefix, *command], **options)

    def ip(self, *lines):
        """Commands of ip(8), a line each, in one go."""
        self.run("ip", "-batch", "-", stdin="".join(line + "\n" for line in lines))

    def drop(self, *what):
        """Drop this from now on where it comes in: a name of DROPS, or what an nft rule
        asks ("udp dport 4747", "numgen random mod 100 < 10")."""
        self._add_rules(*(f"{rule} counter drop"
                          for one in what for rule in DROPS.get(one, [one])))

    def lose(self, percent):
        """So much of what comes in by the first interface from now on, at random."""
        self._add_rules(f"iifname {INTERFACE} counter",
                        f"iifname {INTERFACE} numgen random mod 100 < {percent} counter drop")

    def _add_rules(self, *rules):
        self.run("nft", "-f", "-", stdin=(
            "add table inet test\n"
            "add chain inet test input { type filter hook input priority 0; policy accept; }\n" +
            "".join(f"add rule inet test input {rule}\n" for rule in rules)))

    def _counted(self):
        """(packets, is dropped) of each rule."""
        found = json.loads(self.run("nft", "-j", "list", "table", "inet", "test"))["nftables"]
        for entry in found:
            for part in entry.get("rule", {"expr": []})["expr"]:
                if "counter" in part:
                    yield part["counter"]["packets"], {"drop": None} in entry["rule"]["expr"]

    def dropped(self):
        """How many packets were dropped by what was asked for."""
        return sum(packets for packets, is_dropped in self._counted() if is_dropped)

    def arrived(self):
        """How many came, lost or not, since it was to `lose` some."""
        return sum(packets for packets, is_dropped in self._counted() if not is_dropped)

    def drop_nothing(self):
        self.run("nft", "delete", "table", "inet", "test", check=False)

    def socket(self, family, kind):
        """A socket in there, for this process: which namespace it is of is settled when it is
        made. A thread that ends goes there for it, so that there is no way back to find."""
        def make():
            with open(f"/proc/{self.holder.pid}/ns/net", "rb") as there:
                if _libc.setns(there.fileno(), _CLONE_NEWNET) != 0:
                    number = ctypes.get_errno()
                    raise OSError(number, os.strerror(number))
            return socket.socket(family, kind)
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            return thread.submit(make).result()

    def close(self):
        for stream in (self.holder.stdin, self.holder.stdout, self.holder.stderr):
            stream.close()
        self.holder.wait()


class Bridge:
    """A switch. Hosts on it are 10.47.N.x and fd47:N::x."""

    def __init__(self, net, number):
        self.net, self.number, self.name = net, number, f"br{number}"
        net.switch.ip(f"link add {self.name} type bridge mcast_snooping 0 forward_delay 0",
                      f"link set {self.name} up")

    def ipv4(self, host):
        return f"10.47.{self.number}.{host}"

    def ipv6(self, host):
        return f"fd47:{self.number}::{host:x}"


class Host(Namespace):
    """A machine with an interface (eth0, eth1, …) on each of its bridges."""

    def __init__(self, net, number, bridges, has_ipv4, has_ipv6):
        super().__init__(has_ipv6)
        self.net, self.number, self.bridges = net, number, bridges
        self.has_ipv4, self.has_ipv6 = has_ipv4, has_ipv6
        self.name = f"h{number}"

    def ports(self):
        return [f"{self.name}p{index}" for index in range(len(self.bridges))]

    def _plug_lines(self):
        for index, (port, bridge) in enumerate(zip(self.ports(), self.bridges)):
            yield (f"link add {port} type veth peer name eth{index} "
                   f"netns {self.holder.pid}")
            yield f"link set {port} master {bridge.name} up"

    def _address_lines(self):
        for index, bridge in enumerate(self.bridges):
            if self.has_ipv4:
                yield f"addr add {bridge.ipv4(self.number)}/24 brd + dev eth{index}"
            if self.has_ipv6:
                yield f"addr add {bridge.ipv6(self.number)}/64 dev eth{index} nodad"
            yield f"link set eth{index} up"

    def attach(self, bridge):
        """One more interface, on this bridge."""
        plugs, addresses = list(self._plug_lines()), list(self._address_lines())
        self.bridges = (*self.bridges, bridge)
        self.net.switch.ip(*list(self._plug_lines())[len(plugs):])
        self.ip(*list(self._address_lines())[len(addresses):])

    # ---- where it is ----

    @property
    def ipv4(self):
        return self.bridges[0].ipv4(self.number) if self.has_ipv4 else None

    @property
    def ipv6(self):
        return self.bridges[0].ipv6(self.number) if self.has_ipv6 else None

    def addresses(self, interface=INTERFACE):
        """Those it has now, without prefix lengths, link-local ones included."""
        found = json.loads(self.run("ip", "-json", "addr", "show", "dev", interface))
        return [entry["local"] for entry in found[0]["addr_info"]]

    def link_local(self, interface=INTERFACE):
        """The fe80:: one, without a scope; each host that uses it adds its own interface's."""
        return next(a for a in self.addresses(interface) if a.startswith("fe80:"))

    # ---- what happens to it ----

    def down(self, interface=INTERFACE):
        """As by the administrator. IPv6 addresses are lost with it, and come back with `up`."""
        self.ip(f"link set {interface} down")

    def up(self, interface=INTERFACE):
        index = int(interface.removeprefix("eth"))
        lines = [f"link set {interface} up"]
        if self.has_ipv6:
            lines.append(f"addr replace {self.bridges[index].ipv6(self.number)}/64 "
                         f"dev {interface} nodad")
        self.ip(*lines)

    def unplug(self, index=0):
        """Pull the cable: the interface stays up, its carrier goes."""
        self.net.switch.ip(f"link set {self.ports()[index]} down")

    def plug(self, index=0):
        self.net.switch.ip(f"link set {self.ports()[index]} up")

    def move(self, bridge, index=0):
        """To another switch, carrier and addresses as they were: partition by this."""
        self.net.switch.ip(f"link set {self.ports()[index]} master {bridge.name}")

    def readdress(self, number, interface=INTERFACE):
        """Another address of the same networks, as by a new lease."""
        old, self.number = self.number, number
        bridge = self.bridges[int(interface.removeprefix("eth"))]
        lines = []
        if self.has_ipv4:
            lines += [f"addr del {bridge.ipv4(old)}/24 dev {interface}",
                      f"addr add {bridge.ipv4(number)}/24 brd + dev {interface}"]
        if self.has_ipv6:
            lines += [f"addr del {bridge.ipv6(old)}/64 dev {interface}",
                      f"addr add {bridge.ipv6(number)}/64 dev {interface} nodad"]
        self.ip(*lines)

    def default_route(self):
        """One that leads nowhere, as a machine with a router has it."""
        if self.has_ipv4:
            self.ip(f"route add default via {self.bridges[0].ipv4(254)} dev {INTERFACE}")
        if self.has_ipv6:
            self.ip(f"route add ::/0 via fe80::fe dev {INTERFACE}")

    # ---- what runs on it ----

    def node(self, scene, name, *flags, host="", **options):
        """A kith that is to be started there; on every interface by default."""
        return scene.make(name, *flags, host=host, prefix=self.prefix, **options)


class Network:
    """Hosts and the bridges between them. Skips the case where there cannot be any."""

    def __init__(self, scene=None):
        self.switch, self.all_hosts, self.bridges = None, [], []
        if scene:
            scene.at_end(self.close)
        try:
            self.switch = Namespace()
        except FileNotFoundError as missing:
            raise Skip(f"no network namespace can be made here: {missing}") from missing
        self.switch.wait_ready()
        self.bridge()

    def bridge(self):
        self.bridges.append(Bridge(self, len(self.bridges) + 1))
        return self.bridges[-1]

    def hosts(self, count, *bridges, ipv4=True, ipv6=True, default_route=False):
        """`count` more machines, each with an interface on each of the bridges (the first
        one if none is given)."""
        first = len(self.all_hosts) + 1
        made = [Host(self, first + i, bridges or (self.bridges[0],), ipv4, ipv6)
                for i in range(count)]
        self.all_hosts += made
        for host in made:
            host.wait_ready()
        self.switch.ip(*(line for host in made for line in host._plug_lines()))
        for host in made:
            host.ip(*host._address_lines())
            if default_route:
                host.default_route()
        return made

    def host(self, *bridges, **options):
        return self.hosts(1, *bridges, **options)[0]

    def introduce(self):
        """Tell every host the hardware address of every other on the first bridge. Many
        hosts need it: the neighbours they find by themselves share one table of the kernel,
        about a thousand in all."""
        found = []
        for host in self.all_hosts:
            entry = json.loads(host.run("ip", "-json", "addr", "show", "dev", INTERFACE))[0]
            found.append((host, entry["address"], [a["local"] for a in entry["addr_info"]]))
        for host in self.all_hosts:
            host.ip(*(f"neigh replace {address} lladdr {hardware} dev {INTERFACE} nud permanent"
                      for other, hardware, addresses in found if other is not host
                      for address in addresses))

    def close(self):
        for namespace in [*self.all_hosts, self.switch]:
            if namespace:
                namespace.close()
        self.all_hosts, self.switch = [], None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def lossy_pair(scene, percent):
    """Two nodes, linked, and their hosts, between which so much of each direction is lost."""
    hosts = Network(scene).hosts(2, ipv6=False)
    alice = hosts[0].node(scene, "alice").start()
    bob = hosts[1].node(scene, "bob", "--peer", f"{hosts[0].ipv4}:{alice.port}").start()
    scene.linked(alice, bob)
    for host in hosts:
        host.ip(f"link set {INTERFACE} gso_max_segs 1")  # packets are what a wire carries
        host.lose(percent)
    return (alice, bob), hosts


def check_lost(hosts, percent, packets_min):
    """That many came to each of a `lossy_pair`, and so much of it was lost, as far as chance
    allows: one run in a million is further off. What it says is for the log."""
    said = []
    for host in hosts:
        arrived, dropped = host.arrived(), host.dropped()
        said.append(f"{dropped} of {arrived} packets lost")
        spread = 5 * math.sqrt(arrived * percent * (100 - percent)) / 100
        assert arrived >= packets_min, said
        assert abs(dropped - arrived * percent / 100) <= spread, said
    return ", ".join(said)
