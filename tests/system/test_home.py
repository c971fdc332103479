# SPDX-License-Identifier: MIT
"""What the machine and the user can do wrong: each is named, with what to do next."""

import os
import random
import shutil
import signal
import socket
import sqlite3

from kithlib import (DONE, FAILED, NO_NODE, NOT_FOUND, SANITIZER, USAGE, case, main,
                     run_kith, same, wait_until)
from userlib import IS_ROOT, NOBODY, Ordinary

LOBBY = "#lobby"


def up(home, *flags, **options):
    return run_kith("up", "--home", home, "--listen", "127.0.0.1:0", *flags, **options)


# ---- homes ----

@case("everything works for an ordinary user")
def _(scene):
    user = Ordinary(scene)
    alice = scene.make("alice", home=user.path + "/a", prefix=user.prefix).start()
    bob = scene.make("bob", "--peer", alice.address, home=user.path + "/b",
                     prefix=user.prefix).start()
    scene.linked(alice, bob)
    alice.kith("send", "bob", "hello", prefix=user.prefix).expect(DONE)
    wait_until("it arrives", lambda: bob.texts() == ["hello"])
    same(os.stat(alice.home).st_mode & 0o777, 0o700)
    for name in os.listdir(alice.home):
        same(os.stat(os.path.join(alice.home, name)).st_mode & 0o077, 0, f"mode of {name}")
    alice.kith("down", prefix=user.prefix).expect(DONE)
    alice.ended()


@case("a home that cannot be written to, or is another user's, is refused")
def _(scene):
    user = Ordinary(scene)
    closed = os.path.join(user.path, "closed")
    os.mkdir(closed, 0o555)
    if IS_ROOT:
        os.chown(closed, NOBODY, NOBODY)
    up(closed, prefix=user.prefix).expect(FAILED, closed, "--home")
    up(closed + "/below", prefix=user.prefix).expect(FAILED, closed, "--home")
    up("/proc/nowhere", prefix=user.prefix).expect(FAILED, "/proc/nowhere", "--home")
    file = os.path.join(user.path, "file")
    with open(file, "w", encoding="ascii"):
        pass
    up(file, prefix=user.prefix).expect(FAILED, file, "not a directory", "--home")
    if not IS_ROOT:
        return
    roots = scene.node("root")
    for command in (("up", "--listen", "127.0.0.1:0"), ("send", LOBBY, "x"), ("peers",),
                    ("down",), ("id",)):
        result = run_kith(command[0], "--home", roots.home, *command[1:], prefix=user.prefix)
        result.expect(FAILED)
        assert roots.home in result.err.decode(), result
    roots.say(LOBBY, "untouched")


@case("a second process on a home is refused, and the first goes on")
def _(scene):
    alice = scene.node("alice")
    up(alice.home).expect(FAILED, "already runs", alice.home, "kith down", "--home")
    alice.say(LOBBY, "still here")
    os.remove(os.path.join(alice.home, "lock"))  # taken for a relic
    up(alice.home).expect(FAILED, "already runs", alice.home, "kith down", "--home")
    alice.say(LOBBY, "and here")
    alice.kill()  # leaves lock file and socket behind
    alice.start()
    same(alice.texts(), ["still here", "and here"])


