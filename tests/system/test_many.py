# SPDX-License-Identifier: MIT
"""Many peers at one node, some of which do not read: nobody waits for another."""

import collections
import os

from kithlib import case, is_soak, main, same, wait_until

PEERS = 50 if is_soak else 20
LOBBY = "#lobby"


def start_all(scene, count):
    """A node in the middle, and `count` that dial it."""
    hub = scene.node("hub")
    return hub, [scene.node(f"peer{i}", hub) for i in range(count)]


def has_once(node, texts):
    counts = collections.Counter(m["text"] for m in node.history())
    assert not [text for text, count in counts.items() if count > 1], (node.name, counts)
    return all(counts[text] == 1 for text in texts)


@case(f"a broadcast reaches {PEERS} peers exactly once each, whoever says it")
def _(scene):
    hub, peers = start_all(scene, PEERS)
    ids = {peer.id for peer in peers}
    wait_until("all are linked", lambda: ids <= hub.online())
    texts = ["from the middle", *(f"from {peer.name}" for peer in peers[:5])]
    hub.say(LOBBY, texts[0])
    for peer in peers[:5]:
        peer.say(LOBBY, f"from {peer.name}")
    for node in (hub, *peers):
        wait_until(f"all is at {node.name}", lambda n=node: has_once(n, texts))
    wait_until("all of them hold it", lambda: hub.history()[0]["held_by"] == PEERS)


@case("a stopped peer delays nobody, and has all once it goes on")
def _(scene):
    hub, peers = start_all(scene, 5)
    ids = {peer.id for peer in peers}
    wait_until("all are linked", lambda: ids <= hub.online())
    stopped, others = peers[0], peers[1:]
    stopped.pause()
    texts = [f"{count} " + "x" * 20000 for count in range(300)]  # past every buffer between
    batches = [texts[i:i + 50] for i in range(0, len(texts), 50)]
    for batch in batches:
        body = "\n".join('{"to": "#lobby", "text": "%s"}' % text for text in batch).encode()
        status, answer = hub.request("POST", "/messages/batch", body)
        same((status, answer["stored"]), (200, len(batch)))
    for peer in others:
        wait_until(f"all is at {peer.name} while another stands still",
                   lambda p=peer: has_once(p, texts))
    stopped.go_on()
    wait_until("all is at the one that stood still", lambda: has_once(stopped, texts))
    same(stopped.texts(), hub.texts(), "the order")


@case("peers that come and go leave nothing behind")
def _(scene):
    rounds = 200 if is_soak else 15
    hub = scene.node("hub")

    def descriptors():
        return len(os.listdir(f"/proc/{hub.process.pid}/fd"))

    guest = scene.make("guest", "--peer", hub.address)
    before = None
    for round_ in range(rounds):
        guest.start()
        wait_until("linked", lambda: guest.id in hub.online())
        guest.kill()
        wait_until("gone", lambda: guest.id not in hub.online())
        if round_ == 1:
            before = descriptors()
    wait_until(f"as few descriptors as before, {before}", lambda: descriptors() <= before)
    same(len(hub.peers()), 1, "peers known")


if __name__ == "__main__":
    main()
