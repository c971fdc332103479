# SPDX-License-Identifier: MIT
"""A neighbour who sends what no node would: datagrams of any kind, from any source."""

import ctypes
import hashlib
import os
import socket
import struct
import threading

from discoverylib import PORT
from kithlib import Skip

NETWORK_KEY = bytes.fromhex(  # of the network `home` (docs/PROTOCOL.md, "Constants")
    "4cf29342dba57266a0cfbba9f431b2043d219c147d0bcda4d3a2aa114f0426ed")
MAGIC = b"kithbcn1"
ANSWER, GOODBYE = 1, 2
BEACON_SIZE = 8 + 24 + 60 + 64 + 16
CLONE_NEWNET = 0x40000000


def _sodium():
    for name in ("libsodium.so.23", "libsodium.so.26", "libsodium.so"):
        try:
            library = ctypes.CDLL(name)
            library.sodium_init()
            return library
        except OSError:
            pass
    raise Skip("no libsodium that can be loaded, to sign beacons with")


class Identity:
    """Somebody who can sign beacons, and runs nothing."""

    def __init__(self, port):
        self.sodium = _sodium()
        self.key, self.secret = (ctypes.create_string_buffer(size) for size in (32, 64))
        self.sodium.crypto_sign_keypair(self.key, self.secret)
        self.id, self.boot, self.port, self.counter = self.key.raw, os.urandom(16), port, 0

    def beacon(self, flags=0, as_id=None):
        """A datagram; signed by this identity even if it names another (`as_id`)."""
        self.counter += 1
        fields = struct.pack(">BB32s16sQH", 1, flags, as_id or self.id, self.boot, self.counter,
                             self.port)
        message = b"kith bcn 1" + hashlib.blake2b(fields, key=NETWORK_KEY, digest_size=32).digest()
        signature = ctypes.create_string_buffer(64)
        self.sodium.crypto_sign_detached(signature, None, message,
                                         ctypes.c_ulonglong(len(message)), self.secret)
        plain, nonce = fields + signature.raw, os.urandom(24)
        sealed = ctypes.create_string_buffer(len(plain) + 16)
        self.sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
            sealed, None, plain, ctypes.c_ulonglong(len(plain)), MAGIC,
            ctypes.c_ulonglong(len(MAGIC)), None, nonce, NETWORK_KEY)
        return MAGIC + nonce + sealed.raw


def noise():
    """What looks like a beacon of another network."""
    return MAGIC + os.urandom(BEACON_SIZE - len(MAGIC))


def open_socket(host, *kind):
    """A socket of this process in the namespace of that host."""
    made = []

    def make():
        with open(f"/proc/{host.holder.pid}/ns/net", "rb") as space:
            if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), CLONE_NEWNET) == 0:
                made.append(socket.socket(*kind))
    thread = threading.Thread(target=make)  # a thread's own namespace ends with it
    thread.start()
    thread.join()
    if not made:
        raise Skip("no socket can be opened in another namespace here")
    return made[0]


class Neighbour:
    """On a host; sends to the discovery port of everybody, or of one."""

    def __init__(self, scene, host):
        self.scene, self.host = scene, host
        self.everybody = (host.bridges[0].ipv4(255), PORT)
        self.udp = self.new_udp()
        self.raw = None

    def new_udp(self, port=0):
        udp = open_socket(self.host, socket.AF_INET, socket.SOCK_DGRAM)
        self.scene.at_end(udp.close)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        udp.bind(("", port))
        return udp

    def listen(self):
        """Accepts TCP, and says nothing on it."""
        tcp = open_socket(self.host, socket.AF_INET, socket.SOCK_STREAM)
        self.scene.at_end(tcp.close)
        tcp.bind(("", 0))
        tcp.listen(16)
        return tcp

    def send(self, datagram, udp=None):
        (udp or self.udp).sendto(datagram, self.everybody)

    def spoof(self, datagram, source, to):
        """To one host, as if from that address and port."""
        if self.raw is None:
            self.raw = open_socket(self.host, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            self.scene.at_end(self.raw.close)
        size = 8 + len(datagram)
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + size, 0, 0, 64, socket.IPPROTO_UDP, 0,
                           socket.inet_aton(source[0]), socket.inet_aton(to))
        try:
            self.raw.sendto(head + struct.pack(">HHHH", source[1], PORT, size, 0) + datagram,
                            (to, 0))
        except BlockingIOError:
            pass  # faster than the wire


def heard(udp, within_s):
    """Every datagram that comes until none did for that long."""
    udp.settimeout(within_s)
    got = []
    try:
        while True:
            got.append(udp.recv(2048))
    except TimeoutError:
        return got
