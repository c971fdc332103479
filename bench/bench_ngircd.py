# SPDX-License-Identifier: MIT
"""kith beside ngircd, an IRC server: a message from client to client, and to a channel."""

import subprocess

import beside

CONFIG = """\
[Global]
Name = irc.bench
Listen = 127.0.0.1
Ports = {port}
ServerUID = nobody
ServerGID = nogroup
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxPenaltyTime = 0
[Options]
DNS = no
Ident = no
PAM = no
"""


class Client:
    """Somebody in the channel."""

    def __init__(self, port, nick):
        self.socket = beside.connect(port)
        self.socket.sendall(f"NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\nJOIN #bench\r\n".encode())
        text = b""
        while b" 366 " not in text:  # end of the names: it has joined
            text += beside.receive(self.socket)

    def hear(self):
        text = b""
        while not text.endswith(beside.TEXT + b"\r\n"):
            text += beside.receive(self.socket)


def settle(client):
    """Read what else came until here."""
    client.socket.sendall(b"PING :settled\r\n")
    text = b""
    while not text.endswith(b"settled\r\n"):
        text += beside.receive(client.socket)


def take(sink):
    return beside.receive(sink).count(b"\n")


def measure(path):
    port = beside.free_port()
    server = beside.Server([path, "-n", "-f"], CONFIG.format(port=port), port)
    try:
        speaker = Client(port, "speaker")
        sinks = [Client(port, f"sink{i}") for i in range(beside.SINKS)]
        for client in (speaker, *sinks):
            settle(client)
        private = b"PRIVMSG sink0 :" + beside.TEXT + b"\r\n"
        public = (b"PRIVMSG #bench :" + beside.TEXT + b"\r\n") * beside.WINDOW
        latency = beside.latency_us(lambda: speaker.socket.sendall(private), sinks[0].hear)
        return latency, *beside.fan_out(server, lambda: speaker.socket.sendall(public),
                                        [sink.socket for sink in sinks], take)
    finally:
        server.stop()


def main():
    path = beside.find("ngircd")
    if not path:
        beside.skip("ngircd")
    version = subprocess.run([path, "--version"], check=True, stdout=subprocess.PIPE, text=True)
    beside.compare("ngircd", version.stdout.split("-", maxsplit=1)[0], lambda: measure(path))


main()
