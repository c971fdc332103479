# SPDX-License-Identifier: MIT
"""What befalls a site of natlab.py, shown with plain sockets: a new address, a pulled cable,
loss, a rate, a long wire. No node takes part."""

import os
import select
import socket
import threading
import time

from discoverylib import note
from kithlib import case, main, same, wait_until
from natlab import Lab
from natprobe import (connection, family_of, fence, outside, port_of, probe_tcp, probe_udp, talks,
                      udp)
from netns import become_root

# A machine that is busy is late, never early.
LATE_FACTOR = 4


def heard_by(one):
    """What came so far; nothing if it was a reset."""
    one.setblocking(False)
    try:
        return one.recv(64)
    except OSError:
        return b""


@case("a router gets another address: what was open is dead, what is new comes from there")
def _(scene):
    lab = Lab(scene)
    for name in ("full cone", "symmetric", "double NAT", "open"):
        site = lab.site(name)
        family = family_of(site)
        old_client, old_server = connection(site.host, lab.tracker, family)
        old = old_server.getpeername()
        site.readdress()
        client, server = connection(site.host, lab.tracker, family)
        same(server.getpeername()[0], site.public_ipv4)
        assert server.getpeername()[0] != old[0]
        old_server.sendall(b"still there?")
        try:
            old_client.sendall(b"hello?")
        except OSError:
            pass  # its own address is gone
        fence(site.host, lab.tracker, family)
        same(heard_by(old_client), b"", f"heard inside, {name}")
        same(heard_by(old_server), b"", f"heard outside, {name}")
        assert talks(client, server)


@case("IPv6 behind the router goes on when its address changes")
def _(scene):
    lab = Lab(scene)
    site = lab.site("port restricted", ipv6="blocked")
    client, server = connection(site.host, lab.tracker, 6)
    site.readdress()
    assert talks(client, server)


@case("a cable that is pulled carries nothing; plugged in again it goes on")
def _(scene):
    lab = Lab(scene)
    site = lab.site("port restricted")
    client, server = connection(site.host, lab.tracker)
    site.unplug()
    client.sendall(b"x")
    same(select.select([server], [], [], 0.3)[0], [], "heard")
    site.plug()
    same(server.recv(1), b"x")
    assert talks(server, client)


def count_datagrams(sender, receiver, where, count):
    """How many of so many get through, one way. In portions that fit in a socket's buffer; the
    mark after each is sent until it comes."""
    heard, portion = 0, 50
    for first in range(0, count, portion):
        for _ in range(portion):
            sender.sendto(b"x", where)
        mark = f"mark {first}".encode()
        while True:
            sender.sendto(mark, where)
            texts = []
            while select.select([receiver], [], [], 0.05 if not texts else 0)[0]:
                texts.append(receiver.recv(64))
            heard += texts.count(b"x")
            if mark in texts:
                break
    return heard


@case("loss is what was asked for in both directions, within five standard deviations")
def _(scene):
    lab = Lab(scene)
    site, other = lab.sites("port restricted", "port restricted")
    inside, there = udp(site.host), udp(lab.tracker)
    inside.sendto(b"hello", (lab.tracker.ipv4, port_of(there)))
    where = there.recvfrom(64)[1]
    directions = ((inside, there, (lab.tracker.ipv4, port_of(there))), (there, inside, where))
    count = 4000
    for percent in (20, 2.5, 0):
        site.loss(percent)
        deviation = (count * percent / 100 * (1 - percent / 100)) ** 0.5
        for direction in directions:
            lost = count - count_datagrams(*direction, count)
            note(f"{percent} % of {count}: {lost} lost")
            assert abs(lost - count * percent / 100) <= 5 * deviation, (percent, lost)
    site.loss(100)
    client, server = connection(other.host, lab.tracker)
    assert talks(client, server), "another site loses nothing"


