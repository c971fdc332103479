# SPDX-License-Identifier: MIT
"""Plain sockets on the machines of natlab.py, and what they find out about what is between.

All of them are of this process: a socket belongs to the namespace it was made in. That
something does not arrive is asked after something else did that was sent later by the same
way; only then a moment more is given."""

import select
import socket
import struct
import time

from kithlib import WAIT_S, wait_until
from natrules import ADDRESS, ADDRESS_AND_PORT, ENDPOINT, NO_MAPPING

GRACE_S = 0.1  # for what should have come before what came
ANY = {4: "0.0.0.0", 6: "::"}

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
# Of struct tcp_info: the state, and how often in a row the last segment was sent again.
_TCP_INFO = struct.Struct("BBB")
_ESTABLISHED = 1


def _bound(machine, kind, port, family, options):
    made = machine.socket(_FAMILIES[family], kind)
    for option in options:
        made.setsockopt(socket.SOL_SOCKET, option, 1)
    if family == 6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind((ANY[family], port))
    made.settimeout(WAIT_S)
    return made


def udp(machine, port=0, family=4):
    return _bound(machine, socket.SOCK_DGRAM, port, family, ())


def tcp(machine, port=0, family=4, is_shared=True):
    """Not connected yet. The port may be that of others, of a listener too if `is_shared`."""
    options = (socket.SO_REUSEADDR, *((socket.SO_REUSEPORT,) if is_shared else ()))
    return _bound(machine, socket.SOCK_STREAM, port, family, options)


def listener(machine, port=0, family=4):
    made = tcp(machine, port, family)
    made.listen(64)
    return made


def port_of(one):
    return one.getsockname()[1]


def begin_connect(one, endpoint):
    """Its first SYN leaves before this returns."""
    one.setblocking(False)
    one.connect_ex(endpoint)
    return one


def tcp_state(one):
    """(is it established, how often was what it waits for sent again)"""
    state, _, retransmits = _TCP_INFO.unpack(
        one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size))
    return state == _ESTABLISHED, retransmits


def heard(one, last, grace_s=GRACE_S):
    """The datagrams that came up to the one with the text `last`, or a moment later."""
    texts = []
    while last not in texts or select.select([one], [], [], grace_s)[0]:
        texts.append(one.recv(2048).decode())
    return texts


def connection(inside, outside, family=4):
    """A new connection from one machine to another: (its end there, the end here)."""
    server = listener(outside, 0, family)
    client = tcp(inside, 0, family)
    client.connect((outside.address(family), port_of(server)))
    accepted, _ = server.accept()
    server.close()
    accepted.settimeout(WAIT_S)
    return client, accepted


def talks(client, server):
    """A byte there and one back."""
    for sender, receiver in ((client, server), (server, client)):
        sender.sendall(b"x")
        if receiver.recv(1) != b"x":
            return False
    return True


def fence(inside, outside, family=4):
    """What they sent one another before this has had its time."""
    client, server = connection(inside, outside, family)
    assert talks(client, server)
    client.close()
    server.close()


class Found:
    """What one place was seen to do. `mapping` and `filtering` are words of natrules; None
    where nothing gets out at all."""

    def __init__(self, mapping=None, filtering=None, endpoint=None):
        self.mapping, self.filtering, self.endpoint = mapping, filtering, endpoint

    def __repr__(self):
        return f"mapping {self.mapping}, filtering {self.filtering}, seen at {self.endpoint}"


def _mapping(own, seen):
    """From the endpoints that two ports of one host and a port of another one saw."""
    first, other_port, other_host = seen
    if first == other_host:
        return NO_MAPPING if first == own else ENDPOINT
    return ADDRESS if first == other_port else ADDRESS_AND_PORT


def _filtering(admits_other_port, admits_stranger):
    if admits_stranger:
        return ENDPOINT
    return ADDRESS if admits_other_port else ADDRESS_AND_PORT


