#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The real `kith tracker`, and peers that register with it."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import struct
import termios
import threading
import time
import urllib.error
import urllib.request

from badpeerlib import BadPeer, frame
from kithlib import (DONE, FAILED, NO_NODE, USAGE, WAIT_S, case, is_soak, main, run_kith, same,
                     wait_until)
from trackerlib import (AWAY, CALL, FAULT, LEAVING, LIMIT, PEERS, REACHABLE, REFUSED, REPLACED,
                        RING, Crowd, Fields, PlainTracker, Registrant, Tracker, call, id_text,
                        record, register)

HALF_OPEN = 5000 if is_soak else 300
DOOR_MAX = 64  # clients that are served at once
CROWD = 10000 if is_soak else 500


def figure(text, name):
    """Of metrics in Prometheus' format."""
    return next(int(line.split()[1]) for line in text.splitlines()
                if line.startswith(f"kith_tracker_{name} "))


def get(tracker, path):
    with urllib.request.urlopen(f"http://{tracker.ready['metrics']}{path}", timeout=WAIT_S) as got:
        return got.headers["Content-Type"], got.read().decode()


def is_serving(scene, tracker, name=b"well"):
    """Somebody else comes, is welcome, and is answered."""
    peer = Registrant(scene, tracker).register(name, tag=b"\x55" * 32)
    peer.ping()
    peer.end()


# ---- peers learn one another ----

@case("two peers register, and are told of one another")
def two_peers(scene):
    tracker = Tracker(scene).start()
    alice = tracker.peer(b"alice")
    same(alice.welcome.count, 1, "here with Alice")
    assert alice.welcome.observed.startswith("127.0.0.1:"), alice.welcome
    same(alice.welcome.capabilities, 1, "a tracker that relays")
    bob = tracker.peer(b"bob")
    same(bob.welcome.count, 2, "here with Bob")
    alice.sees(bob, b"bob")
    bob.sees(alice, b"alice")


@case("the list, the log and the others are right after join, rename, leave and kill -9")
def right_at_once(scene):
    tracker = Tracker(scene).start()
    alice = tracker.peer(b"alice")
    bob = tracker.peer(b"bob")
    same(tracker.here(), ["alice", "bob"])
    bob.send(register(b"robert"))
    alice.sees(bob, b"robert")
    same(tracker.here(), ["alice", "robert"])
    bob.order("close")
    alice.sees(bob, state=AWAY)
    same(tracker.here(), ["alice"])
    carol = tracker.peer(b"carol")
    alice.sees(carol, b"carol")
    carol.end()  # kill -9
    alice.sees(carol, state=AWAY)
    same(tracker.here(), ["alice"])
    lines = [line.split(" tracker ")[1] for line in tracker.log().splitlines()
             if "name=" in line]
    same([line.split()[0] for line in lines],
         ["joined", "joined", "renamed", "left", "joined", "left"], "log")
    assert "name=robert" in lines[3] and lines[3].endswith("here=1"), lines[3]
    same(tracker.kith("list").expect(DONE).out.decode().splitlines()[-1], "1 here")


@case("networks do not see one another")
def networks(scene):
    tracker = Tracker(scene).start()
    alice = tracker.peer(b"alice")
    mallory = tracker.peer(b"mallory", tag=b"\x13" * 32)
    bob = tracker.peer(b"bob")
    alice.sees(bob)
    same(mallory.welcome.count, 1)
    same(mallory.look_up(alice.id), [])
    same(mallory.look_up(b"alice", by_name=True), [])
    mallory.send(call(5, alice.id))
    same(mallory.wait_frame(REFUSED), struct.pack(">QB", 5, 0))
    assert mallory.id not in alice.known