def send_bulk(sender, size):
    """In a thread of its own, so that it can be read here."""
    block = bytes(65536)

    def send():
        for _ in range(size // len(block)):
            sender.sendall(block)
        sender.shutdown(socket.SHUT_WR)
    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def carry(client, server, size):
    """Seconds for so many bytes, and that all of them come."""
    begin = time.monotonic()
    thread, got = send_bulk(client, size), 0
    while piece := server.recv(1 << 20):
        got += len(piece)
    thread.join()
    same(got, size, "bytes")
    return time.monotonic() - begin


@case("a rate is kept to in both directions")
def _(scene):
    lab = Lab(scene)
    site = lab.site("port restricted")
    site.rate(8000)
    size = 2 * 1024 * 1024
    for ends in (connection(site.host, lab.tracker), connection(site.host, lab.tracker)[::-1]):
        seconds = carry(*ends, size)
        note(f"{size / seconds / 1000:.0f} of 1000 kB/s")
        assert 0.8 * size / 1e6 <= seconds <= LATE_FACTOR * size / 1e6, seconds


def round_trips_ms(client, server, count):
    taken = []
    for _ in range(count):
        begin = time.monotonic()
        assert talks(client, server)
        taken.append((time.monotonic() - begin) * 1000)
    return sorted(taken)


@case("a round trip takes as much longer as was asked for, and never less")
def _(scene):
    lab = Lab(scene)
    site = lab.site("symmetric")
    client, server = connection(site.host, lab.tracker)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for asked in (450, 60, 0):
        site.delay(asked)
        assert talks(client, server)  # what the cut cost is over
        taken = round_trips_ms(client, server, 5)
        note(f"{asked} ms: {taken[0]:.1f} to {taken[-1]:.1f} ms")
        assert asked <= taken[0] <= asked + 50, taken
    site.delay(40, jitter_ms=40)
    taken = round_trips_ms(client, server, 30)
    note(f"40 ms and up to 40 more: {taken[0]:.1f} to {taken[-1]:.1f} ms")
    assert 40 <= taken[0] and taken[-1] - taken[0] > 5 and taken[15] < 130, taken


@case("a long wire carries bulk, whole, with many segments under way at once")
def _(scene):
    lab = Lab(scene)
    site = lab.site("port restricted")
    site.delay(100, jitter_ms=10)
    size = 16 * 1024 * 1024
    for ends in (connection(site.host, lab.tracker), connection(site.host, lab.tracker)[::-1]):
        seconds = carry(*ends, size)
        note(f"{size / seconds / 1e6:.1f} MB/s at 100 ms")
        assert seconds < size / 65536 * 0.1, "not one segment in a round trip"


@case("a wire holds 64 MiB in each direction, and drops what comes on top")
def _(scene):
    lab = Lab(scene)
    site = lab.site("open")
    sender = udp(site.host)
    site.delay(0)
    fence(site.host, lab.tracker)  # so that neighbours know one another
    site.delay(60000)
    carried, dropped = site.uplink.counts()
    same(dropped, 0)

    def is_full():
        for _ in range(50):
            sender.sendto(bytes(65000), (lab.tracker.ipv4, 9))
        return site.uplink.counts()[1] > 0
    wait_until("it is full", is_full)
    with open(f"/proc/{site.uplink.line.pid}/statm", "rb") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    note(f"{resident >> 20} MiB resident")
    assert 64 << 20 <= resident <= 400 << 20, "a sanitizer adds to each frame"
    same(site.uplink.counts()[0], carried, "carried before its time")


@case("a delayed site keeps its kind and its rate")
def _(scene):
    lab = Lab(scene)
    site = lab.site("address restricted")
    one, other = outside(lab)
    site.rate(8000)
    site.delay(20)
    for probe in (probe_udp, probe_tcp):
        found = probe(site.host, one, other)
        same((found.mapping, found.filtering),
             (site.kind.mapping, site.kind.filtering), probe.__name__)
    size = 512 * 1024
    seconds = carry(*connection(site.host, lab.tracker)[::-1], size)
    assert seconds >= 0.7 * size / 1e6, seconds


if __name__ == "__main__":
    become_root()
    main(needs_kith=False)
