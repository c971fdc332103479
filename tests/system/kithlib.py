# SPDX-License-Identifier: MIT
"""What the system tests share: start real nodes, ask them, wait for what they come to.

A test is a function marked with @case("the claim"); it gets a Scene, which makes nodes and
ends them. `main()` at the bottom of a script speaks TAP. After each case every node that
still runs must stop cleanly on SIGTERM, and no node may have been found at fault by a
sanitizer. Nothing sleeps to let something happen: wait_until asks until it is so.

Scripts run alone too: KITH=build/kith tests/system/test_two_nodes.py [PART-OF-A-CLAIM]
"""

import http.client
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse

WAIT_S = 60          # for what comes in well under a second: a loaded machine has time
WAIT_STEP_S = 0.02   # between two questions
LOG_LINES_SHOWN = 40  # of each node, when a case failed
SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|runtime error:|Assertion .* failed")

DONE, FAILED, USAGE, NO_NODE, NOT_FOUND, TIMED_OUT = range(6)  # exit codes (kith help)

# Tests that run side by side must not find one another.
os.environ.setdefault("KITH_LAN", "no")
os.environ.setdefault("KITH_PORT_MAPPING", "no")  # the machine's router is not ours
os.environ.setdefault("KITH_HTTP", "127.0.0.1:0")

is_soak = os.environ.get("KITH_SOAK") == "1"


def kith_path():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return os.path.abspath(os.environ.get("KITH") or os.path.join(root, "build", "kith"))


def wait_until(what, condition, within_s=WAIT_S, step_s=WAIT_STEP_S):
    """Ask until `condition()` is true, and return what it returned."""
    deadline = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {within_s} s: {what}")
        time.sleep(step_s)


def same(got, wanted, what="value"):
    """As an assertion that says both."""
    if got != wanted:
        raise AssertionError(f"{what}: {shorten(got)}, wanted {shorten(wanted)}")


def shorten(value):
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:200]} … {text[-150:]}"


def free_port(kind=socket.SOCK_STREAM):
    """One that no program has, and none is given without asking for it: 32768 and above are
    for outgoing connections."""
    while True:
        with socket.socket(type=kind) as probe:
            try:
                probe.bind(("", port := random.randrange(20000, 32768)))
                return port
            except OSError:
                pass


class Skip(Exception):
    """This machine cannot show it; says why."""


class Result:
    """What a command came to."""

    def __init__(self, args, code, out, err):
        self.args, self.code, self.out, self.err = args, code, out, err

    def __repr__(self):
        return (f"kith {' '.join(shorten(a) for a in self.args)}: exit {self.code}, "
                f"stdout {shorten(self.out)}, stderr {shorten(self.err)}")

    def expect(self, code, *parts):
        """The exit code, and what stderr has to say (in any case of letters)."""
        assert self.code == code, f"wanted exit {code}; {self}"
        text = self.err.decode(errors="replace").lower()
        for part in parts:
            assert part.lower() in text, f"stderr does not say {part!r}; {self}"
        assert not SANITIZER.search(self.err.decode(errors="replace")), str(self)
        return self

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


