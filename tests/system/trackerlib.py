# SPDX-License-Identifier: MIT
"""A tracker that runs, and peers that speak to it.

The frames are written from PROTOCOL alone, apart from the C code; TLS is lent by badpeer.
"""

import base64
import collections
import json
import os
import select
import signal
import struct
import subprocess
import time

from badpeerlib import BYE, PING, PONG, BadPeer, frame
from kithlib import SANITIZER, WAIT_S, kith_path, run_kith

REGISTER, WELCOME, REACHABLE, PEERS, LOOKUP, CALL, RING, REFUSED = range(0x20, 0x28)
HERE, AWAY = 0, 1
MEET, RELAY = 0, 1
TAG = b"\x42" * 32
LEAVING, REPLACED, DISCONNECTED, FAULT, LIMIT = range(5)  # reasons in BYE

Entry = collections.namedtuple("Entry", "state id name seen records")
Welcome = collections.namedtuple("Welcome", "version capabilities refresh observed count")


def bytes8(raw):
    return bytes([len(raw)]) + raw


def bytes16(raw):
    return struct.pack(">H", len(raw)) + raw


def record(ident, counter=1, addresses=(), expiry=None):
    """An address record; a tracker cannot tell whether it was signed well."""
    expiry = int(time.time()) + 86400 if expiry is None else expiry
    return (ident + struct.pack(">QQB", counter, expiry, len(addresses)) +
            b"".join(bytes8(a.encode()) for a in addresses) + bytes(64))


def register(name=b"", tag=TAG, versions=(1, 1), flags=0, port=0, public=b"", local=b""):
    return frame(REGISTER, bytes(versions) + bytes([flags]) + tag + bytes8(name) +
                 struct.pack(">H", port) + bytes16(public) + bytes16(local))


def lookup(token, value, by_name=False):
    return frame(LOOKUP, struct.pack(">QB", token, by_name) + bytes8(value))


def call(token, ident, how=MEET):
    return frame(CALL, struct.pack(">Q", token) + ident + bytes([how]))


class Fields:
    """Read one after the other."""

    def __init__(self, raw):
        self.raw = raw

    def take(self, size):
        assert len(self.raw) >= size, "cut short"
        taken, self.raw = self.raw[:size], self.raw[size:]
        return taken

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def text(self, size=1):
        return self.take(self.number(size))


def read_welcome(raw):
    f = Fields(raw)
    return Welcome(f.number(1), f.number(4), f.number(2), f.text().decode(), f.number(4))


def read_peers(raw):
    """Token, whether there are more, entries."""
    f = Fields(raw)
    token, flags, count = f.number(8), f.number(1), f.number(1)
    entries = []
    for _ in range(count):
        state, ident, name, seen = f.number(1), f.take(32), f.text(), f.number(8)
        entries.append(Entry(state, ident, name, seen, [f.text(2) for _ in range(f.number(1))]))
    return token, bool(flags & 1), entries


def id_text(raw):
    return base64.b32encode(raw).decode().lower().rstrip("=")


class Registrant(BadPeer):
    """A peer of a tracker."""

    def __init__(self, scene, tracker, seed=None):
        super().__init__(scene, "dial", tracker.address, seed, alpn="kith-tracker/1")
        self.up()
        self.welcome = None
        self.known = {}  # by id: the entry told last

    def register(self, name=b"", **fields):
        """Registered, and welcome."""
        self.send(register(name, **fields))
        self.welcome = read_welcome(self.wait_frame(WELCOME))
        return self

    def wait_known(self, ident, condition, what="told"):
        """Until what it was told last of `ident` fits."""
        deadline = time.monotonic() + WAIT_S
        while ident not in self.known or not condition(self.known[ident]):
            assert time.monotonic() < deadline, f"never {what}"
            _, _, entries = read_peers(self.wait_frame(PEERS))
            self.known.update((entry.id, entry) for entry in entries)
        return self.known[ident]

    def sees(self, other, name=None, state=HERE):
        return self.wait_known(other.id, lambda entry: entry.state == state and
                               (name is None or entry.name == name), f"{name} {state}")

    def look_up(self, value, by_name=False, token=77):
        self.send(lookup(token, value, by_name))
        while True:
            got, _, entries = read_peers(self.wait_frame(PEERS))
            if got == token:
                return entries

    def ping(self):
        self.send(frame(PING, struct.pack(">Q", 9)))
        assert self.wait_frame(PONG) == struct.pack(">Q", 9)

    def bye(self):
        """The reason of the BYE that comes; then it is closed."""
        reason = self.wait_frame(BYE)[0]
        self.wait_down()
        return reason


