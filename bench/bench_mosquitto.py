# SPDX-License-Identifier: MIT
"""kith beside mosquitto, an MQTT broker: messages of QoS 1, each acknowledged by its hearer."""

import re
import struct
import subprocess

import beside

CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
set_tcp_nodelay true
max_inflight_messages 0
max_queued_messages 0
"""

TOPIC = b"\x00\x01b"
CONNACK = b"\x20\x02\x00\x00"
SUBACK = b"\x90\x03\x00\x01\x01"
PUBACK = b"\x40\x02"
PUBLISH = 0x32  # QoS 1
ID_AT = 2 + len(TOPIC)
SIZE = ID_AT + 2 + len(beside.TEXT)  # of a message: its length takes one byte


def message(number):
    return struct.pack(">BB3sH", PUBLISH, SIZE - 2, TOPIC, number) + beside.TEXT


class Client:
    """Whoever hears has subscribed to the one topic there is."""

    def __init__(self, port, name, hears):
        self.socket = beside.connect(port)
        self.rest = b""
        body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack(">H", len(name)) + name
        self.ask(struct.pack("BB", 0x10, len(body)) + body, CONNACK)
        if hears:
            body = b"\x00\x01" + TOPIC + b"\x01"
            self.ask(struct.pack("BB", 0x82, len(body)) + body, SUBACK)

    def ask(self, packet, answer):
        self.socket.sendall(packet)
        self.read(len(answer), answer)

    def read(self, size, wanted=None):
        data = b""
        while len(data) < size:
            data += beside.receive(self.socket, size - len(data))
        if wanted and data != wanted:
            raise RuntimeError("an answer that nobody wanted")

    def take(self):
        """Acknowledge the messages that came; how many they were."""
        self.rest += beside.receive(self.socket)
        count = len(self.rest) // SIZE
        self.socket.sendall(b"".join(PUBACK + self.rest[at + ID_AT:at + ID_AT + 2]
                                     for at in range(0, count * SIZE, SIZE)))
        self.rest = self.rest[count * SIZE:]
        return count

    def hear(self):
        while not self.take():
            pass


def measure(path):
    port = beside.free_port()
    server = beside.Server([path, "-c"], CONFIG.format(port=port), port)
    try:
        speaker = Client(port, b"speaker", False)
        sinks = [Client(port, b"sink0", True)]
        one, window = message(1), b"".join(message(i + 1) for i in range(beside.WINDOW))

        def hear_one():
            sinks[0].hear()
            speaker.read(4)  # its acknowledgement

        latency = beside.latency_us(lambda: speaker.socket.sendall(one), hear_one)
        sinks += [Client(port, b"sink%d" % i, True) for i in range(1, beside.SINKS)]
        by_socket = {sink.socket: sink for sink in sinks}

        def send_window():
            speaker.socket.sendall(window)
            speaker.read(4 * beside.WINDOW)

        return latency, *beside.fan_out(server, send_window, list(by_socket),
                                        lambda socket: by_socket[socket].take())
    finally:
        server.stop()


def main():
    path = beside.find("mosquitto")
    if not path:
        beside.skip("mosquitto")
    text = subprocess.run([path, "-h"], check=False, stdout=subprocess.PIPE, text=True).stdout
    version = re.search(r"version ([\d.]+)", text)[1]
    beside.compare("mosquitto", f"mosquitto {version}, QoS 1", lambda: measure(path))


main()
