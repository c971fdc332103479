# SPDX-License-Identifier: MIT
"""Bytes of the peer protocol, right and wrong, and somebody to send them.

Written from PROTOCOL alone, apart from the C code, so that both must agree on it. TLS and
signatures are lent by the program badpeer, which Python's own library lacks.
"""

import base64
import hashlib
import os
import queue
import struct
import subprocess
import threading

from kithlib import WAIT_S

PROOF, HELLO, PING, PONG, BYE = 0x01, 0x02, 0x03, 0x04, 0x05
ADDRESSES = 0x06
ROOMS, VECTOR, RUN, HAVE, GRAFT, PRUNE, FORK, MORE = range(0x10, 0x18)
CALL, RING = 0x25, 0x26
CONTENT, CONTROL = 0, 1
MESSAGE, PROFILE = 1, 2
ZERO = bytes(32)


def blake2b(data, key=b"", size=32):
    return hashlib.blake2b(data, digest_size=size, key=key).digest()


NETWORK_KEY = blake2b(b"kith-nethome")


def open_room(name):
    return blake2b(b"kith-open" + NETWORK_KEY + name.encode())


LOBBY = open_room("lobby")


def direct_room(one, other):
    return blake2b(b"kith-direct" + min(one, other) + max(one, other))


def id_bytes(text):
    return base64.b32decode(text.upper() + "====")


def id_short(raw):
    return base64.b32encode(raw).decode().lower()[:12]


# ---- frames ----

def frame(kind, fields=b""):
    return struct.pack(">IB", 1 + len(fields), kind) + fields


def hello(name=b"mallory", versions=(1, 1), instance=None, addresses=(), lost=0, name_hlc=0):
    return frame(HELLO, struct.pack(">BB", *versions) + (instance or os.urandom(16)) +
                 struct.pack(">IB", 0, len(name)) + name + bytes([len(addresses)]) +
                 b"".join(bytes([len(a)]) + a for a in addresses) +
                 struct.pack(">IQ", lost, name_hlc))


def ping(token=7):
    return frame(PING, struct.pack(">Q", token))


def rooms(*tags, pad=16):
    tags = list(tags) + [os.urandom(16) for _ in range(pad - len(tags))]
    return frame(ROOMS, struct.pack(">H", len(tags)) + b"".join(sorted(tags)))


def entry(author=None, log=None, seq=1, head=None, log_class=CONTENT, floor=0):
    return ((author or os.urandom(32)) + bytes([log_class]) + (log or os.urandom(16)) +
            struct.pack(">QQ", floor, seq) + (head or os.urandom(32)))


def vector(tag, *entries, is_last=True, count=None):
    count = len(entries) if count is None else count
    return frame(VECTOR, tag + bytes([is_last]) + struct.pack(">H", count) + b"".join(entries))


def entries(fields):
    """Of a VECTOR: (author, class, log, seq, head) of each."""
    for at in range(19, len(fields), 97):
        floor_seq = struct.unpack(">QQ", fields[at + 49:at + 65])
        yield (fields[at:at + 32], fields[at + 32], fields[at + 33:at + 49], floor_seq[1],
               fields[at + 65:at + 97])


def graft(tag, kind=GRAFT, author=None, log=None, seq=1, wanted=None, have=()):
    return frame(kind, tag + (author or os.urandom(32)) + (log or os.urandom(16)) +
                 struct.pack(">Q", seq) + (wanted or os.urandom(32)) + bytes([len(have)]) +
                 b"".join(struct.pack(">Q", at) + head for at, head in have))


# ---- runs ----

def hlc(ms, counter=0):
    return ms << 16 | counter


def message_body(text):
    return struct.pack(">I", len(text)) + text