def run_kith(*args, stdin=b"", env=None, prefix=(), timeout_s=2 * WAIT_S):
    """Run one command to its end. `prefix` is what it is run by (setpriv …)."""
    args = [os.fsencode(a) if isinstance(a, str) else a for a in args]
    done = subprocess.run([*prefix, kith_path(), *args], input=stdin, capture_output=True,
                          env={**os.environ, **(env or {})}, timeout=timeout_s, check=False)
    return Result([os.fsdecode(a) for a in args], done.returncode, done.stdout, done.stderr)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=2 * WAIT_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Node:
    """A node with a home of its own. Keeps its address over restarts."""

    def __init__(self, scene, name, host, home, flags, env, prefix):
        self.scene, self.name, self.home = scene, name, home
        self.flags, self.env, self.prefix = flags, env, prefix
        self.host, self.port = host, 0
        self.log_path = home + ".log"
        self.process = None
        self.ready = None
        self.is_absent = True  # not running, and meant to be so

    # ---- life ----

    def start(self, *flags, name=True, listen=True):
        """Start it and wait for the ready line."""
        self.launch(*flags, name=name, listen=listen)
        return self.wait_ready()

    def launch(self, *flags, name=True, listen=True):
        where = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        listen = ["--listen", where] if listen else []
        named = ["--name", self.name] if name else []
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, kith_path(), "up", "--json", "--home", self.home, *named,
                 *listen, *self.flags, *flags],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                env={**os.environ, **self.env})

    def wait_ready(self):
        self.ready = json.loads(self.read_line())
        self.is_absent = False
        self.port = int(self.ready["listen"][0].rpartition(":")[2])
        return self

    def read_line(self):
        line = b""
        deadline = time.monotonic() + WAIT_S
        ready = select.poll()  # select knows no descriptors above 1,023
        ready.register(self.process.stdout, select.POLLIN)
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            assert left > 0, f"{self.name} printed no ready line"
            if ready.poll(1000 * left):
                piece = os.read(self.process.stdout.fileno(), 65536)
                assert piece, f"{self.name} ended at its start:\n{self.log()}"
                line += piece
        return line

    def stop(self, number=signal.SIGTERM):
        """End it by a signal; it has to end cleanly."""
        self.is_absent = True
        self.process.send_signal(number)
        self.ended()

    def ends_in_time(self):
        """As stop, within the 2 s that a signal promises. Only where little has to be written:
        on a loaded machine a sync of the disk may take longer."""
        self.stop()
        assert "without waiting any longer" not in self.log(), f"{self.name} did not stop in time"

    def ended(self):
        """Wait for its clean end, however it was brought about."""
        self.is_absent = True
        code = self.process.wait(WAIT_S)
        self.process.stdout.close()
        assert code == 0, f"{self.name} ended with {code}:\n{self.log()}"

    def kill(self):
        """kill -9."""
        self.is_absent = True
        self.process.kill()
        self.process.wait(WAIT_S)
        self.process.stdout.close()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    # ---- who and where ----

    @property
    def id(self):
        return self.ready["id"]

    @property
    def address(self):
        return self.ready["listen"][0]

    def log(self):
        try:
            with open(self.log_path, "rb") as file:
                return file.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def logs(self, *parts):
        """Is there a line with all of these?"""
        return any(all(part in line for part in parts) for line in self.log().splitlines())

    # ---- asking it ----

    def kith(self, *args, **options):
        """One command on this home."""
        return run_kith(args[0], "--home", self.home, *args[1:], **options)

    def say(self, target, text, **more):
        """Say something through the API; stored here once this returns. The message."""
        status, answer = self.request("POST", "/messages", {"to": target, "text": text, **more})
        assert status in (200, 201), (self.name, status, answer)
        return answer

    def texts(self, **query):
        """All that was said, in the order shown, without a process per question."""
        return [message["text"] for message in self.history(**query)]

    def messages(self, *target):
        """All of the history, oldest first, as `kith tail` has it."""
        return self.kith("tail", "--json", "--no-follow", *target).expect(DONE).lines()

    def peers(self):
        status, answer = self.request("GET", "/peers")
        assert status == 200, (status, answer)
        return answer["peers"]

    def peer(self, other):
        return next((p for p in self.peers() if p["id"] == other.id), None)

    def online(self):
        return {peer["id"] for peer in self.peers() if peer["state"] == "online"}

    def request(self, method, path, body=None):
        """One request to the control API: status and JSON (None without a body)."""
        connection = UnixConnection(self.ready["socket"])
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body)
            headers = {"Content-Type": "application/json"} if body is not None else {}
            if isinstance(body, bytes):
                headers["Content-Type"] = "application/jsonl"
            connection.request(method, "/api/v1" + path, data, headers)
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if content else None
        finally:
            connection.close()

    def history(self, **query):
        """Message objects, oldest first, of all rooms or of `room`."""
        found, after = [], ""
        while True:
            words = "".join(f"&{key}={urllib.parse.quote(value)}" for key, value in query.items())
            status, page = self.request("GET", f"/messages?limit=1000{words}{after}")
            assert status == 200, (status, page)
            found += page["messages"]
            if page["next"] is None:
                return found
            after = "&after=" + page["next"]


