# SPDX-License-Identifier: MIT
"""Other programs beside kith: one who speaks and fifty who hear, with a server between them.

BENCH_NODE and KITH name the programs that kith's own figures come from, in the same run.
"""

import functools
import os
import re
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from measure import Others, line

TEXT = b"0" * 100
LATENCIES = 2000
SINKS = 50
WINDOW = 100    # messages that every sink has before more are sent: servers drop who is slow
WINDOWS = 100
PATIENCE_S = 30


def find(name):
    """The path of a program, /usr/sbin included; None if it is not there."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")


def skip(name, then=""):
    print(f"{name}: skipped: it is not installed; tools/deps bench installs it{then}")
    sys.exit(0)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def connect(port):
    client = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def receive(client, size=65536):
    data = client.recv(size)
    if not data:
        raise ConnectionError("a server hung up")
    return data


class Server:
    """A server on a port, with a configuration file of its own."""

    def __init__(self, argv, config, port):
        self.folder = tempfile.TemporaryDirectory()
        os.chmod(self.folder.name, 0o755)
        path = os.path.join(self.folder.name, "conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(config)
        self.process = subprocess.Popen([*argv, path], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                connect(port).close()
                return
            except OSError:
                if time.monotonic() > give_up or self.process.poll() is not None:
                    raise
                time.sleep(0.01)

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE_S)
        self.folder.cleanup()


def figure(text, what):
    """That of one line among those printed."""
    return float(re.search(rf"^{re.escape(what)} \| ([\d.]+) ", text, re.M)[1])


@functools.cache
def _run_kith(case):
    return subprocess.run([os.environ["BENCH_NODE"], os.environ["KITH"], case], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def kith(case, what):
    """A figure of a case of bench_node, which runs once."""
    return figure(_run_kith(case), what)


def latency_us(send, hear):
    """Median of the time from before `send` to after `hear`."""
    times = []
    for _ in range(LATENCIES):
        begin = time.perf_counter()
        send()
        hear()
        times.append((time.perf_counter() - begin) * 1e6)
    return statistics.median(times)


def own_latency_us():
    """What this client takes itself: the same over a bare connection, one way."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        speaker = connect(server.getsockname()[1])
        hearer = server.accept()[0]
        return latency_us(lambda: speaker.sendall(TEXT), lambda: hearer.recv(4096))


def _hear_all(sinks, take, told):
    """Takes what comes to the sinks; writes a byte each time that all have a window more."""
    poll = select.epoll()
    by_fd = {sink.fileno(): sink for sink in sinks}
    heard = dict.fromkeys(by_fd, 0)
    windows = 0
    for fd in by_fd:
        poll.register(fd, select.EPOLLIN)
    while windows < WINDOWS:
        for fd, _ in poll.poll():
            heard[fd] += take(by_fd[fd])
        while min(heard.values()) >= (windows + 1) * WINDOW:
            windows += 1
            os.write(told, b".")


def fan_out(server, send_window, sinks, take):
    """Messages delivered a second, and the server's CPU for each in microseconds. The sinks
    have a process of their own; `take` reads from one and tells how many messages came."""
    told, tells = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _hear_all(sinks, take, tells)
            code = 0
        finally:
            os._exit(code)
    os.close(tells)
    cpu_s, begin = server.cpu_s(), time.monotonic()
    for _ in range(WINDOWS):
        send_window()
        if not os.read(told, 1):
            raise RuntimeError("a sink failed")
    spent, cpu_s = time.monotonic() - begin, server.cpu_s() - cpu_s
    os.waitpid(child, 0)
    os.close(told)
    deliveries = SINKS * WINDOW * WINDOWS
    return deliveries / spent, cpu_s * 1e6 / deliveries


def compare(name, version, measure):
    """`measure` gives (latency in us, deliveries a second, CPU of a delivery in us)."""
    others = Others()
    latency, rate, cpu = measure()
    line(f"beside {name}: message to its hearer, p50", kith("latency", "message to stream, p50"),
         "us", name, latency, less_is_better=True)
    line(f"beside {name}: fan-out 1 to {SINKS}, messages delivered",
         kith("fan_out", "fan-out 1 to 50, messages delivered"), "/s", name, rate)
    line(f"beside {name}: fan-out 1 to {SINKS}, CPU of the sender or the server",
         kith("fan_out", "fan-out 1 to 50, CPU of the node"), "us/delivery", name, cpu,
         less_is_better=True)
    line(f"beside {name}: a message's part that is the client's own", own_latency_us(), "us")
    print(f"{version}: plain TCP, nothing stored, where kith encrypts and stores. Its clients are in "
          f"Python, and have at most {WINDOW} messages under way to each who hears.")
    others.show(name)
