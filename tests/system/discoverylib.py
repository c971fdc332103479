# SPDX-License-Identifier: MIT
"""What the tests of discovery share: nodes that look for one another on networks of their
own, and what they tell of who comes and goes."""

import json
import threading
import time

from kithlib import UnixConnection, wait_until

LOBBY = "#lobby"
PORT = 4747
LAN = {"KITH_LAN": "yes"}


def find(scene, host, name, *flags, **options):
    """A node there that nobody told anything."""
    return host.node(scene, name, *flags, env=LAN, **options).start()


def find_all(scene, hosts):
    return [find(scene, host, f"n{number}") for number, host in enumerate(hosts)]


def meshed(nodes, within_s=60):
    """Wait until each is linked to every other; seconds that took."""
    begin = time.monotonic()
    for node in nodes:
        others = {other.id for other in nodes if other is not node}
        wait_until(f"{node.name} linked to all",
                   lambda n=node, o=others: o <= n.online(),
                   max(0.1, begin + within_s - time.monotonic()))
    return time.monotonic() - begin


def delivers(sender, *receivers):
    """What is said in the lobby gets to all of them."""
    text = f"{sender.name} at {time.monotonic()}"
    sender.say(LOBBY, text)
    for receiver in receivers:
        wait_until(f"{receiver.name} hears {sender.name}",
                   lambda r=receiver: text in r.texts())


def talk(nodes):
    """All are linked to all, and what the first and the last say gets to the others."""
    took = meshed(nodes)
    delivers(nodes[0], *nodes[1:])
    delivers(nodes[-1], *nodes[:-1])
    return took


def cpu_s(node):
    """CPU time it used so far."""
    with open(f"/proc/{node.process.pid}/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def datagrams_out(host):
    """UDP datagrams that left it, by both families."""
    def rows(path):
        return [row.split() for row in host.run("cat", path).splitlines()]
    names, values = [row[1:] for row in rows("/proc/net/snmp") if row[0] == "Udp:"]
    six = dict(rows("/proc/net/snmp6"))
    return int(dict(zip(names, values))["OutDatagrams"]) + int(six.get("Udp6OutDatagrams", 0))


def note(text):
    """In the output of the test, whatever comes of it."""
    print(f"# {text}", flush=True)


class Stream:
    """What a node tells whoever follows it: `(type, data)`, oldest first, with the time."""

    def __init__(self, scene, node, query=""):
        self.told = []  # (monotonic, type, data)
        self.connection = UnixConnection(node.ready["socket"])
        self.connection.timeout = None
        self.connection.request("GET", "/api/v1/stream" + query)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.status
        scene.at_end(self.connection.close)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        kind = "message"
        try:
            for line in self.answer:
                word, _, rest = line.decode().rstrip("\n").partition(": ")
                if word == "event":
                    kind = rest
                elif word == "data":
                    self.told.append((time.monotonic(), kind, json.loads(rest)))
                    kind = "message"
        except (OSError, ValueError, AttributeError):
            pass  # the node or the case ended

    def changes(self, of):
        """What became of this node: (change, name, address)."""
        return [(data["change"], data["peer"]["name"], data["peer"].get("address"))
                for _, kind, data in list(self.told)
                if kind == "peer" and data["peer"]["id"] == of.id]

    def texts(self):
        """All that was said, in the order told."""
        return [data["text"] for _, kind, data in list(self.told) if kind == "message"]

    def heard(self, text):
        """When this was said; None before."""
        return next((at for at, kind, data in list(self.told)
                     if kind == "message" and data["text"] == text), None)

    def when(self, of, change):
        """The last time it was told; None before."""
        times = [at for at, kind, data in list(self.told)
                 if kind == "peer" and data["peer"]["id"] == of.id and data["change"] == change]
        return times[-1] if times else None