def _udp_mapping(inside, one, other, family):
    """The mapping, and whether anything came at all."""
    sender = udp(inside, 0, family)
    receivers = [(one, udp(one, 0, family)), (one, udp(one, 0, family)),
                 (other, udp(other, 0, family))]
    for machine, receiver in receivers:
        sender.sendto(b"hello", (machine.address(family), port_of(receiver)))
    fence(inside, one, family)
    fence(inside, other, family)
    ready = select.select([receiver for _, receiver in receivers], [], [], GRACE_S)[0]
    if not ready:
        return None
    seen = [receiver.recvfrom(64)[1][:2] for _, receiver in receivers]
    return _mapping((inside.address(family), port_of(sender)), seen)


def probe_udp(inside, one, other, family=4):
    """From two machines outside, one of which is sent to."""
    mapping = _udp_mapping(inside, one, other, family)
    if not mapping:
        return Found()
    receiver, contact = udp(inside, 0, family), udp(one, 0, family)
    receiver.sendto(b"hello", (one.address(family), port_of(contact)))
    endpoint = contact.recvfrom(64)[1]
    udp(one, 0, family).sendto(b"other port", endpoint)
    udp(other, 0, family).sendto(b"stranger", endpoint)
    contact.sendto(b"answer", endpoint)
    texts = heard(receiver, "answer")
    return Found(mapping, _filtering("other port" in texts, "stranger" in texts), endpoint[:2])


def _tcp_mapping(inside, one, other, family):
    first = tcp(inside, 0, family)
    seen = []
    for machine in (one, one, other):
        server = listener(machine, 0, family)
        client = first if not seen else tcp(inside, port_of(first), family)
        client.connect((machine.address(family), port_of(server)))
        seen.append((server.accept()[1][:2], client))
    return _mapping((inside.address(family), port_of(first)), [where for where, _ in seen])


def await_all(comers, limit_s):
    """Until each of them is connected, or failed, or the time is over."""
    end, waiting = time.monotonic() + limit_s, list(comers)
    while waiting and time.monotonic() < end:
        done = select.select([], waiting, [], end - time.monotonic())[1]
        waiting = [comer for comer in waiting if comer not in done]


def probe_tcp(inside, one, other, family=4):
    """From two machines outside, one of which is connected to from the port listened on."""
    mapping = _tcp_mapping(inside, one, other, family)
    server = listener(inside, 0, family)
    registry = listener(one, 0, family)
    held = tcp(inside, port_of(server), family)
    held.connect((one.address(family), port_of(registry)))
    link, endpoint = registry.accept()
    comers = [begin_connect(tcp(machine, 0, family), endpoint) for machine in (one, other)]
    fence(inside, one, family)
    fence(inside, other, family)
    assert talks(held, link)
    await_all(comers, GRACE_S)
    admitted = [tcp_state(comer)[0] for comer in comers]
    return Found(mapping, _filtering(*admitted), endpoint[:2])


class Dialler:
    """One side of two that meet as PROTOCOL tells: it listens, its link to a third machine
    leaves from the port it listens on, and so does its connection to the other."""

    def __init__(self, inside, registry, family, listens=True):
        """`registry` is (the third machine, a listener there)."""
        machine, server = registry
        self.inside, self.family, self.listens = inside, family, listens
        self.link = tcp(inside, 0, family, is_shared=listens)
        self.link.connect((machine.address(family), port_of(server)))
        self.link_there, self.endpoint = server.accept()
        self.listener = listener(inside, port_of(self.link), family) if listens else None
        self.out = None

    def dial(self, other):
        self.out = begin_connect(
            tcp(self.inside, port_of(self.link), self.family, is_shared=self.listens),
            other.endpoint)

    def is_connected(self):
        return tcp_state(self.out)[0]

    def has_tried(self, times):
        return tcp_state(self.out)[1] >= times


def meet(pairs, within_s=WAIT_S):
    """All of these pairs of diallers dial one another. Which of them met; one that did not has
    sent its SYN three times."""
    for one, other in pairs:
        one.dial(other)
        other.dial(one)

    def is_met(pair):
        return any(side.is_connected() for side in pair)

    def is_settled():
        return all(is_met(pair) or all(side.has_tried(2) for side in pair) for pair in pairs)
    wait_until("all have met or tried thrice", is_settled, within_s)
    return [is_met(pair) for pair in pairs]


def family_of(site):
    """One by which its hosts get out."""
    return min(site.families)


def outside(lab):
    """Two machines that are not behind anything, for one to be known and one a stranger."""
    return lab.tracker, lab.site("open").host
