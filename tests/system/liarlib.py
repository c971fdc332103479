# SPDX-License-Identifier: MIT
"""A tracker that lies: what it tells its peer is written by the test.

    liar = Liar(scene)
    node = scene.make("alice", "--tracker", liar.address).start()
    liar.welcome()
    liar.send(peers(entry(…)))

TLS is lent by badpeer. Before that stands a relay that leads wherever the test says."""

import os
import select
import socket
import struct
import threading
import time

from badpeerlib import NETWORK_KEY, BadPeer, blake2b, frame
from trackerlib import (HERE, MEET, PEERS, REGISTER, RELAY, RING, WELCOME, Fields, bytes8,
                        bytes16, record)

RELAYS = 1  # capability
TICKET = os.urandom(32)
_MAGIC = b"kithrly1"
_RELAY_ALPN = b"kith-relay/1"


def signed_record(signer, ident=None, addresses=(), expiry_s=86400):
    """An address record of `ident`, by default the signer's own."""
    fields = record(ident or signer.id, int(time.time() * 1000), addresses,
                    int(time.time()) + expiry_s)[:-64]
    return fields + signer.sign(b"kith adr 1" + blake2b(fields, key=NETWORK_KEY))


def entry(ident, public=b"", local=b"", name=b"somebody", state=HERE):
    return (bytes([state]) + ident + bytes8(name) + struct.pack(">QB", int(time.time()), 2) +
            bytes16(public) + bytes16(local))


def peers(*entries):
    return frame(PEERS, struct.pack(">QBB", 0, 0, len(entries)) + b"".join(entries))


def ring_to_meet(ident, address, role=b"d"):
    return frame(RING, bytes(8) + ident + bytes([MEET]) + role + bytes8(address) + bytes8(b""))


def ring_to_be_relayed(ident, role=b"d"):
    return frame(RING, bytes(8) + ident + bytes([RELAY]) + role + bytes8(b"") + bytes8(TICKET))


def _carry(one, other):
    """Bytes both ways, until one side ends."""
    ways = {one: other, other: one}
    while True:
        for ready in select.select(list(ways), [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            ways[ready].sendall(data)


class Listener:
    """Takes connections on a loopback port of the kernel's choice, and counts them."""

    def __init__(self, scene):
        self.socket = socket.create_server((scene.host(), 0))
        self.address = "%s:%d" % self.socket.getsockname()
        self.count = 0
        scene.at_end(self.socket.close)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.count += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                self.taken(connection)
            except OSError:
                pass  # whoever it was is gone

    def taken(self, connection):
        """By default it is closed at once."""


class Liar(Listener):
    """`relays_to` is where tickets lead, whoever they are for; it counts those. Those shown
    inside TLS it hangs up on."""

    def __init__(self, scene):
        self.relays_to, self.relayed = None, 0
        self.tls = BadPeer(scene, "listen", f"{scene.host()}:0", alpn="kith-tracker/1")
        self.tls_address = self.tls.wait("listening")[0]
        super().__init__(scene)

    def taken(self, connection):
        first = connection.recv(len(_MAGIC), socket.MSG_PEEK | socket.MSG_WAITALL)
        if first == _MAGIC:
            connection.recv(len(_MAGIC) + len(TICKET), socket.MSG_WAITALL)
            connection.sendall(b"\1")
            self.relayed += 1
        elif _RELAY_ALPN in connection.recv(4096, socket.MSG_PEEK):
            return
        to = self.relays_to if first == _MAGIC else self.tls_address
        host, _, port = to.rpartition(":")
        with socket.create_connection((host, int(port))) as onward:
            _carry(connection, onward)

    def welcome(self):
        """Somebody came and registered: let it in. Its record for everybody, if it has one."""
        self.tls.up()
        f = Fields(self.tls.wait_frame(REGISTER))
        f.take(35)
        f.text()
        f.take(2)
        self.send(frame(WELCOME, struct.pack(">BIH", 1, RELAYS, 30) +
                        bytes8(b"127.0.0.1:4747") + struct.pack(">I", 2)))
        return f.text(2)

    def send(self, *frames):
        self.tls.send(*frames)
