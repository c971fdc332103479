# SPDX-License-Identifier: MIT
"""Many messages where a tenth of all packets is lost: none is lost, doubled or out of order."""

import json
import subprocess
import threading
import time

from discoverylib import note
from kithlib import case, is_soak, kith_path, main, same, wait_until
from netns import become_root, check_lost, lossy_pair

MESSAGES = 10 ** 6 if is_soak else 10 ** 4  # of both together
BATCH = 1000
LOSS_PERCENT = 10
PACKETS_MIN = 100
WITHIN_S = 3600 if is_soak else 120


class Followed:
    """What `kith tail` shows at one node of what the other says: numbers, one after the other."""

    def __init__(self, scene, node, speaker):
        self.node, self.speaker = node, speaker
        self.next = 0
        self.fault = None
        self.tail = subprocess.Popen([kith_path(), "tail", "--json", "--home", node.home, "#lobby"],
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        scene.at_end(lambda: (self.tail.kill(), self.tail.wait(), self.tail.stdout.close()))

    def _read(self):
        for line in self.tail.stdout:
            self.fault = self.fault or self._check(json.loads(line)["text"])

    def _check(self, text):
        name, _, number = text.partition(" ")
        if name != self.speaker.name:
            return None
        if int(number) != self.next:
            return f"{self.node.name} is shown {text!r}, wanted {self.next}"
        self.next += 1
        return None

    def has(self, count):
        assert self.fault is None, self.fault
        return self.next == count


def speak(node, count):
    for first in range(0, count, BATCH):
        lines = [json.dumps({"to": "#lobby", "text": f"{node.name} {number}"})
                 for number in range(first, first + BATCH)]
        status, answer = node.request("POST", "/messages/batch", "\n".join(lines).encode())
        assert (status, answer["stored"]) == (200, BATCH), (status, answer)


def numbers_kept(node, speaker):
    """Of what `speaker` said, in the order of the history."""
    history = subprocess.Popen([kith_path(), "tail", "--json", "--no-follow", "--home", node.home],
                               stdout=subprocess.PIPE)
    with history.stdout:
        texts = (json.loads(line)["text"] for line in history.stdout)
        kept = [int(text.split()[1]) for text in texts if text.startswith(speaker.name + " ")]
    same(history.wait(), 0, "exit of tail")
    return kept


@case(f"{MESSAGES} messages both ways, {LOSS_PERCENT} % of packets lost: 0 lost, 0 twice, in order")
def _(scene):
    nodes, hosts = lossy_pair(scene, LOSS_PERCENT)
    each = MESSAGES // 2
    pairs = list(zip(nodes, reversed(nodes)))
    followed = [Followed(scene, node, speaker) for node, speaker in pairs]
    begin = time.monotonic()
    speakers = [threading.Thread(target=speak, args=(node, each), daemon=True) for node in nodes]
    for speaker in speakers:
        speaker.start()
    wait_until("all is shown", lambda: all([f.has(each) for f in followed]), WITHIN_S)
    took = time.monotonic() - begin
    lost = check_lost(hosts, LOSS_PERCENT, PACKETS_MIN)
    note(f"{MESSAGES / took:.0f} messages a second, {lost}")
    for node, speaker in [*pairs, *zip(nodes, nodes)]:
        assert numbers_kept(node, speaker) == list(range(each)), f"at {node.name}"


if __name__ == "__main__":
    become_root()
    main()
