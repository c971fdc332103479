#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two hundred programs that follow one node: the quick, the slow, the dead, and those that
come again. Over the socket in the home, and over TCP."""

import json
import os
import re
import select
import socket
import time
import urllib.parse

from kithlib import WAIT_S, case, main, same, wait_until

CLIENTS = 200
ROUNDS, A_ROUND = 12, 25
EVENTS = ROUNDS * A_ROUND
SLOW_SIZE = 700   # read in a round, of about 40 KiB that come
FILLER = "x" * 1500  # all of it together is more than a socket and a queue hold
EVENT_ID = re.compile(rb"id: (\d+)\nevent: message\ndata: (.*)", re.DOTALL)


class SocketDoor:
    """The socket in the home of a node."""

    def __init__(self, node):
        self.family, self.address = socket.AF_UNIX, node.ready["socket"]
        self.headers = "Host: localhost\r\n"

    def connect(self):
        client = socket.socket(self.family)
        client.settimeout(WAIT_S)
        client.connect(self.address)
        return client


class TcpDoor(SocketDoor):
    """Its TCP, with the token."""

    def __init__(self, node):
        url = urllib.parse.urlsplit(node.ready["http"])
        with open(os.path.join(node.home, "token"), encoding="ascii") as file:
            token = file.read().strip()
        self.family, self.address = socket.AF_INET, (url.hostname, url.port)
        self.headers = f"Host: {url.netloc}\r\nAuthorization: Bearer {token}\r\n"


class Client:
    """A program that follows: what it has been told so far, and no more than it reads."""

    def __init__(self, door):
        self.door, self.got = door, []
        self.connect("")

    def connect(self, headers):
        self.raw, self.body, self.has_head, self.is_over = b"", b"", False, False
        self.sock = self.door.connect()
        self.sock.sendall("GET /api/v1/stream HTTP/1.1\r\n"
                          f"{self.door.headers}{headers}\r\n".encode())

    def begun(self):
        """Wait until it follows: what is said from now on is for it."""
        while b"retry:" not in self.body:
            self.read()
            assert not self.is_over, self.raw
        return self

    def again(self):
        """Hang up, and come again by the last whole event."""
        last = self.got[-1][0] if self.got else 0
        self.sock.close()
        self.connect(f"Last-Event-ID: {last}\r\n")

    def read(self, size=65536):
        try:
            piece = self.sock.recv(size)
        except ConnectionResetError:
            piece = b""
        self.is_over = not piece
        self.raw += piece
        if not self.has_head and b"\r\n\r\n" in self.raw:
            head, _, self.raw = self.raw.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 "), head
            self.has_head = True
        if self.has_head:
            self.take_chunks()
            self.take_events()

    def take_chunks(self):
        while b"\r\n" in self.raw:
            line, _, rest = self.raw.partition(b"\r\n")
            size = int(line, 16)
            if len(rest) < size + 2:
                return
            self.body += rest[:size]
            self.raw = rest[size + 2:]

    def take_events(self):
        *events, self.body = self.body.split(b"\n\n") if b"data:" in self.body else (self.body,)
        for event in events:
            if found := EVENT_ID.search(event):
                text = json.loads(found[2])["text"]
                self.got.append((int(found[1]), int(text.partition(" ")[0])))

    def is_done(self):
        return len(self.got) >= EVENTS


def read_ready(clients, within_s, **options):
    ready = select.select([c.sock for c in clients], [], [], within_s)[0]
    for client in [c for c in clients if c.sock in ready]:
        client.read(**options)
    return bool(ready)


def post(node, number):
    lines = "".join(json.dumps({"to": "#lobby", "text": f"{n} {FILLER}"}) + "\n"
                    for n in range(number * A_ROUND, (number + 1) * A_ROUND))
    status, answer = node.request("POST", "/messages/batch", lines.encode())
    same((status, answer["stored"]), (200, A_ROUND))


def read_to_the_end(clients):
    """Until all have all of it, or were closed."""
    deadline = time.monotonic() + 2 * WAIT_S
    while missing := [c for c in clients if not c.is_done() and not c.is_over]:
        assert time.monotonic() < deadline, f"{len(missing)} clients lack events"
        read_ready(missing, 1)


def follow(node, door):
    clients = [Client(door) for _ in range(CLIENTS)]
    for client in clients:
        client.begun()
    dead, slow, coming, quick = clients[:20], clients[20:40], clients[40:60], clients[60:]
    for number in range(ROUNDS):
        post(node, number)
        same(node.request("GET", "/self")[0], 200)
        while read_ready(quick + coming, 0):
            pass
        read_ready(slow, 0, size=SLOW_SIZE)
        for client in coming[number % 4::4]:
            client.again()
    same(len(node.texts()), EVENTS)
    read_to_the_end(quick + slow + coming)
    everything = quick[0].got
    same([number for _, number in everything], list(range(EVENTS)))
    for client in quick + slow + coming:
        same(client.got, everything)
    assert not any(client.got for client in dead)
    read_to_the_end(dead)  # those that were not closed yet come back to life
    for client in dead:
        same(client.got, everything[:len(client.got)])
    for client in clients:
        client.sock.close()


@case("200 that follow: whoever reads gets each message once and in order, whatever others do")
def _(scene):
    node = scene.node("alice")
    follow(node, SocketDoor(node))


@case("200 that follow over TCP: the same")
def _(scene):
    node = scene.node("alice")
    follow(node, TcpDoor(node))


def asks_in_vain(door):
    """Whether whoever comes now is turned away."""
    with door.connect() as client:
        return client.recv(4096).startswith(b"HTTP/1.1 503 ")


@case("with 256 descriptors 64 follow by each, more are turned away, and peers still come in")
def _(scene):
    few = ("sh", "-c", 'ulimit -n 256 && exec "$@"', "sh")
    alice = scene.make("alice", prefix=few).start()
    clients = []
    for door in (SocketDoor(alice), TcpDoor(alice)):
        clients += [Client(door).begun() for _ in range(64)]
        assert asks_in_vain(door)
    bob = scene.node("bob", alice)
    wait_until("bob is linked", lambda: alice.id in bob.online())
    clients[0].sock.close()
    bob.say("#lobby", "0 hello")
    for client in clients[1:]:
        while not client.got:
            client.read()
        same([number for _, number in client.got], [0])
        client.sock.close()


if __name__ == "__main__":
    main()