@case("a crowd is served, and each is told of 200 others or all of them")
def crowd(scene):
    tracker = Tracker(scene, "--max-per-address", "20000", "--max-peers", "20000").start()
    few = Crowd(scene, tracker, 50, tag=7)
    same((few.registered, few.ended), (50, 0))
    wait_until("all of 50 know all", lambda: few.ask("known", "known") == [49, 49, 0])
    many = Crowd(scene, tracker, CROWD)
    same((many.registered, many.ended), (CROWD, 0))
    print(f"# {CROWD} registered within {many.took_ms} ms")
    wait_until("all know 200", lambda: many.ask("known", "known")[:2] == [200, 200])
    assert many.ask("known", "known")[2] > 0
    ponged, took_ms = many.ask("ping", "ponged")
    same(ponged, CROWD)
    print(f"# {ponged} refreshes answered within {took_ms} ms")
    same(tracker.stats()["peers_here"], 50 + CROWD)
    few.order("leave 40")
    wait_until("ten are left", lambda: few.ask("known", "known")[:2] == [9, 9])


@case("look-up finds by id and by name, case folded, and never picks")
def look_up(scene):
    tracker = Tracker(scene, "--no-relay").start()
    alice = tracker.peer(b"alice")
    same(alice.welcome.capabilities, 0)
    one, two = tracker.peer(b"Sam"), tracker.peer(b"sam")
    same({e.id for e in alice.look_up(b"SAM", by_name=True)}, {one.id, two.id})
    same([e.name for e in alice.look_up(one.id)], [b"Sam"])
    same(alice.look_up(os.urandom(32)), [])
    alice.send(call(6, one.id))
    mine, theirs = Fields(alice.wait_frame(RING)), Fields(one.wait_frame(RING))
    same((mine.number(8), mine.take(32)), (6, one.id))
    same((theirs.number(8), theirs.take(32)), (0, alice.id))
    roles = b"dl" if alice.id < one.id else b"ld"
    same(mine.take(2) + theirs.take(2), b"\0" + roles[:1] + b"\0" + roles[1:])
    same(theirs.text().decode(), alice.welcome.observed)
    same(mine.text().decode(), one.welcome.observed)
    alice.send(call(7, one.id, how=1))
    same(alice.wait_frame(REFUSED), struct.pack(">QB", 7, 2), "no relay here")


def ticket_of(peer, token):
    """From the RING that comes."""
    ring = Fields(peer.wait_frame(RING))
    same(ring.number(8), token)
    ring.take(32 + 2)
    same(ring.text(), b"", "address")
    return ring.text()


def show(tracker, ticket):
    """A connection to be relayed."""
    client = socket.create_connection((tracker.host, tracker.port), timeout=WAIT_S)
    client.sendall(b"kithrly1" + ticket)
    return client


@case("two who call for a relay are joined by their tickets, which are good once")
def relay(scene):
    tracker = Tracker(scene).start()
    alice, bob = tracker.peer(b"alice"), tracker.peer(b"bob")
    alice.send(call(8, bob.id, how=1))
    tickets = ticket_of(alice, 8), ticket_of(bob, 0)
    ends = [show(tracker, ticket) for ticket in tickets]
    same([end.recv(1) for end in ends], [b"\1", b"\1"])
    ends[0].sendall(b"to and ")
    same(ends[1].recv(64), b"to and ")
    ends[1].sendall(b"fro")
    same(ends[0].recv(64), b"fro")
    same((tracker.stats()["relays"], tracker.stats()["relayed_bytes_total"]), (1, 10))
    for wrong in (tickets[0], os.urandom(32)):
        client = show(tracker, wrong)
        same(client.recv(1), b"", "a ticket that is not good")
        client.close()
    ends[0].close()
    same(ends[1].recv(64), b"")
    ends[1].close()
    wait_until("it has ended", lambda: tracker.stats()["relays"] == 0)
    ends = [show(tracker, ticket_of(peer, token)) for peer, token in called(alice, bob)]
    same([end.recv(1) for end in ends], [b"\1", b"\1"])
    tracker.stop()  # with bytes on their way
    same([end.recv(1) for end in ends], [b"", b""])


def called(alice, bob):
    alice.send(call(9, bob.id, how=1))
    return (alice, 9), (bob, 0)


# ---- restarts ----