class Crowd:
    """Many peers in one process; see crowd.c."""

    def __init__(self, scene, tracker, count, tag=0x42):
        self.process = subprocess.Popen(
            [os.environ["KITH_CROWD"], tracker.address, str(count), str(tag)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        scene.at_end(self.end)
        self.registered, self.ended, self.took_ms = self.answer("settled")

    def answer(self, word):
        line = self.process.stdout.readline().split()
        assert line and line[0].decode() == word, line
        return [int(number) for number in line[1:]]

    def ask(self, order, word):
        self.order(order)
        return self.answer(word)

    def order(self, order):
        self.process.stdin.write(order.encode() + b"\n")
        self.process.stdin.flush()

    def end(self):
        """As a process that died."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Tracker:
    """`kith tracker` with a home of its own. Keeps its address over restarts."""

    def __init__(self, scene, *flags, env=None, prefix=()):
        self.scene, self.flags, self.env, self.prefix = scene, flags, env or {}, prefix
        self.home = os.path.join(scene.path, f"t{len(scene.closers)}")
        self.host, self.port = scene.host(), 0
        self.log_path = self.home + ".log"
        self.process = self.ready = None
        scene.at_end(self.close)

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    @property
    def id(self):
        return self.ready["id"]

    def start(self, *flags):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, kith_path(), "tracker", "--json", "--home", self.home,
                 "--listen", self.address, *self.flags, *flags],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                env={**os.environ, **self.env})
        self.ready = json.loads(self.line())
        self.port = int(self.ready["listen"][0].rpartition(":")[2])
        return self

    def line(self):
        """The next line of its output."""
        line, deadline = b"", time.monotonic() + WAIT_S
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            assert left > 0, f"no line:\n{self.log()}"
            if select.select([self.process.stdout], [], [], left)[0]:
                piece = os.read(self.process.stdout.fileno(), 1)
                assert piece, f"ended:\n{self.log()}"
                line += piece
        return line

    def kith(self, *args, **options):
        return run_kith("tracker", "--home", self.home, *args, **options)

    def here(self):
        """Names of who is here, by its own list."""
        return sorted(peer["name"] for peer in self.kith("list", "--json").expect(0).lines())

    def stats(self):
        return self.kith("stats", "--json").expect(0).lines()[0]

    def log(self):
        with open(self.log_path, "rb") as file:
            return file.read().decode(errors="replace")

    def stop(self, number=signal.SIGTERM, within_s=WAIT_S):
        self.process.send_signal(number)
        return self.ended(within_s)

    def ended(self, within_s=WAIT_S):
        code = self.process.wait(within_s)
        self.process.stdout.close()
        assert code == 0, f"ended with {code}:\n{self.log()}"
        assert not SANITIZER.search(self.log()), self.log()

    def kill(self):
        self.process.kill()
        self.process.wait(WAIT_S)
        self.process.stdout.close()

    def peer(self, name=None, seed=None, **fields):
        """Somebody connected; registered, if there is a name."""
        peer = Registrant(self.scene, self, seed)
        return peer if name is None else peer.register(name, **fields)

    def close(self):
        if self.process is None or self.process.poll() is not None:
            return
        try:
            self.stop()
        finally:
            if self.process.poll() is None:
                self.kill()


class PlainTracker(Tracker):
    """With no flags but those given, for a while."""

    def __init__(self, flags, env=None):
        self.process = subprocess.Popen(
            [kith_path(), "tracker", *flags], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env={**os.environ, **(env or {})})

    def log(self):
        return ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
