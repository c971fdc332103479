# SPDX-License-Identifier: MIT
"""Networks: who has the same name and passphrase is linked, and nobody else; what the home
keeps of it, and who may see that."""

import fcntl
import json
import os
import pty
import re
import select
import socket
import stat
import subprocess
import termios
import time

from kithlib import (DONE, FAILED, NOT_FOUND, USAGE, WAIT_S, Skip, case, kith_path, main, run_kith,
                     same, wait_until)

LOBBY = "#lobby"
PASSPHRASE = "seven small otters sing"
OTHER = "seven large otters sing"
KEY = "5272250cbb821326be3810922f6ffed8f12c64ea89c6ee5ddc8864428c537da3"  # docs/PROTOCOL.md
FINGERPRINT = "hkmz4fiyzjol"
VARIABLE = "KITH_NETWORK_PASSPHRASE"


def network(node):
    status, answer = node.request("GET", "/self")
    assert status == 200, (status, answer)
    return answer["network"]


def make(scene, name, network_name, passphrase, *peers):
    """A node of that network, dialling `peers`; its passphrase is given by the environment at
    its first start and never again."""
    node = scene.make(name)
    node.env = {VARIABLE: passphrase} if passphrase else {}
    node.start("--network", network_name, *(w for p in peers for w in ("--peer", p.address)))
    node.env = {}
    return node


def refused(dialler, listener):
    """What people are told at both ends, and that neither lists the other."""
    told = dialler.kith("connect", listener.address).expect(FAILED, "another network")
    for node in (dialler, listener):
        wait_until(f"{node.name} logs it", lambda n=node: n.logs(" warn network ", "EPROOF"))
        same(node.peers(), [], f"peers of {node.name}")
    return told.err.decode()


@case("the same network and passphrase are linked; later starts need no passphrase")
def _(scene):
    alice = make(scene, "alice", "work", PASSPHRASE)
    bob = make(scene, "bob", "work", f"  {PASSPHRASE}\n", alice)
    scene.linked(alice, bob)
    same(alice.ready["network"], "work")
    same(network(alice), {"name": "work", "passphrase": True, "fingerprint": FINGERPRINT})
    same(network(bob), network(alice))
    alice.say(LOBBY, "among ourselves")
    wait_until("it arrives", lambda: bob.texts() == ["among ourselves"])
    for node in (alice, bob):
        node.stop()
    alice.start()
    bob.start("--network", "work", "--peer", alice.address)
    scene.linked(alice, bob)
    same(network(bob)["fingerprint"], FINGERPRINT)


@case("another passphrase is never linked, and both ends say why")
def _(scene):
    alice = make(scene, "alice", "work", PASSPHRASE)
    bob = make(scene, "bob", "work", OTHER)
    told = refused(bob, alice)
    assert "'work' with a passphrase" in told, told
    assert alice.logs("own_network=work", "own_passphrase=yes"), alice.log()
    carol = make(scene, "carol", "work", None)
    told = refused(carol, alice)
    assert "'work' without a passphrase" in told, told


@case("another name is never linked, and both ends say why")
def _(scene):
    alice = make(scene, "alice", "work", None)
    bob = make(scene, "bob", "play", None)
    told = refused(bob, alice)
    assert "'play' without a passphrase" in told, told
    home = scene.node("home")
    told = refused(home, alice)
    assert "'home'" in told, told


@case("a configured peer of another network costs a log line a minute, not one a dial")
def _(scene):
    alice = make(scene, "alice", "work", PASSPHRASE)
    began = time.monotonic()
    bob = make(scene, "bob", "work", OTHER, alice)
    for node in (alice, bob):
        wait_until("it is logged", lambda n=node: n.logs(" warn network "))
    for _ in range(5):
        bob.kith("connect", alice.address).expect(FAILED)
    for node in (alice, bob):
        lines = node.log().count(" warn network ")
        assert lines <= 1 + (time.monotonic() - began) // 60, node.log()


@case("the file of the key is for its owner alone, and the key shows nowhere else")
def _(scene):
    alice = make(scene, "alice", "work", PASSPHRASE)
    path = os.path.join(alice.home, "network")
    same(stat.S_IMODE(os.stat(path).st_mode), 0o600)
    with open(path, encoding="ascii") as file:
        assert KEY in file.read()
    proc = f"/proc/{alice.process.pid}"
    seen = alice.log() + json.dumps(alice.ready) + json.dumps(network(alice))
    for name in ("cmdline", "environ"):
        with open(f"{proc}/{name}", "rb") as file:
            seen += file.read().decode(errors="replace")
    shown = alice.kith("network", "show").expect(DONE).out.decode()
    same(re.findall(r"\S+$", shown, re.M), ["work", "yes", FINGERPRINT])
    seen += shown + alice.kith("network", "show", "--json").expect(DONE).out.decode()
    for entry in os.scandir(alice.home):
        if entry.is_file() and entry.name != "network":
            with open(entry.path, "rb") as file:
                seen += file.read().decode("latin-1")
    for secret in (PASSPHRASE, KEY, bytes.fromhex(KEY).decode("latin-1")):
        assert secret not in seen, "a secret shows"
    os.chmod(path, 0o644)
    alice.kith("network", "show").expect(FAILED, "chmod 600")
    alice.stop()
    run_kith("up", "--home", alice.home).expect(FAILED, "chmod 600")
    os.chmod(path, 0o600)