class Scene:
    """The nodes of one case, in a directory that goes with it."""

    def __init__(self):
        # Short: the path of a socket holds 107 bytes.
        self.path = tempfile.mkdtemp(prefix="ks-")
        self.nodes = []
        self.closers = []
        self.hosts = 0

    def host(self):
        """A loopback address nobody else has, so that a port on it stays free between two
        starts, and no connection's own port is in its way."""
        self.hosts += 1
        pid = os.getpid()
        return f"127.{1 + self.hosts % 250}.{1 + pid // 250 % 250}.{1 + pid % 250}"

    def make(self, name, *flags, host=None, home=None, env=None, prefix=()):
        node = Node(self, name, self.host() if host is None else host,
                    home or os.path.join(self.path, f"n{len(self.nodes)}"), list(flags),
                    env or {}, prefix)
        self.nodes.append(node)
        return node

    def node(self, name, *peers, **options):
        """A node that runs, dialling `peers` (nodes)."""
        flags = [word for peer in peers for word in ("--peer", peer.address)]
        return self.make(name, *flags, **options).start()

    def pair(self, *names):
        """Two nodes, linked."""
        first = self.node(names[0] if names else "alice")
        second = self.node(names[1] if names else "bob", first)
        self.linked(first, second)
        return first, second

    def linked(self, *nodes):
        """Wait until all of them are linked to one another."""
        for node in nodes:
            others = {other.id for other in nodes if other is not node}
            wait_until(f"{node.name} linked to all", lambda n=node, o=others: o <= n.online())

    def at_end(self, function):
        self.closers.append(function)

    def finish(self):
        """End what runs; say what was found wrong."""
        faults = []
        for node in self.nodes:
            try:
                if node.is_running() and not node.is_absent:
                    node.go_on()
                    node.stop()
                elif not node.is_absent:
                    faults.append(f"{node.name} ended by itself: {node.process.returncode}")
            except (AssertionError, subprocess.TimeoutExpired) as error:
                faults.append(f"{node.name}: {error}")
            if found := SANITIZER.search(node.log()):
                faults.append(f"{node.name}: {found[0]}")
        return faults

    def close(self):
        for node in self.nodes:
            if node.is_running():
                node.kill()
        for function in reversed(self.closers):
            function()
        shutil.rmtree(self.path, ignore_errors=True)

    def show(self):
        for node in self.nodes:
            lines = node.log().splitlines()
            print(f"# {node.name}: last of {len(lines)} log lines")
            for line in lines[-LOG_LINES_SHOWN:]:
                print("#   " + line)


# ---- running cases ----

_cases = []


def case(claim):
    def add(function):
        _cases.append((claim, function))
        return function
    return add


def _run(number, claim, function):
    scene = Scene()
    try:
        function(scene)
        faults = scene.finish()
        if faults:
            raise AssertionError("; ".join(faults))
        print(f"ok {number} - {claim}")
    except Skip as why:
        scene.finish()
        print(f"ok {number} - {claim} # SKIP {why}")
    except Exception:  # whatever it was, the other cases go on
        print(f"not ok {number} - {claim}")
        for line in traceback.format_exc().splitlines():
            print("# " + line)
        scene.show()
    finally:
        scene.close()
        sys.stdout.flush()


def main(needs_kith=True):
    wanted = [c for c in _cases if not sys.argv[1:] or any(a in c[0] for a in sys.argv[1:])]
    if needs_kith and not os.access(kith_path(), os.X_OK):
        print(f"Bail out! no program at {kith_path()}: build it, or set KITH")
        sys.exit(1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print(f"1..{len(wanted)}", flush=True)
    for number, (claim, function) in enumerate(wanted, 1):
        _run(number, claim, function)
