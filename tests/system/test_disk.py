# SPDX-License-Identifier: MIT
"""A disk that is full: what cannot be kept is refused, what was acknowledged stays."""

import json
import time

from disklib import Disk, enter_namespace
from kithlib import (DONE, FAILED, NO_NODE, NOT_FOUND, case, main, run_kith, same,
                     wait_until)
from trackerlib import Tracker
from userlib import Ordinary

LOBBY = "#lobby"


@case("a full disk refuses what is said, keeps what was said, and goes on when there is room")
def _(scene):
    user = Ordinary(scene)
    disk = Disk(scene, user=user)
    alice = scene.make("alice", home=disk.path + "/a", prefix=user.prefix).start()
    bob = scene.node("bob", alice)
    scene.linked(alice, bob)
    kept = []

    def say(text):
        status, answer = alice.request("POST", "/messages", {"to": LOBBY, "text": text})
        assert status in (201, 507), (status, answer)
        if status == 201:
            kept.append(text)
        return status

    say("before")
    disk.fill()
    statuses = [say(f"{count} " + "x" * 5000) for count in range(200)]
    assert 507 in statuses, "the disk never was full"
    wait_until("it stays full", lambda: say("y" * 5000) == 507)
    alice.kith("send", LOBBY, "z" * 5000).expect(FAILED, "disk is full", "make room", "again")
    assert alice.logs("full"), "the log does not name the disk"
    bob.say(LOBBY, "said while alice's disk was full")
    same([m["text"] for m in alice.history() if m["mine"]], kept, "history on a full disk")
    disk.free()
    wait_until("it goes on", lambda: say("after") == 201)
    wait_until("what the peer said meanwhile is there",
               lambda: "said while alice's disk was full" in alice.texts())
    wait_until("all that was kept is at bob",
               lambda: [m["text"] for m in bob.history() if not m["mine"]] == kept)
    alice.kill()
    alice.start()
    same([m["text"] for m in alice.history() if m["mine"]], kept, "history after kill -9")


def fill_with_messages(node, disk):
    """Batches one on the other, between which nothing is indexed; the word of the last that
    was stored."""
    last = -1
    while True:
        first = last + 1
        lines = [{"to": LOBBY, "text": f"word{no} " + " ".join(
                     f"x{(no * 7919 + i * 104729) % 1000003}" for i in range(30))}
                 for no in range(first, first + 200)]
        body = "".join(json.dumps(line) + "\n" for line in lines).encode()
        answer = node.request("POST", "/messages/batch", body)[1]
        last += answer["stored"]
        if answer["stored"] < len(lines):
            disk.fill()
            return f"word{last}"


def search_check(node):
    """What `kith doctor` says of the search; None: all is well."""
    checks = node.request("GET", "/doctor")[1]["checks"]
    return next((check for check in checks if check["check"] == "search"), None)


@case("a search says that the disk is full, and all is found once there is room")
def _(scene):
    user = Ordinary(scene)
    disk = Disk(scene, user=user)
    alice = scene.make("alice", home=disk.path + "/a", prefix=user.prefix).start()
    last = fill_with_messages(alice, disk)

    for word in (last, "nowhere"):
        alice.kith("search", word).expect(FAILED, "disk is full", "make room")
    page = alice.request("GET", "/messages?order=newest&limit=1")[1]
    path = "/messages/" + page["messages"][0]["id"]
    same(alice.request("GET", path)[0], 507)
    same(search_check(alice)["state"], "problem")
    assert "make room" in search_check(alice)["advice"], search_check(alice)
    disk.grow(mib=40)
    for word in ("word0", last):
        assert word in alice.kith("search", word).expect(DONE).out.decode()
    same(alice.request("GET", path)[0], 200)
    same(search_check(alice), None)


@case("what a full disk kept out of the search is indexed without being asked for")
def _(scene):
    disk = Disk(scene)
    alice = scene.make("alice", home=disk.path + "/a").start()
    last = fill_with_messages(alice, disk)
    wait_until("it fails", lambda: search_check(alice))
    disk.grow(mib=40)
    wait_until("it goes on", lambda: not search_check(alice))
    assert last in alice.kith("search", last).expect(DONE).out.decode()


