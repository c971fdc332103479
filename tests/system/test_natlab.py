# SPDX-License-Identifier: MIT
"""The lab of natlab.py: who is seen how, and who gets in where, at each kind of place, shown
with plain sockets; and that labs come and go. No node takes part."""

import os
import select
import signal
import socket
import subprocess
import sys
import time

from discoverylib import note
from kithlib import Skip, case, main, same, wait_until
from natlab import Lab
from natprobe import (Dialler, begin_connect, connection, family_of, fence, listener, meet,
                      outside, port_of, probe_tcp, probe_udp, talks, tcp, tcp_state)
from natrules import KINDS
from netns import become_root

# ---- kinds ----

def kinds():
    for name in KINDS:
        @case(f"{name}: maps and lets in as RFC 4787 has it for this kind, UDP and TCP")
        def _(scene, name=name):
            lab = Lab(scene)
            site, kind = lab.site(name), KINDS[name]
            one, other = outside(lab)
            for protocol, probe in (("UDP", probe_udp), ("TCP", probe_tcp)):
                found = probe(site.host, one, other, family_of(site))
                if kind.blocks_udp and protocol == "UDP":
                    same((found.mapping, found.endpoint), (None, None), "what got out")
                    continue
                same(found.mapping, kind.mapping, f"{protocol} mapping")
                same(found.filtering, kind.filtering, f"{protocol} filtering")
                same(found.endpoint[0], site.edge.address(family_of(site)), "seen at")


kinds()


@case("who has no IPv6 does not get there, nor who has no IPv4 there")
def _(scene):
    lab = Lab(scene)
    four, six = lab.sites("IPv4 only", "IPv6 only")
    for machine, family, away in ((four.host, 6, six), (six.host, 4, four)):
        try:
            tcp(machine, 0, family).connect((lab.tracker.address(family), 1))
        except ConnectionRefusedError as error:
            raise AssertionError(f"{machine.name} gets there by IPv{family}") from error
        except OSError:
            pass
        same(away.edge.address(10 - family), None)
    for site in (four, six):
        fence(site.host, lab.tracker, family_of(site))


@case("a private address elsewhere is no way to anybody, and nothing says so")
def _(scene):
    lab = Lab(scene)
    home, office, street = lab.sites("full cone", "full cone", "open")
    same(home.host.ipv4, office.host.ipv4)
    server = listener(office.host)
    comer = begin_connect(tcp(street.host), (office.host.ipv4, port_of(server)))
    for machine in (home.host, street.host):
        elsewhere = begin_connect(tcp(machine), ("10.9.8.7", 80))
        fence(machine, lab.tracker)
        same(tcp_state(elsewhere)[0], False)
        if machine is home.host:
            same(elsewhere.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 0, "what it was told")
    same(tcp_state(comer)[0], False)
    same(select.select([server], [], [], 0)[0], [], "connections")


# ---- several hosts behind one router ----

def mapped(host, lab):
    """A listener at home, and where it is seen from outside: (listener, link, endpoint)."""
    side = Dialler(host, (lab.tracker, listener(lab.tracker)), 4)
    return side.listener, side, side.endpoint


@case("hosts of one household share the public address and meet inside")
def _(scene):
    lab = Lab(scene)
    site = lab.site("port restricted", hosts=3)
    seen = []
    for host in site.hosts:
        client, server = connection(host, lab.tracker)
        seen.append(server.getpeername())
        assert talks(client, server)
    same({address for address, _ in seen}, {site.public_ipv4})
    same(len({port for _, port in seen}), 3, "ports")
    client, server = connection(site.hosts[0], site.hosts[2])
    assert talks(client, server)
    same(server.getpeername()[0], site.hosts[0].ipv4)


@case("at their public address they meet only if the router turns packets around")
def _(scene):
    lab = Lab(scene)
    for name in ("full cone", "port restricted"):
        for is_hairpin in (False, True):
            site = lab.site(name, hosts=2, is_hairpin=is_hairpin)
            server, _link, endpoint = mapped(site.hosts[1], lab)
            comer = begin_connect(tcp(site.hosts[0]), endpoint)
            fence(site.hosts[0], lab.tracker)
            if not is_hairpin:
                same(select.select([server], [], [], 0)[0], [], "connections")
                same(tcp_state(comer)[0], False)
                continue
            accepted, where = server.accept()
            comer.settimeout(60)
            assert talks(comer, accepted)
            same(where[0], site.public_ipv4, "seen from inside as from outside")


