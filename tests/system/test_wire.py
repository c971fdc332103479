# SPDX-License-Identifier: MIT
"""What somebody between two nodes sees and can do: bytes that say nothing, and cut links."""

import os
import random
import socket
import threading
import zlib

from badpeerlib import LOBBY as LOBBY_ID
from badpeerlib import id_bytes
from kithlib import case, main, same, wait_until

LOBBY = "#lobby"


class Between:
    """Forwards connections to a node, keeps all bytes, and changes some if told to."""

    def __init__(self, scene, host, port):
        self.target = (host, port)
        self.seen = bytearray()
        self.connections = 0
        self.forwarded = 0
        self.damage_at = None  # counted over all that is forwarded
        self.lock = threading.Lock()
        self.sockets = set()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        scene.at_end(self.close)

    def accept(self):
        while True:
            try:
                near, _ = self.server.accept()
                far = socket.create_connection(self.target)
            except OSError:
                if self.server.fileno() < 0:
                    return
                near.close()  # the node is away
                continue
            with self.lock:
                self.connections += 1
                self.sockets |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.forward, args=(source, sink), daemon=True).start()

    def forward(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(self.keep(bytearray(data)))
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def keep(self, data):
        with self.lock:
            self.seen += data
            at = None if self.damage_at is None else self.damage_at - self.forwarded
            self.forwarded += len(data)
            if at is not None and at < len(data):
                data[max(at, 0)] ^= 1
                self.damage_at = None
        return data

    def damage_after(self, count):
        """Flip a bit of the byte that comes after `count` more."""
        with self.lock:
            self.damage_at = self.forwarded + count

    def is_damaged(self):
        return self.damage_at is None

    def cut(self):
        with self.lock:
            for end in self.sockets:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.server.close()
        self.cut()
        for end in self.sockets:
            end.close()


def pair_with_somebody_between(scene):
    alice = scene.node("Alice-Ardent")
    between = Between(scene, alice.host, alice.port)
    bob = scene.make("Bob-Bountiful", "--peer", between.address).start()
    scene.linked(alice, bob)
    return alice, bob, between


@case("neither texts nor names nor rooms can be read on the way")
def _(scene):
    alice, bob, between = pair_with_somebody_between(scene)
    secret = "the treasure lies under the third oak. "
    alice.say("Bob-Bountiful", secret * 40)
    bob.say(LOBBY, "Ich sage es allen: " + secret)
    wait_until("both arrived", lambda: len(alice.texts()) == 2 and len(bob.texts()) == 2)
    seen = bytes(between.seen)
    assert len(seen) > 2000, "nothing went through here"
    for what in (b"treasure", b"third oak", b"Ich sage", b"Alice-Ardent", b"Bob-Bountiful",
                 b"Ardent", b"Bountiful", b"lobby", LOBBY_ID, id_bytes(bob.id), id_bytes(alice.id),
                 bob.id.encode(), alice.id.encode()):
        assert what not in seen, f"{what} can be read on the way"
    # What is encrypted is random: it cannot be made smaller.
    assert len(zlib.compress(seen[-4000:], 9)) > 3800, "the last bytes are no ciphertext"


@case("a flipped bit ends the link and nothing else: it heals, and nothing is lost or doubled")
def _(scene):
    alice, bob, between = pair_with_somebody_between(scene)
    seed = int(os.environ.get("KITH_SEED") or random.randrange(10 ** 6))
    print(f"# KITH_SEED={seed}")
    dice = random.Random(seed)
    said = []
    for round_ in range(8):
        between.damage_after(dice.randrange(1, 3000))
        for count in range(10):
            for node in (alice, bob):
                text = f"{node.name} {round_}.{count} " + "x" * dice.randrange(500)
                node.say(LOBBY, text)
                said.append(text)
        wait_until("the bit was flipped", between.is_damaged)
        scene.linked(alice, bob)
        for node in (alice, bob):
            wait_until(f"all is at {node.name}", lambda n=node: len(n.texts()) >= len(said))
            same(sorted(node.texts()), sorted(said), f"history of {node.name}")
    assert between.connections > 4, f"{between.connections} connections: no link ever fell"
    same(alice.texts(), bob.texts(), "the order")


@case("a bit flipped in the handshake is survived too")
def _(scene):
    alice = scene.node("alice")
    between = Between(scene, alice.host, alice.port)
    for at in (3, 60, 200, 400, 700):
        between.damage_after(at)
        bob = scene.make("bob", "--peer", between.address).start()
        scene.linked(alice, bob)
        bob.stop()


@case("links cut again and again lose and double nothing")
def _(scene):
    alice, bob, between = pair_with_somebody_between(scene)
    said = []
    for round_ in range(10):
        for count in range(20):
            node = (alice, bob)[count % 2]
            said.append(node.say(LOBBY, f"{round_}.{count}")["text"])
            if count == 10:
                between.cut()
    wait_until("all is at both", lambda: all(len(n.texts()) >= len(said) for n in (alice, bob)))
    for node in (alice, bob):
        same(sorted(node.texts()), sorted(said), f"history of {node.name}")
    same(alice.texts(), bob.texts(), "the order")


@case("a direct message does not pass through a third peer: it waits for its own")
def _(scene):
    alice, bob = scene.node("alice"), scene.node("bob")
    middle = scene.node("middle", alice, bob)
    scene.linked(alice, middle)
    scene.linked(bob, middle)
    alice.say(bob.id, "for bob's eyes")
    middle.say(LOBBY, "I am here")
    wait_until("the lobby goes on", lambda: "I am here" in alice.texts())
    same([m["text"] for m in middle.history()], ["I am here"], "what the middle has")
    same(next(m for m in alice.history() if m["direct"])["state"], "pending")
    bob_direct = scene.make("bob", "--peer", alice.address, home=bob.home, host=bob.host)
    bob.stop()
    bob_direct.start()
    wait_until("bob himself has it", lambda: "for bob's eyes" in bob_direct.texts())


if __name__ == "__main__":
    main()
