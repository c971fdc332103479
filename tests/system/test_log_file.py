# SPDX-License-Identifier: MIT
"""kith.log, of a node in the background: what is kept of it, and how long it becomes."""

import os
import signal

from chatlib import Pipe
from kithlib import DONE, SANITIZER, case, main, run_kith, same, wait_until

ALONE = ("--listen", "127.0.0.1:0", "--no-lan")
SIZE_MAX = 4 << 20  # KITH_LOG_FILE_SIZE_MAX
READ_AGAIN = "read again"


class Logs:
    """The logs in a home."""

    def __init__(self, home):
        self.path, self.before_path = home + "/kith.log", home + "/kith.log.1"

    @staticmethod
    def read(path):
        try:
            with open(path, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    @property
    def now(self):
        return self.read(self.path)

    @property
    def before(self):
        return self.read(self.before_path)


def begin(scene, home, *flags):
    """A node in the background; its process id."""
    run_kith("up", "--home", home, *ALONE, *flags, "--detach").expect(DONE)
    scene.at_end(lambda: run_kith("down", "--home", home))
    with open(home + "/lock", encoding="ascii") as file:
        return int(file.read())


def fill(path):
    """As if that much had been logged; what was stays at its beginning."""
    os.truncate(path, SIZE_MAX)


@case("a log at its limit becomes kith.log.1, and the node goes on in a new one, again and again")
def _(scene):
    home = scene.path + "/a"
    pid = begin(scene, home)
    logs = Logs(home)
    for mark in ("first", "second"):
        with open(logs.path, "a", encoding="utf-8") as file:
            file.write(mark)
        fill(logs.path)
        os.kill(pid, signal.SIGHUP)
        wait_until("the log goes on in another file", lambda m=mark: m not in (
            logs.now or m) and READ_AGAIN in logs.now)
        assert mark in logs.before[:1000], logs.before[:1000]
        same(os.stat(logs.before_path).st_size, SIZE_MAX)
        for path in (logs.path, logs.before_path):
            same(os.stat(path).st_mode & 0o777, 0o600, path)
        assert os.path.samefile(logs.path, f"/proc/{pid}/fd/2"), "where a crash is reported"
    same(sorted(name for name in os.listdir(home) if "log" in name), ["kith.log", "kith.log.1"])
    run_kith("down", "--home", home).expect(DONE)
    assert "stopping" in logs.now and not SANITIZER.search(logs.now), logs.now


@case("the log of the run before is kept as kith.log.1")
def _(scene):
    home = scene.path + "/a"
    logs = Logs(home)
    os.kill(begin(scene, home), signal.SIGHUP)
    wait_until("something is logged", lambda: READ_AGAIN in logs.now)
    run_kith("down", "--home", home).expect(DONE)
    first = logs.now
    begin(scene, home)
    same(logs.before, first)
    assert READ_AGAIN not in logs.now, logs.now
    run_kith("down", "--home", home).expect(DONE)


@case("a file that somebody had stderr written to is not set aside, however long")
def _(scene):
    node = scene.make("alice")
    os.mkdir(node.home)
    logs = Logs(node.home)
    node.prefix = ("sh", "-c", 'exec "$@" 2>>"$0"', logs.path)
    node.start()
    fill(logs.path)
    node.process.send_signal(signal.SIGHUP)
    wait_until("it is logged", lambda: READ_AGAIN in logs.now)
    assert os.stat(logs.path).st_size > SIZE_MAX
    assert logs.before is None


@case("what a chat's node logs until it is ready is in its log, which is kept likewise")
def _(scene):
    logs = Logs(scene.path)
    for flags in ((), ("--network", "another")):
        chat = Pipe(scene, "chat", "--home", scene.path, "--name", "alice", *ALONE, *flags)
        chat.wait("ready: you are alice").end().leave()
    assert "another network from now on" in logs.now, logs.now
    assert "another network" not in logs.before and "stopping" in logs.before, logs.before


@case("who reads standard error and stops does not stop the node")
def _(scene):
    fifo = os.path.join(scene.path, "stderr")
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    scene.at_end(lambda: os.close(reader))
    alice = scene.make("alice", env={"LOG": fifo},
                       prefix=("sh", "-c", 'exec "$0" "$@" 2>"$LOG"')).start()
    try:
        while True:
            os.write(reader, b"x" * 4096)  # until nothing more goes in
    except BlockingIOError:
        pass
    bob = scene.node("bob", alice)  # that they are linked is a line in the log
    scene.linked(alice, bob)
    bob.say("#lobby", "hello")
    wait_until("alice hears it", lambda: alice.texts() == ["hello"])
    alice.stop()


main()