def is_sanitized():
    """Such a program keeps a copy of its environment, beyond what it can wipe."""
    with open(kith_path(), "rb") as file:
        return b"__asan_init" in file.read()


@case("the memory of a running node holds no passphrase")
def _(scene):
    path = os.path.join(scene.path, "passphrase")
    with open(path, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write(PASSPHRASE)
    if is_sanitized():
        alice = scene.make("alice").start("--network", "work", "--network-passphrase-file", path)
    else:
        alice = make(scene, "alice", "work", PASSPHRASE)
    try:
        with open(f"/proc/{alice.process.pid}/maps", encoding="ascii") as file:
            areas = [line.split() for line in file]
        with open(f"/proc/{alice.process.pid}/mem", "rb", 0) as memory:
            for area in areas:
                if "rw" not in area[1] or area[-1] in ("[vvar]", "[vsyscall]"):
                    continue
                first, last = (int(end, 16) for end in area[0].split("-"))
                if last - first > 256 << 20:
                    continue  # a sanitizer's own
                memory.seek(first)
                try:
                    assert PASSPHRASE.encode() not in memory.read(last - first), area
                except OSError:
                    continue
    except PermissionError as error:
        raise Skip("memory of another process cannot be read") from error


@case("switching to another network and back keeps the history of both")
def _(scene):
    alice = make(scene, "alice", "work", PASSPHRASE)
    bob = make(scene, "bob", "work", PASSPHRASE, alice)
    scene.linked(alice, bob)
    alice.say(LOBBY, "at work")
    alice.say("bob", "between us")
    wait_until("bob has it", lambda: len(bob.texts()) == 2)
    alice.stop()
    bob.say(LOBBY, "while you were out")

    alice.start("--network", "play")
    assert alice.logs(" info network ", "network=play", "before=work"), alice.log()
    alice.say(LOBBY, "at play")
    same(alice.texts(room=LOBBY), ["at play"])
    same(sorted(alice.texts()), ["at play", "at work", "between us"])
    rooms = {room["id"]: room for room in alice.request("GET", "/rooms")[1]["rooms"]}
    kept = next(room for room in rooms.values() if room["foreign"])
    assert re.fullmatch(r"#lobby~[a-z2-7]{12}", kept["id"]), kept
    same((kept["kind"], kept["online"], rooms[LOBBY]["foreign"]), ("open", 0, False))
    same(alice.texts(room=kept["id"]), ["at work"])
    alice.kith("send", kept["id"], "x").expect(NOT_FOUND, "another network")
    assert "of another network" in alice.kith("rooms").expect(DONE).out.decode()
    # Whoever is at play learns nothing of work, not even by its tags.
    carol = make(scene, "carol", "play", None, alice)
    scene.linked(alice, carol)
    wait_until("carol has it", lambda: carol.texts() == ["at play"])
    assert carol.peer(alice)["name"] == "alice"
    alice.stop()

    alice.env = {VARIABLE: PASSPHRASE}
    alice.start("--network", "work")
    alice.env = {}
    wait_until("bob's is there", lambda: "while you were out" in alice.texts(room=LOBBY))
    same(alice.texts(room=LOBBY), ["at work", "while you were out"])
    alice.say(LOBBY, "back again")
    wait_until("it arrives", lambda: "back again" in bob.texts())
    same([t for t in bob.texts() if "play" in t], [], "of another network at bob")


@case("a start that fails does not switch the network")
def _(scene):
    alice = scene.make("alice").start("--network", "work")
    alice.stop()
    switch = ("up", "--home", alice.home, "--network", "play", "--no-lan", "--no-port-mapping")
    run_kith(*switch, "--listen", "192.0.2.1:0").expect(FAILED, "no such address")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        http = f"127.0.0.1:{taken.getsockname()[1]}"
        run_kith(*switch, "--listen", "127.0.0.1:0", "--http", http).expect(FAILED, http)
    assert b"work" in alice.kith("network", "show").expect(DONE).out
    alice.start()
    same(network(alice)["name"], "work")


@case("a passphrase comes from a file, which nobody else may read, and can be dropped")
def _(scene):
    path = os.path.join(scene.path, "passphrase")
    with open(path, "w", encoding="utf-8") as file:
        file.write(PASSPHRASE + "\r\n\n")
    os.chmod(path, 0o640)
    alice = scene.make("alice")
    flags = ("--network", "work", "--network-passphrase-file", path)
    run_kith("up", "--home", alice.home, *flags).expect(USAGE, path, "chmod 600")
    os.chmod(path, 0o600)
    alice.start(*flags)
    same(network(alice)["fingerprint"], FINGERPRINT)
    alice.stop()
    alice.start("--no-passphrase")
    same((network(alice)["name"], network(alice)["passphrase"]), ("work", False))
    alice.stop()
    with open(os.path.join(alice.home, "kith.conf"), "w", encoding="utf-8") as file:
        file.write(f"network = work\nnetwork-passphrase-file = {path}\n")
    alice.start()
    same(network(alice)["fingerprint"], FINGERPRINT)
    alice.stop()
    with open(path, "w", encoding="utf-8") as file:
        file.write("short\n")
    run_kith("up", "--home", alice.home).expect(USAGE, path, "at least 8")
    run_kith("up", "--home", alice.home, "--network-passphrase-file",
             path + "-none").expect(FAILED, path + "-none", "cannot be read")
    run_kith("up", "--home", alice.home, "--network", "a/b").expect(USAGE, "--network")
    with open(os.path.join(alice.home, "kith.conf"), "w", encoding="utf-8") as file:
        file.write(f"network-passphrase = {PASSPHRASE}\n")
    refused_knob = run_kith("up", "--home", alice.home).expect(USAGE, "unknown knob")
    assert PASSPHRASE not in refused_knob.err.decode()


def prompted(home, typed):
    """`kith up --passphrase` on a terminal of its own: what it showed, and the process."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [kith_path(), "up", "--home", home, "--listen", "127.0.0.1:0", "--network", "work",
         "--passphrase"], stdin=child, stdout=child, stderr=child, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(child)
    shown, has_typed = b"", False
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline and b"ready:" not in shown:
        if not select.select([parent], [], [], 1)[0]:
            continue
        try:
            piece = os.read(parent, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if b"passphrase of the network:" in shown and not has_typed:
            has_typed = True
            os.write(parent, typed)
    return shown.decode(), process, parent


@case("a passphrase is asked for on a terminal, without echo, and nowhere else")
def _(scene):
    home = os.path.join(scene.path, "asked")
    shown, process, terminal = prompted(home, PASSPHRASE.encode() + b"\n")
    scene.at_end(lambda: process.poll() is None and (process.kill(), process.wait()))
    assert "ready:" in shown and PASSPHRASE not in shown, shown
    shown_network = run_kith("network", "show", "--home", home).expect(DONE).out.decode()
    assert FINGERPRINT in shown_network, shown_network
    process.terminate()
    same(process.wait(WAIT_S), DONE)
    os.close(terminal)
    run_kith("up", "--home", home, "--passphrase").expect(USAGE, "terminal", VARIABLE)
    run_kith("up", "--home", home, "--passphrase=x").expect(USAGE, "takes no value")
    run_kith("up", "--home", home, "--passphrase", "--no-passphrase").expect(USAGE)
    shown, process, terminal = prompted(home, b"\x03")
    same(process.wait(WAIT_S), FAILED, "exit code after ^C")
    assert "no passphrase was given" in shown, shown
    os.close(terminal)


@case("`kith network new` draws a good passphrase and says what to do with it")
def _(scene):
    home = os.path.join(scene.path, "none")
    made = run_kith("network", "new", "work", "--home", home, "--json").expect(DONE).lines()[0]
    same(made["network"], "work")
    assert re.fullmatch(r"([a-z]{3,6}-){6}[a-z]{3,6}", made["passphrase"]), made
    shown = run_kith("network", "new", "o'clock", "--home", home).expect(DONE).out.decode()
    assert "kith up --passphrase --network 'o'\\''clock'" in shown, shown
    assert made["passphrase"] not in shown
    assert not os.path.exists(home)
    shown = run_kith("network", "show", "--home", home).expect(DONE).out.decode()
    same(re.findall(r"\S+$", shown, re.M), ["home", "no", "2myyhfzlhqyy"])
    run_kith("network", "new", "a/b").expect(USAGE, "a/b")
    run_kith("network", "old").expect(USAGE, "old")
    run_kith("network").expect(USAGE)
    run_kith("network", "show", "work").expect(USAGE)
    alice = make(scene, "alice", "work", made["passphrase"])
    bob = make(scene, "bob", "work", made["passphrase"], alice)
    scene.linked(alice, bob)


if __name__ == "__main__":
    main()