def damage(path, how):
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        if how == "garbage":
            file.write(random.Random(1).randbytes(size))
        elif how == "head":
            file.write(bytes(100))
        elif how == "cut":
            file.truncate(size // 2 + 100)
        elif how == "pages":
            file.seek(4096)
            file.write(b"\xa5" * (size - 4096))


@case("a damaged database is named, with the way out, and is left as it is")
def _(scene):
    alice = scene.node("alice")
    for count in range(200):
        alice.say(LOBBY, f"text {count}")
    alice.stop()
    for how in ("garbage", "head", "cut", "pages"):
        home = os.path.join(scene.path, how)
        shutil.copytree(alice.home, home)
        database = os.path.join(home, "kith.db")
        for name in ("kith.db-wal", "kith.db-shm"):
            if os.path.exists(os.path.join(home, name)):
                os.remove(os.path.join(home, name))
        damage(database, how)
        with open(database, "rb") as file:
            before = file.read()
        up(home).expect(FAILED, database, "damaged", "backup")
        with open(database, "rb") as file:
            assert file.read() == before, f"the {how} database was changed"


@case("damage that shows only while it runs is named to all who ask, and the rest goes on")
def _(scene):
    alice = scene.node("alice")
    lines = [f'{{"to": "{LOBBY}", "text": "word{count} {"x " * 400}"}}' for count in range(200)]
    same(alice.request("POST", "/messages/batch", "\n".join(lines).encode())[0], 200)
    alice.stop()
    with open(os.path.join(alice.home, "kith.db"), "r+b") as file:
        page = file.read().index(b"word100 x x") // 4096 * 4096
        file.seek(page)
        file.write(b"\xa5" * 4096)
    alice.start()
    bob = scene.node("bob", alice)
    scene.linked(alice, bob)
    wait_until("the log names it, though only a peer asked",
               lambda: alice.logs("cannot be read", "ECORRUPT", "from a backup"))
    alice.kith("tail", "--no-follow").expect(FAILED, "damaged", "kith doctor")
    alice.kith("search", "word100").expect(FAILED, "damaged", "kith doctor")
    alice.kith("doctor").expect(FAILED)
    told = alice.kith("doctor").out.decode()
    assert "fail  store: a part of what was said" in told and "from a backup" in told, told
    for one, other in ((alice, bob), (bob, alice)):
        one.kith("send", "--wait", "delivered", other.id, "it goes on").expect(DONE)


@case("a database that is deleted while in use takes nothing more, and can still be saved")
def _(scene):
    alice = scene.node("alice")
    alice.say(LOBBY, "kept")
    os.remove(os.path.join(alice.home, "kith.db"))
    alice.kith("send", LOBBY, "acknowledged by nobody").expect(FAILED)
    wait_until("the log names it", lambda: alice.logs("deleted while in use", "kith export"))
    alice.kith("doctor").expect(FAILED)
    assert b"kept" in alice.kith("export").expect(DONE).out
    alice.stop()


@case("a database of a newer kith is refused, and left as it is")
def _(scene):
    alice = scene.node("alice")
    alice.say(LOBBY, "kept")
    alice.stop()
    database = os.path.join(alice.home, "kith.db")
    with sqlite3.connect(database) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        assert version > 0
        connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.close()
    up(alice.home).expect(FAILED, "newer", database, "--home")
    with sqlite3.connect(database) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    alice.start()
    same(alice.texts(), ["kept"])


@case("a broken identity is named, and no other is made in its place")
def _(scene):
    alice = scene.node("alice")
    alice.stop()
    path = os.path.join(alice.home, "identity")
    with open(path, "rb") as file:
        whole = file.read()
    for content in (b"", whole[:7], whole + b"more"):
        with open(path, "wb") as file:
            file.write(content)
        up(alice.home).expect(FAILED, path)
        with open(path, "rb") as file:
            assert file.read() == content
    with open(path, "wb") as file:
        file.write(whole)
    os.chmod(path, 0o644)
    up(alice.home).expect(FAILED, path, "chmod")
    os.chmod(path, 0o600)
    before = alice.id
    alice.start()
    same(alice.id, before)


@case("a database without its identity is refused, and nothing is written")
def _(scene):
    alice = scene.node("alice")
    alice.say(LOBBY, "kept")
    alice.stop()
    was, identity = alice.id, os.path.join(alice.home, "identity")
    aside = os.path.join(scene.path, "aside")
    os.rename(identity, aside)
    before = sorted(os.listdir(alice.home))
    up(alice.home).expect(FAILED, identity, "put it back", "kith.db", "new peer")
    same(sorted(os.listdir(alice.home)), before)
    os.rename(aside, identity)
    alice.start()
    same((alice.id, alice.texts()), (was, ["kept"]))
    alice.stop()
    for name in ("identity", "kith.db"):  # as it was said
        os.remove(os.path.join(alice.home, name))
    alice.start()
    assert alice.id != was
    same(alice.texts(), [])


@case("an identity of another home is refused, also by a database from before it was noted")
def _(scene):
    alice, bob = scene.node("alice"), scene.node("bob")
    alice.stop()
    bob.stop()
    path = os.path.join(alice.home, "identity")
    shutil.copy(path, os.path.join(scene.path, "aside"))
    shutil.copy(os.path.join(bob.home, "identity"), path)
    up(alice.home).expect(FAILED, "kith.db", "another identity", alice.id, "put that one back")
    shutil.copy(os.path.join(scene.path, "aside"), path)
    with sqlite3.connect(os.path.join(alice.home, "kith.db")) as connection:
        connection.execute("ALTER TABLE meta DROP COLUMN self")
        connection.execute("DROP TABLE seen_blocks")
        connection.execute("PRAGMA user_version = 6")
    connection.close()
    was = alice.id
    alice.start()
    same(alice.id, was)
    alice.stop()
    shutil.copy(os.path.join(bob.home, "identity"), path)
    up(alice.home).expect(FAILED, "another identity")


@case("a node whose home was moved leaves the socket of the one in its place")
def _(scene):
    alice = scene.node("alice")
    os.rename(alice.home, os.path.join(scene.path, "moved"))
    bob = scene.make("bob", home=alice.home).start()
    alice.stop()
    same(bob.request("GET", "/self")[1]["id"], bob.id)
    bob.kith("down").expect(DONE)
    bob.ended()


# ---- the network ----

@case("a taken port is named, unless none was asked for")
def _(scene):
    alice = scene.node("alice")
    home = os.path.join(scene.path, "other")
    run_kith("up", "--home", home, "--listen", alice.address).expect(
        FAILED, alice.address, "in use", "--listen")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run_kith("up", "--home", home, "--listen", f"127.0.0.1:{port}").expect(
            FAILED, f"127.0.0.1:{port}", "in use")
    run_kith("up", "--home", home, "--listen", "192.0.2.1:0").expect(
        FAILED, "192.0.2.1", "no such address", "--listen")
    if not IS_ROOT:
        run_kith("up", "--home", home, "--listen", "127.0.0.1:80").expect(FAILED, "1024")


# ---- stopping and reading again ----

@case("SIGTERM, SIGINT and down end it cleanly, and the peers are told")
def _(scene):
    alice = scene.node("alice")
    for number in (signal.SIGTERM, signal.SIGINT, None):
        bob = scene.node("bob", alice)
        wait_until("online", lambda b=bob: b.id in alice.online())
        if number:
            bob.stop(number)
        else:
            bob.kith("down").expect(DONE)
            bob.ended()
        wait_until("alice knows", lambda b=bob: alice.peer(b)["state"] == "offline")
        assert not os.path.exists(bob.ready["socket"]), "the socket was left behind"


@case("standard streams that came closed are no place for files and sockets")
def _(scene):
    def closed(streams):
        return ("sh", "-c", f'exec "$@" {streams}', "sh")

    alice = scene.make("alice", prefix=closed("<&- 2>&-")).start()
    alice.say(LOBBY, "no log, no trouble")
    for fd in range(3):
        where = os.readlink(f"/proc/{alice.process.pid}/fd/{fd}")
        assert fd == 1 or where == "/dev/null", where
    with open(os.path.join(alice.home, "lock"), encoding="ascii") as file:
        same(file.read(), f"{alice.process.pid}\n")
    for streams in (">&-", "<&- >&-"):
        up(os.path.join(scene.path, "h"), prefix=closed(streams)).expect(FAILED, "ready line")
        alice.kith("tail", "--no-follow", prefix=closed(streams)).expect(FAILED, "be written")
    alice.stop()
    alice.start()
    same(alice.texts(), ["no log, no trouble"])


@case("up --detach keeps nothing of where it was started: open files, the working directory")
def _(scene):
    held = os.path.join(scene.path, "held")
    there = ("sh", "-c", 'cd "$0" && exec "$@" 9>held', scene.path)
    bare = {"HOME": ".", "XDG_DATA_HOME": "", "KITH_HOME": ""}
    for name, flags in (("here", ("--home", "here")), (".local/share/kith", ())):
        home = os.path.join(scene.path, name)
        scene.at_end(lambda h=home: run_kith("down", "--home", h))
        run_kith("up", *flags, "--listen", "127.0.0.1:0", "--detach", env=bare,
                 prefix=there).expect(DONE)
        with open(home + "/lock", encoding="ascii") as file:
            process = f"/proc/{file.read().strip()}"
        kept = [os.readlink(f"{process}/fd/{fd}") for fd in os.listdir(process + "/fd")]
        assert held not in kept, kept
        same(os.readlink(process + "/cwd"), "/")
        run_kith("send", "--home", home, LOBBY, "hello").expect(DONE)
        run_kith("down", "--home", home).expect(DONE)
        with open(home + "/kith.log", encoding="utf-8") as file:
            assert not SANITIZER.search(file.read()), name


@case("a stopped peer does not hold up the end")
def _(scene):
    alice, bob = scene.pair()
    bob.pause()
    for count in range(10):
        alice.say("bob", f"{count} " + "x" * 60000)
    alice.ends_in_time()
    bob.go_on()


@case("SIGHUP reads the configuration again, and a broken one changes nothing")
def _(scene):
    alice = scene.node("alice")
    bob = scene.make("bob")
    bob.start(name=False)
    config = os.path.join(bob.home, "kith.conf")

    def configure(text):
        with open(config, "w", encoding="utf-8") as file:
            file.write(text)
        bob.process.send_signal(signal.SIGHUP)

    configure(f"name = robert\npeer = {alice.address}\nlog = debug\n")
    scene.linked(alice, bob)
    wait_until("the new name", lambda: alice.peer(bob)["name"] == "robert")
    configure("name = robert\ntracker = 127.0.0.1:9\n")
    wait_until("the tracker is tried", lambda: [
        t["address"] for t in bob.request("GET", "/trackers")[1]["trackers"]] == ["127.0.0.1:9"])
    configure("name = a~b\n")
    wait_until("the fault is named", lambda: bob.logs("kept as it was", "kith.conf"))
    configure("nmae = rob\n")
    wait_until("the nearest knob is named", lambda: bob.logs("kept as it was", "nmae", "'name'"))
    same(bob.request("GET", "/self")[1]["name"], "robert")
    assert alice.id in bob.online()


@case("SIGHUP leaves what kith rename said, until the configuration says another name")
def _(scene):
    bob = scene.make("bob")
    config = os.path.join(bob.home, "kith.conf")
    os.mkdir(bob.home, 0o700)

    def configure(text):
        with open(config, "w", encoding="utf-8") as file:
            file.write(text)

    def name():
        return bob.request("GET", "/self")[1]["name"]

    configure("name = robert\n")
    bob.start(name=False)
    bob.kith("rename", "bobby").expect(DONE)
    configure("name = robert\nlog = debug\n")
    bob.process.send_signal(signal.SIGHUP)
    wait_until("it is read", lambda: bob.logs("read again"))
    same(name(), "bobby")
    configure("name = rob\n")
    bob.process.send_signal(signal.SIGHUP)
    wait_until("the new name", lambda: name() == "rob")


@case("a home whose path is not UTF-8 is as good as another")
def _(scene):
    alice = scene.make("alice", home=os.path.join(scene.path, "h\udcf6me"))
    alice.start()
    shown = alice.home.replace("\udcf6", "\N{REPLACEMENT CHARACTER}")
    same((alice.ready["home"], alice.ready["socket"]), (shown, shown + "/control"))
    alice.ready["socket"] = os.path.join(alice.home, "control")
    same(alice.request("GET", "/self")[1]["home"], shown)
    assert shown in alice.kith("doctor").out.decode()
    alice.kith("chat", stdin=b"#lobby hello\n").expect(DONE)
    alice.kith("down").expect(DONE)
    alice.ended()
    run_kith("chat", "--home", alice.home, "--listen", "127.0.0.1:0", "--no-lan",
             stdin=b"").expect(DONE)


# ---- usage ----

@case("what cannot be understood is a usage error that names the nearest, or the rule")
def _(scene):
    home = os.path.join(scene.path, "h")
    for words, *parts in (
            (("snd", "x"), "snd", "send"), (("brodcast", "x"), "broadcast"),
            (("peer",), "peers"), (("hepl",), "help"), (("zzzzzz",), "zzzzzz", "kith help"),
            (("up", "--lsten", ":0"), "--lsten", "--listen"),
            (("send", "--wiat", "x"), "--wiat", "--wait"),
            (("up", "--name"), "--name", "value"), (("up", "--listen"), "--listen", "value"),
            (("send",), "target"), (("connect",), "addr"), (("disconnect",), "peer"),
            (("rename",), "name"), (("connect", "a", "b"), "help connect"),
            (("down", "now"), "help down"), (("peers", "--since", "2h"), "--since"),
            (("send", "--wait", "read", "x", "y"), "delivered", "read"),
            (("send", "--timeout", "soon", "x", "y"), "--timeout", "soon"),
            (("send", "--timeout", "-1", "x", "y"), "--timeout"),
            (("up", "--listen", "127.0.0.1:99999"), "99999", "65535"),
            (("up", "--listen", "1.2.3:1"), "1.2.3"),
            (("up", "--peer", "a:b:c"), "a:b:c"), (("up", "--peer", ":4747"), ":4747"),
            (("up", "--peer", "host:0"), "host:0"),
            (("up", "--log", "loud"), "loud", "info"),
            (("up", "--durability", "much"), "much", "full"),
            (("tail", "a", "b"), "help tail")):
        run_kith("--home", home, *words).expect(USAGE, *parts)
    for words in ((), ("--", "peers")):
        run_kith(*words).expect(USAGE)
    for words in (("peers", "--home="), ("peers", "--home", "")):
        run_kith(*words).expect(USAGE, "--home")
    for words in (("--help",), ("help",), ("help", "send"), ("send", "--help"), ("-h",),
                  ("--version",), ("version",)):
        assert run_kith(*words).expect(DONE).out, words
    run_kith("help", "snd").expect(USAGE, "send")
    assert not os.path.exists(home), "a usage error made a home"


@case("a name that cannot be one is refused wherever it is given")
def _(scene):
    alice = scene.node("alice")
    for name in ("", " ", "x" * 33, "a~b", "#a", "a:b", "a/b", "a@b", "a\nb", "a\x1b[31mb",
                 "\u202egnol", "zero\u200bwidth", "10.0.0.1", "a" * 52, b"caf\xe9", "::1"):
        run_kith("up", "--home", os.path.join(scene.path, "h"), "--name", name).expect(
            USAGE, "name")
        refused = alice.kith("rename", "--", name)
        assert refused.code in (FAILED, USAGE), refused
        assert b"\x1b" not in refused.err and "\u202e".encode() not in refused.err, refused
    for name in ("x" * 32, "Zoë", "李 雷", "two words", "🜂"):
        alice.kith("rename", name).expect(DONE)
        same(alice.request("GET", "/self")[1]["name"], name)
    alice.kith("rename", "  trimmed  ").expect(DONE)
    same(alice.request("GET", "/self")[1]["name"], "trimmed")


@case("bad targets, times and addresses are named; without a node the exit code is 3")
def _(scene):
    alice = scene.node("alice")
    for target in ("nobody", "#nowhere", "1.2.3.4:5", "abcdefgh", "sam~abcdefghijkl", ""):
        result = alice.kith("send", target, "x")
        assert result.code in (NOT_FOUND, USAGE), result
    for time in ("yesterday", "2x", "2026-13-01", "-1h"):
        result = alice.kith("tail", "--no-follow", f"--since={time}")
        result.expect(USAGE, "since", "2h")
    for address in ("a:b:c", "1.2.3", "host:99999", ""):
        result = alice.kith("connect", address)
        assert result.code in (USAGE, FAILED), result
    alice.kith("connect", alice.address).expect(FAILED, "itself")
    empty = os.path.join(scene.path, "empty")
    for words in (("send", LOBBY, "x"), ("broadcast", "x"), ("tail", "--no-follow"), ("peers",),
                  ("rooms",), ("connect", "1.2.3.4"), ("disconnect", "x"), ("rename", "x"),
                  ("down",)):
        run_kith(words[0], "--home", empty, *words[1:]).expect(NO_NODE, "kith up")


if __name__ == "__main__":
    main()