@case("after a restart, clean or not, look-up answers at once for who was there")
def restart(scene):
    tracker = Tracker(scene).start()
    before = tracker.ready
    bob = tracker.peer(b"bob")
    public = record(bob.id, addresses=["127.0.0.1:4747"])
    bob.register(b"bob", public=public)
    tracker.peer(b"gone").end()
    for end in (tracker.stop, tracker.kill, tracker.stop):
        end()
        tracker.start()
        same((tracker.id, tracker.port), (before["id"], tracker.port))
        alice = tracker.peer(b"alice")
        found = alice.look_up(b"bob", by_name=True)
        same([(e.state, e.id, e.records) for e in found], [(AWAY, bob.id, [public])])
        assert time.time() - found[0].seen < WAIT_S * 2, found
        same([e.name for e in alice.look_up(b"gone", by_name=True)], [b"gone"])
        alice.end()
    same(tracker.here(), [])


@case("peers are told that a tracker leaves, which it does within two seconds")
def leaving(scene):
    tracker = Tracker(scene)
    for number in (signal.SIGTERM, signal.SIGINT):
        tracker.start()
        alice, silent = tracker.peer(b"alice"), tracker.peer()
        tracker.stop(number)
        assert "without waiting any longer" not in tracker.log(), tracker.log()
        same(alice.bye(), LEAVING)
        silent.wait_down()


# ---- bad manners ----

@case("garbage, silence, half-open and slow clients leave it serving")
def bad_manners(scene):
    tracker = Tracker(scene, "--max-per-address", "20000").start()
    sockets = []
    for i in range(HALF_OPEN):
        client = socket.create_connection((tracker.host, tracker.port))
        sockets.append(client)
        if i % 3 == 1:
            client.sendall(os.urandom(100))
        elif i % 3 == 2:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    silent = tracker.peer()
    slow = tracker.peer(b"slow")
    slow.order("pause")
    slow.order("flood", "200000", frame(3, bytes(8)).hex())
    for bad in (os.urandom(500), struct.pack(">I", 0), struct.pack(">I", 1 << 30),
                register(b"x" * 129), register(versions=(0, 0)), frame(0x24, bytes(9)),
                register(public=record(os.urandom(32)))):
        mallory = tracker.peer()
        mallory.send(bad)
        mallory.wait("down")
    is_serving(scene, tracker)
    silent.wait_down()  # never registered
    wait_until("the slow one is let go", lambda: tracker.stats()["peers_here"] == 0)
    for client in sockets:
        client.close()
    wait_until("nothing is left", lambda: tracker.stats()["handshakes"] == 0)
    is_serving(scene, tracker)


@case("with no descriptors left it waits, and serves again once there are some")
def descriptors(scene):
    tracker = Tracker(scene, prefix=("prlimit", "--nofile=64")).start()
    sockets = [socket.create_connection((tracker.host, tracker.port)) for _ in range(100)]
    control = [socket.socket(socket.AF_UNIX) for _ in range(20)]
    for client in control:
        client.connect(os.path.join(tracker.home, "control"))
    wait_until("it rests for a second", lambda: cpu_in_a_second(tracker) < 0.1)
    for client in sockets + control:
        client.close()
    is_serving(scene, tracker)
    same(tracker.here(), [])


def cpu_in_a_second(tracker):
    used = cpu_s(tracker)
    began = time.monotonic()
    wait_until("a second has passed", lambda: time.monotonic() - began > 1)
    return cpu_s(tracker) - used