class Run:
    """One signed run, in the making: change a field, then take `bytes`."""

    def __init__(self, peer, room, now_ms, *texts, author=None, seq=1, prev=ZERO, log=None,
                 kind=MESSAGE, log_class=CONTENT):
        self.peer, self.room = peer, room
        self.author = author or peer.id
        self.log = log or os.urandom(16)
        self.log_class = log_class
        self.seq, self.prev = seq, prev
        self.events = []  # [own part, content]
        for i, text in enumerate(texts):
            self.add(hlc(now_ms, i), message_body(text), kind)

    def add(self, at, body, kind=MESSAGE, body_hash=None):
        content = os.urandom(16) + body
        own = struct.pack(">QHBBI", at, kind, 0, 0, len(body)) + (body_hash or blake2b(content))
        self.events.append((own, content))

    @property
    def head(self):
        """The id of the last event."""
        prev = self.prev
        for i, (own, _) in enumerate(self.events):
            prev = blake2b(b"\1" + self.room + self.author + bytes([self.log_class]) +
                           self.log + struct.pack(">Q", self.seq + i) + prev + own)
        return prev

    def bytes(self, signature=None):
        signature = signature or self.peer.sign(b"kith run 1" + self.head)
        return (b"\1" + self.author + bytes([self.log_class]) + self.log +
                struct.pack(">Q", self.seq) + self.prev + signature +
                bytes([len(self.events)]) +
                b"".join(struct.pack(">H", len(own)) + own + b"\1" + content
                         for own, content in self.events))

    def frame(self, signature=None):
        return frame(RUN, self.peer.tag(self.room) + self.bytes(signature))


# ---- somebody ----

class Down(AssertionError):
    """The link is no more, and something was awaited of it."""


class BadPeer:
    """Dials a node, or listens for one."""

    def __init__(self, scene, verb, address, seed=None, alpn="kith/1"):
        self.is_dialler = verb == "dial"
        self.lines = queue.Queue()
        self.process = subprocess.Popen(
            [os.environ["KITH_BADPEER"], verb, address, (seed or os.urandom(32)).hex(), alpn],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        scene.at_end(self.end)
        self.id = bytes.fromhex(self.wait("self")[0])
        self.peer = self.exporter_net = self.exporter_room = None

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.decode().split())
        self.lines.put(["end"])

    def wait(self, *words, within_s=WAIT_S):
        """The rest of the next line that begins with one of `words`; others are let go."""
        while True:
            line = self.lines.get(timeout=within_s)
            if line[0] in words:
                return line[1:]
            if line[0] in ("end", "down", "failed"):
                raise Down(f"wanted {words}, got {line}")

    def wait_frame(self, kind):
        while True:
            raw = bytes.fromhex(self.wait("frame")[0])
            if raw[0] == kind:
                return raw[1:]

    def wait_down(self):
        return self.wait("down")[0]

    def order(self, *words):
        try:
            self.process.stdin.write(" ".join(words).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def send(self, *frames):
        self.order("send", b"".join(frames).hex())

    def poured(self):
        """So many bytes left since it was told to `pour` or `chain`."""
        self.order("poured")
        return int(self.wait("poured")[0])

    def sign(self, message):
        self.order("sign", message.hex())
        return bytes.fromhex(self.wait("signature")[0])

    def end(self):
        """As a process that died."""
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()

    # ---- the greeting, as far as wanted ----

    def up(self):
        """TLS is done."""
        up = self.wait("up")
        self.peer, self.exporter_net, self.exporter_room = map(bytes.fromhex, up)
        return self

    def proof(self, is_dialler=None):
        is_dialler = self.is_dialler if is_dialler is None else is_dialler
        ends = (self.id, self.peer) if self.is_dialler else (self.peer, self.id)
        return blake2b(b"kith-net-1" + (b"d" if is_dialler else b"l") + self.exporter_net +
                       b"".join(ends), key=NETWORK_KEY)

    def prove(self):
        """Both proofs went."""
        self.send(frame(PROOF, self.proof()))
        self.wait_frame(PROOF)
        return self

    def greet(self, name=b"mallory", instance=None):
        """Both HELLOs went."""
        self.send(hello(name, instance=instance))
        self.wait_frame(HELLO)
        return self

    def tag(self, room):
        """Of a room, on what this side sends."""
        role = b"d" if self.is_dialler else b"l"
        return blake2b(role + self.id + self.peer + room, key=self.exporter_room, size=16)

    def share(self, *shared):
        self.send(rooms(*(self.tag(room) for room in shared)))
        self.wait_frame(VECTOR)
        return self

    def live(self, name=b"mallory"):
        """Everything is as it should be, up to the rooms."""
        self.up().prove().greet(name)
        return self.share(LOBBY, direct_room(self.id, self.peer))

    def is_served(self):
        """Is a ping answered? The sign that all before it was taken."""
        token = os.urandom(8)
        self.send(frame(PING, token))
        while self.wait_frame(PONG)[:8] != token:
            pass
        return True
