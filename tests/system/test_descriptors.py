# SPDX-License-Identifier: MIT
"""A node whose descriptors are few, or that has none left."""

import json
import os
import resource
import select
import socket
import time

from discoverylib import cpu_s
from kithlib import DONE, FAILED, WAIT_S, UnixConnection, case, main, run_kith, same, wait_until

LOBBY = "#lobby"
TEXT_SIZE = 60000
BATCHES, BATCH = 8, 40  # 19 MB, twice what a checkpoint is due for
RESTING_S = 0.1  # of CPU time, in a second


@case("32 descriptors are enough to be linked and asked, and fewer are said to be too few")
def _(scene):
    for command in ("up", "tracker"):
        for count in (16, 31):
            run_kith(command, "--home", scene.path + "/h", "--listen", "127.0.0.1:0",
                     prefix=("prlimit", f"--nofile={count}")).expect(
                FAILED, f"only {count} files", "ulimit -n")
    assert not os.path.exists(scene.path + "/h"), "a home was made"
    alice = scene.make("alice", prefix=("prlimit", "--nofile=32")).start()
    others = [scene.node(name, alice) for name in ("bob", "carol")]
    for other in others:
        wait_until("linked", lambda o=other: o.id in alice.online())
        other.kith("send", "--wait", "delivered", "alice", "through").expect(DONE)
    same(alice.texts(), ["through"] * 2)


# ---- none left ----

def lowest_free(node):
    """The number of the descriptor that the node would open next."""
    taken = {int(fd) for fd in os.listdir(f"/proc/{node.process.pid}/fd")}
    return next(fd for fd in range(len(taken) + 1) if fd not in taken)


class Shortage:
    """From now until `ends` the node can open nothing, whatever it closes not."""

    def __init__(self, node):
        self.pid = node.process.pid
        self.before = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (lowest_free(node), self.before[1]))

    def ends(self):
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, self.before)


class Program:
    """One that asks a node by a connection that it keeps."""

    def __init__(self, scene, node):
        self.connection = UnixConnection(node.ready["socket"])
        scene.at_end(self.connection.close)
        self.ask("GET", "/self")

    def ask(self, method, path, body=None):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body)
        kind = "application/jsonl" if isinstance(body, bytes) else "application/json"
        self.connection.request(method, "/api/v1" + path, data, {"Content-Type": kind})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def say(self, target, text):
        same(self.ask("POST", "/messages", {"to": target, "text": text})[0], 201)

    def say_many(self, number):
        lines = [json.dumps({"to": LOBBY, "text": f"{number}.{i} {'x' * TEXT_SIZE}"})
                 for i in range(BATCH)]
        status, answer = self.ask("POST", "/messages/batch", "\n".join(lines).encode())
        same((status, answer["stored"]), (200, BATCH))
        return [f"{number}.{i}" for i in range(BATCH)]


class Caller:
    """Somebody at a door of a node, who has said `hello` there and waits for an answer."""

    def __init__(self, scene, family, address, hello):
        self.socket = socket.socket(family)
        scene.at_end(self.socket.close)
        self.socket.connect(address)
        self.socket.sendall(hello)
        self.socket.settimeout(WAIT_S)

    def is_answered(self):
        """By now?"""
        return bool(select.select([self.socket], [], [], 0)[0])

    def answer(self):
        return self.socket.recv(4096)


def callers_at(scene, node):
    """One at each door for programs."""
    asked = b"GET /api/v1/self HTTP/1.1\r\nHost: localhost\r\n\r\n"
    host, _, port = node.ready["http"].removeprefix("http://").rstrip("/").rpartition(":")
    return [Caller(scene, socket.AF_UNIX, node.ready["socket"], asked),
            Caller(scene, socket.AF_INET, (host, int(port)), asked)]


def cpu_in_a_second(node):
    used, began = cpu_s(node), time.monotonic()
    wait_until("a second has passed", lambda: time.monotonic() - began > 1)
    return cpu_s(node) - used


def short_texts(node):
    return [text.split(" x")[0] for text in node.texts()]


@case("with no descriptor left it talks on, waits at its doors, and has them served afterwards")
def _(scene):
    alice, bob = scene.pair()
    carol, dave = scene.node("carol"), scene.make("dave", "--peer", alice.address)
    program = Program(scene, alice)
    program.say(LOBBY, "first")  # whatever that opens is open
    shortage = Shortage(alice)

    program.say(bob.id, "to bob")
    bob.kith("send", "--wait", "delivered", alice.id, "to alice").expect(DONE)
    wait_until("it arrives", lambda: "to bob" in bob.texts())
    said = ["first", "to bob", "to alice"]
    for number in range(BATCHES):
        said += program.say_many(number)
    wait_until("a checkpoint was in vain", lambda: alice.logs("no checkpoint", "ulimit -n"))
    status, problem = program.ask("POST", "/peers/connect", {"address": carol.address})
    same((status, problem["error"]), (503, "KITH_ELIMIT"))
    callers = callers_at(scene, alice)
    dave.start()

    wait_until("it rests for a second", lambda: cpu_in_a_second(alice) < RESTING_S)
    same([caller.is_answered() for caller in callers], [False] * len(callers))
    assert alice.id not in dave.online()
    same(program.ask("GET", "/self")[1]["id"], alice.id)

    shortage.ends()
    for caller in callers:
        assert caller.answer().startswith(b"HTTP/1.1 "), "no answer"
    alice.kith("connect", carol.address).expect(DONE)
    scene.linked(alice, dave)
    same(short_texts(alice), said)
    wait_until("bob has all of it", lambda: short_texts(bob) == said)
    for number in range(BATCHES, 2 * BATCHES):
        program.say_many(number)
    database = os.path.join(alice.home, "kith.db")
    wait_until("the next checkpoint moves all",
               lambda: os.path.getsize(database) > BATCHES * BATCH * TEXT_SIZE)


main()