@case("a disk that is full while the node dies costs nothing acknowledged")
def _(scene):
    disk = Disk(scene)
    alice = scene.make("alice", home=disk.path + "/a").start()
    kept = [alice.say(LOBBY, f"{count} " + "x" * 1000)["text"] for count in range(100)]
    disk.fill()
    for count in range(300):
        status, answer = alice.request("POST", "/messages",
                                       {"to": LOBBY, "text": f"{count} " + "y" * 5000})
        if status == 201:
            kept.append(answer["text"])
    alice.kill()
    disk.free()
    alice.start()
    same(alice.texts(), kept)
    alice.say(LOBBY, "and on")


@case("a node that cannot make its home on a full disk says so")
def _(scene):
    disk = Disk(scene, mib=1)
    disk.fill()
    run_kith("up", "--home", disk.path + "/a", "--listen", "127.0.0.1:0").expect(
        FAILED, "no space left", "make room", disk.path)
    disk.free()
    scene.make("alice", home=disk.path + "/a").start()


@case("on a disk that is too small a home says so, and is one once the disk grows")
def _(scene):
    user = Ordinary(scene)
    refused = 0
    for kib in (4, 8, 12, 16, 32, 64, 96, 112, 128, 144, 160, 256):
        disk = Disk(scene, mib=kib / 1024, user=user)
        alice = scene.make("alice", home=disk.path + "/a", prefix=user.prefix)
        alice.log_path = f"{user.path}/{kib}.log"
        first = None
        try:
            first = alice.start().id
            alice.kill()
        except AssertionError:
            refused += 1
            same(alice.process.wait(), FAILED, "exit code")
            assert alice.logs("make room", disk.path), alice.log()
        disk.grow(mib=8)
        alice.start()
        same(alice.id, first or alice.id, "id")
        alice.say(LOBBY, "there is room")
        alice.kill()
        alice.start()
        same(alice.texts(), ["there is room"])
        alice.stop()
    assert refused > 2, refused


@case("a tracker on a full disk goes on, and says once in a while what to do")
def _(scene):
    disk = Disk(scene, mib=1)
    tracker = Tracker(scene)
    tracker.home = disk.path + "/t"
    tracker.start()
    disk.fill()
    began = time.monotonic()
    for _ in range(20):
        tracker.peer(b"comer").end()
    wait_until("it is told of", lambda: "make room" in tracker.log())
    said = tracker.log().count("are not kept") + tracker.log().count("is not kept")
    most = 2 + (time.monotonic() - began) // 10
    assert said <= most, f"{said} times:\n{tracker.log()}"
    wait_until("all have gone", lambda: tracker.here() == [])
    tracker.stop()


@case("a read-only file system is named")
def _(scene):
    user = Ordinary(scene)
    disk = Disk(scene, user=user)
    alice = scene.make("alice", home=disk.path + "/a", prefix=user.prefix).start()
    alice.say(LOBBY, "kept")
    alice.stop()
    disk.only_read()

    def refused(*words, code=FAILED, parts=("read-only", disk.path, "--home")):
        run_kith(*words, prefix=user.prefix).expect(code, *parts)

    for home in (alice.home, disk.path + "/b"):
        refused("up", "--home", home, "--listen", "127.0.0.1:0")
        refused("chat", "--home", home)
        refused("tracker", "--home", home, "--listen", "127.0.0.1:0")
        refused("send", "--home", home, LOBBY, "x", code=NO_NODE, parts=("kith up",))
    refused("id", "--home", disk.path + "/b", code=NOT_FOUND, parts=("kith up",))
    alice.kith("id", prefix=user.prefix).expect(DONE)
    disk.only_read(False)
    alice.start()
    same(alice.texts(), ["kept"])


if __name__ == "__main__":
    enter_namespace()
    main()
