# SPDX-License-Identifier: MIT
"""kill -9 under load: what was acknowledged is neither lost nor shown twice, also where a
tenth of all packets is lost.

KITH_SEED=N repeats the moments of a run, as far as the machine lets it."""

import collections
import http.client
import json
import os
import random
import subprocess
import threading
import time

from kithlib import UnixConnection, case, is_soak, kith_path, main, wait_until
from netns import become_root, check_lost, lossy_pair

ROUNDS = 50 if is_soak else 10
LOSS_PERCENT = 10
PACKETS_MIN = 10 * ROUNDS  # to each, for links alone
ACKNOWLEDGED_MAX = 300  # in a round, before the kill
BATCH = 40


class Writer(threading.Thread):
    """Says numbered things at a node until it dies, by single requests and by batches."""

    def __init__(self, node, target, label, seed):
        super().__init__(daemon=True)
        self.node, self.target, self.label = node, target, label
        self.random = random.Random(seed)
        self.acknowledged = []
        self.stopping = threading.Event()
        self.fault = None

    def run(self):
        connection = UnixConnection(self.node.ready["socket"])
        try:
            for count in range(10 ** 6):
                if self.stopping.is_set():
                    break
                self.say(connection, f"{self.label}.{count}", self.random.random() < 0.2)
        except (OSError, http.client.HTTPException):
            pass  # the node was killed
        except AssertionError as fault:
            self.fault = fault
        finally:
            connection.close()

    def say(self, connection, label, is_batch):
        texts = [f"{label}.{i}" for i in range(BATCH)] if is_batch else [label]
        lines = "\n".join(json.dumps({"to": self.target, "text": text}) for text in texts)
        connection.request("POST", "/api/v1/messages" + ("/batch" if is_batch else ""), lines + "\n",
                           {"Content-Type": "application/jsonl" if is_batch
                            else "application/json"})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status in (200, 201), (answer.status, body)
        assert not is_batch or json.loads(body)["stored"] == BATCH, body
        self.acknowledged += texts


def follow(scene, node):
    """A `kith tail` over all restarts; returns what gives the texts shown so far."""
    path = node.home + ".tail" + str(len(scene.closers))
    with open(path, "wb") as out:
        tail = subprocess.Popen([kith_path(), "tail", "--home", node.home, "--json"],
                                stdout=out, stderr=subprocess.DEVNULL)
    scene.at_end(lambda: (tail.kill(), tail.wait()))

    def shown():
        with open(path, "rb") as file:
            return [json.loads(line)["text"] for line in file.read().split(b"\n")[:-1]]
    return shown


def twice(texts):
    return [text for text, count in collections.Counter(texts).items() if count > 1]


def survive(scene, nodes, rounds):
    """Both say things all the time, and in each round one dies, or both. Nothing that was
    acknowledged is lost, here or there, and nothing is shown twice."""
    seed = int(os.environ.get("KITH_SEED") or random.randrange(10 ** 6))
    print(f"# KITH_SEED={seed}")
    dice = random.Random(seed)
    alice, bob = nodes
    shown = {node: follow(scene, node) for node in nodes}
    acknowledged = {"at first", "and then"}
    for text in ("at first", "and then"):  # the second one comes by the stream
        alice.say("#lobby", text)
        for node in nodes:
            wait_until("tail is there", lambda n=node, t=text: t in shown[n]())
    for round_ in range(rounds):
        writers = [Writer(node, target, f"{node.name}.{round_}.{target[0]}", dice.random())
                   for node, other in ((alice, bob), (bob, alice))
                   for target in ("#lobby", other.id)]
        for writer in writers:
            writer.start()
        enough = dice.randrange(1, ACKNOWLEDGED_MAX)
        wait_until("some are acknowledged", lambda: any(w.fault for w in writers) or
                   sum(len(w.acknowledged) for w in writers) >= enough)
        time.sleep(dice.random() * 0.02)  # not to wait for anything: any moment will do
        victims = nodes if round_ % 4 == 3 else nodes[round_ % 2:][:1]
        for node in victims:
            node.kill()
        for writer in writers:
            writer.stopping.set()
        for writer in writers:
            writer.join()
            assert writer.fault is None, writer.fault
        for node in victims:
            node.start()
        fresh = {text for writer in writers for text in writer.acknowledged}
        assert fresh, "nothing was acknowledged in this round"
        acknowledged |= fresh
        for node in nodes:
            wait_until(f"all of round {round_} is at {node.name}",
                       lambda n=node, f=fresh: f <= set(n.texts()))
    print(f"# {len(acknowledged)} acknowledged")
    for node in nodes:
        texts = node.texts()
        missing = acknowledged - set(texts)
        assert not missing, f"{node.name} lost {len(missing)}: {sorted(missing)[:5]}"
        assert not twice(texts), f"{node.name} has twice: {twice(texts)[:5]}"
        wait_until(f"tail shows all at {node.name}",
                   lambda n=node: acknowledged <= set(shown[n]()))
        assert not twice(shown[node]()), f"{node.name} shows twice: {twice(shown[node]())[:5]}"
    wait_until("both have the same history", lambda: alice.texts() == bob.texts())


@case(f"nothing acknowledged is lost or shown twice in {ROUNDS} rounds of kill -9 under load")
def _(scene):
    survive(scene, scene.pair(), ROUNDS)


@case(f"so it is in {ROUNDS} rounds where {LOSS_PERCENT} % of all packets are lost")
def _(scene):
    nodes, hosts = lossy_pair(scene, LOSS_PERCENT)
    survive(scene, nodes, ROUNDS)
    print(f"# {check_lost(hosts, LOSS_PERCENT, PACKETS_MIN)}")


if __name__ == "__main__":
    become_root()
    main()