@case("a port forwarded by hand leads to that host alone")
def _(scene):
    lab = Lab(scene)
    site = lab.site("symmetric", hosts=2)
    server = listener(site.hosts[1])
    site.forward("tcp", 4747, site.hosts[1], port_of(server))
    client = tcp(lab.tracker)
    client.connect((site.public_ipv4, 4747))
    accepted, where = server.accept()
    assert talks(client, accepted)
    same(where[0], lab.tracker.ipv4)
    stranger = begin_connect(tcp(lab.tracker), (site.public_ipv4, 4748))
    fence(site.hosts[1], lab.tracker)
    same(tcp_state(stranger)[0], False)


@case("IPv6 behind a router is public, and open or blocked from outside as asked for")
def _(scene):
    lab = Lab(scene)
    for policy in ("open", "blocked"):
        site = lab.site("symmetric", hosts=2, ipv6=policy)
        client, accepted = connection(site.hosts[1], lab.tracker, 6)
        assert talks(client, accepted)
        same(accepted.getpeername()[0], site.hosts[1].ipv6, "no translation")
        server = listener(site.hosts[1], 0, 6)
        comer = begin_connect(tcp(lab.tracker, 0, 6), (site.hosts[1].ipv6, port_of(server)))
        fence(site.hosts[1], lab.tracker, 6)
        if policy == "open":
            server.accept()
        else:
            same(select.select([server], [], [], 0)[0], [], "connections")
            same(tcp_state(comer)[0], False)


# ---- simultaneous open ----

def open_at_once(lab, kind):
    """Do bound sockets of two sites of this kind meet, with nobody listening?"""
    registry = lab.tracker, listener(lab.tracker)
    sides = [Dialler(site.host, registry, 4, listens=False) for site in lab.sites(kind, kind)]
    met = meet([tuple(sides)])[0]
    if met:
        for side in sides:
            wait_until("both ends know", side.is_connected)
            side.out.settimeout(60)
        assert talks(sides[0].out, sides[1].out)
    return met


@case("TCP simultaneous open: through two port-restricted routers, not through two symmetric ones")
def _(scene):
    lab = Lab(scene)
    for kind, wanted in (("port restricted", True), ("double NAT", True), ("symmetric", False)):
        same(open_at_once(lab, kind), wanted, f"{kind} with {kind}")


# ---- the lab itself ----

def links_of_machine():
    return subprocess.run(["ip", "-oneline", "link"], capture_output=True, check=True).stdout


def begin_lab_elsewhere():
    """A process that makes a lab and waits; its namespaces' holders."""
    process = subprocess.Popen([sys.executable, os.path.abspath(__file__), "--hold"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline().split()
    if line[:1] != ["pids"]:
        process.kill()
        process.wait()
        raise AssertionError(f"no lab: {line}")
    return process, [int(word) for word in line[1:]]


def hold():
    """What begin_lab_elsewhere starts."""
    lab = Lab()
    site = lab.site("double NAT")
    site.delay(10)
    sleeper = site.host.popen("sleep", "1000")
    print("pids", site.uplink.line.pid, sleeper.pid,
          *(namespace.holder.pid for namespace in lab.namespaces), flush=True)
    signal.pause()


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@case("a lab goes with its test, even if that is killed, with all that runs there")
def _(scene):
    process, pids = begin_lab_elsewhere()
    try:
        assert all(is_alive(pid) for pid in pids), pids
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    wait_until("nothing is left", lambda: not any(is_alive(pid) for pid in pids), 20)


@case("labs come one after another and side by side; the machine's own network is not touched")
def _(scene):
    before = links_of_machine()
    begin = time.monotonic()
    for _ in range(3):
        with Lab() as lab, Lab() as other:
            for one in (lab, other):
                fence(one.site("symmetric").host, one.tracker)
        same(links_of_machine(), before, "interfaces of this machine")
    note(f"{(time.monotonic() - begin) / 6:.2f} s each, with a site")


if __name__ == "__main__":
    become_root()
    if sys.argv[1:] == ["--hold"]:
        try:
            hold()
        except Skip as why:
            print(why, flush=True)
    else:
        main(needs_kith=False)