def cpu_s(tracker):
    with open(f"/proc/{tracker.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@case("faults are told as such, limits as limits")
def reasons(scene):
    tracker = Tracker(scene).start()
    cases = [(register(b"x", versions=(2, 9)), FAULT), (frame(CALL, bytes(41)), FAULT),
             (register(b"x") + frame(PEERS, bytes(10)), FAULT),
             (b"".join(register(b"x%d" % i) for i in range(40)), LIMIT)]
    for sent, reason in cases:
        peer = tracker.peer()
        peer.send(sent)
        same(peer.bye(), reason)
    first = tracker.peer(b"alice", seed=b"\1" * 32)
    tracker.peer(b"alice", seed=b"\1" * 32)
    same(first.bye(), REPLACED)
    is_serving(scene, tracker)


@case("a flood from one address is limited, and others are served")
def flood(scene):
    tracker = Tracker(scene).start()
    crowd_of = Crowd(scene, tracker, 100)
    same((crowd_of.registered, crowd_of.ended), (64, 36))
    same(tracker.stats()["refused_total"], 36)
    crowd_of.order("leave 10")
    wait_until("ten places are free", lambda: tracker.stats()["peers_here"] == 54)
    is_serving(scene, tracker)
    full = Tracker(scene, "--max-peers", "3", "--max-per-address", "100")
    full.home += "-small"
    full.start()
    same(Crowd(scene, full, 5).registered, 3)


@case("a peer that asks is dialled back, and believed only where it proves its id")
def dial_back(scene):
    tracker = Tracker(scene).start()
    seed = os.urandom(32)
    port_of = {}
    for who, key in (("alice", seed), ("other", os.urandom(32))):
        listener = BadPeer(scene, "listen", "127.0.0.1:0", key)
        port_of[who] = int(listener.wait("listening")[0].rpartition(":")[2])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port_of["nobody"] = free.getsockname()[1]  # refused: it does not listen
    for who, is_reached in (("alice", 1), ("other", 0), ("nobody", 0)):
        alice = tracker.peer(b"alice", seed, flags=1, port=port_of[who])
        fields = Fields(alice.wait_frame(REACHABLE))
        same(fields.text().decode(), f"127.0.0.1:{port_of[who]}")
        same(fields.number(1), is_reached, who)
    stats = tracker.stats()
    same((stats["checks_total"], stats["checks_reached_total"]), (3, 1))


# ---- the command ----

@case("--once ends it once as many were introduced to one another")
def once(scene):
    tracker = Tracker(scene, "--once", "3").start()
    peers = [tracker.peer(name) for name in (b"alice", b"bob")]
    peers[0].sees(peers[1])
    assert tracker.process.poll() is None
    peers.append(tracker.peer(b"carol"))
    tracker.ended()
    for one in peers:
        for other in peers:
            if one is not other:
                one.sees(other)


@case("--list prints who is here, again and again")
def listing(scene):
    tracker = Tracker(scene, "--list", "1").start()
    alice = tracker.peer(b"alice")
    for _ in range(2):
        line = json.loads(tracker.line())
        same((line["name"], line["id"]), ("alice", id_text(alice.id)))
        same(line["address"], alice.welcome.observed)


@case("who reads the list no more does not stop the tracker, and finds whole lines later")
def unread_list(scene):
    every_s = 3
    tracker = Tracker(scene, "--list", str(every_s)).start()
    out = tracker.process.stdout.fileno()
    room = fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, 4096)
    peers = {"%030d" % number for number in range(room // 128)}  # longer than there is room
    for name in sorted(peers):
        tracker.peer(name.encode())

    def read_list():
        names = {json.loads(tracker.line())["name"]}
        began = time.monotonic()
        while names != peers:
            names.add(json.loads(tracker.line())["name"])
        return time.monotonic() - began

    def waiting():
        return struct.unpack("i", fcntl.ioctl(out, termios.FIONREAD, bytes(4)))[0]

    assert read_list() < every_s, "the rest of a list that is read came with the next one"
    wait_until("the pipe is full", lambda: waiting() == room)
    is_serving(scene, tracker)
    read_list()
    read_list()


@case("who closes the list does not stop the tracker")
def closed_list(scene):
    tracker = Tracker(scene, "--list", "1").start()
    tracker.process.stdout.close()
    tracker.peer(b"alice")
    wait_until("some lists were due", lambda: tracker.stats()["uptime_seconds"] >= 4)
    is_serving(scene, tracker)


@case("figures for Prometheus are served where told, and nothing else is")
def metrics(scene):
    tracker = Tracker(scene, "--metrics", "127.0.0.1:0").start()
    alice = tracker.peer(b"alice")
    alice.ping()
    kind, text = get(tracker, "/metrics")
    assert kind.startswith("text/plain; version=0.0.4"), kind
    same((figure(text, "peers_here"), figure(text, "refreshes_total")), (1, 1))
    for line in text.splitlines():
        assert line.startswith(("# HELP kith_tracker_", "# TYPE kith_tracker_",
                                "kith_tracker_")), line
    for path in ("/", "/api/v1/tracker/peers", "/api/v1/tracker/stats", "/metrics/../x"):
        try:
            get(tracker, path)
            raise AssertionError(path)
        except urllib.error.HTTPError as error:
            same(error.code, 404)
            error.close()
    mode = os.stat(os.path.join(tracker.home, "control")).st_mode
    same(mode & 0o777, 0o600)


@case("who fills the door of the figures keeps nobody from the control socket, nor for long from the figures")
def figures_full(scene):
    tracker = Tracker(scene, "--metrics", "127.0.0.1:0").start()
    host, _, port = tracker.ready["metrics"].rpartition(":")

    def ask(request):
        client = socket.create_connection((host, int(port)), timeout=WAIT_S)
        scene.at_end(client.close)
        client.sendall(request)
        return client

    slow = [ask(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: ") for _ in range(DOOR_MAX + 16)]
    last = ask(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    is_over = threading.Event()

    def drip():
        while not is_over.wait(1):
            for client in slow:
                with contextlib.suppress(OSError):  # hung up on
                    client.send(b"a")

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        same(tracker.stats()["peers_here"], 0)
        same(last.recv(12), b"HTTP/1.1 200")  # in the place of one who never finished
    finally:
        is_over.set()
        dripping.join()


@case("the ready line names the address and id that peers are given, after the bind")
def ready(scene):
    home = os.path.join(scene.path, "plain")
    with PlainTracker(["--home", home, "--listen", "127.0.0.1:0", "--listen", "[::1]:0"]) as plain:
        line = plain.line().decode()
        places = line.removeprefix("ready: ").split(", ")
        ident = places[0].strip().rpartition("/")[2]
        same(len(ident), 52)
        for place, host in zip(places, ("127.0.0.1:", "[::1]:")):
            assert place.startswith(host) and place.strip().endswith("/" + ident), line
            port = int(place.rpartition("/")[0].rpartition(":")[2])
            socket.create_connection((host.strip("[:]") if "[" not in host else "::1",
                                      port)).close()


@case("it has a home beside the usual one, unless one is named")
def homes(scene):
    data = os.path.join(scene.path, "data")
    for env, home in (({"XDG_DATA_HOME": data}, os.path.join(data, "kith-tracker")),
                      ({"XDG_DATA_HOME": data, "KITH_HOME": data + "2"}, data + "2")):
        with PlainTracker(["--json", "--listen", "127.0.0.1:0"], env) as tracker:
            same(json.loads(tracker.line())["home"], home)
            same(run_kith("tracker", "list", env=env).expect(DONE).out, b"0 here\n")
        same(sorted(os.listdir(home)), ["identity", "lock", "tracker.db"])


@case("what cannot be understood or done is said, with its exit code")
def refusals(scene):
    tracker = Tracker(scene).start()
    nowhere = ["--home", os.path.join(scene.path, "nowhere")]
    for flags in (["--once", "1"], ["--once", "x"], ["--list", "0"], ["--max-peers", "0"],
                  ["--max-per-address", "-1"], ["--listen", "a b"], ["--metrics", "localhost:1"],
                  ["--log", "loud"], ["--relay-rate", "-1"],
                  ["lists"], ["list", "stats"]):
        run_kith("tracker", *nowhere, *flags).expect(USAGE, "kith tracker: ", "help tracker")
    for what in ("list", "stats"):
        run_kith("tracker", *nowhere, what).expect(NO_NODE, "no tracker is running")
    run_kith("tracker", *nowhere, "--listen", tracker.address).expect(
        FAILED, f"cannot listen on {tracker.address}", "in use")
    run_kith("tracker", "--home", tracker.home, "--listen", "127.0.0.1:0").expect(
        FAILED, "already runs on the home", "--home")
    run_kith("tracker", *nowhere, "--listen", "127.0.0.1:0", "--metrics",
             tracker.address).expect(FAILED, "cannot serve metrics")
    same(tracker.here(), [])
    node = scene.node("alice")
    run_kith("tracker", "list", "--home", node.home).expect(NO_NODE, "is a node")


main()
