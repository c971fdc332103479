# SPDX-License-Identifier: MIT
"""Backups: a home in one sealed file, and back, with nothing lost and no number used twice."""

import fcntl
import os
import pty
import select
import shutil
import signal
import sqlite3
import stat
import subprocess
import termios
import time

from chatlib import HUP, TERM, Terminal, signal_all
from disklib import Disk, enter_namespace
from kithlib import (DONE, FAILED, NOT_FOUND, USAGE, WAIT_S, Skip, case, kith_path, main, run_kith,
                     same, wait_until)

LOBBY = "#lobby"
VARIABLE = "KITH_BACKUP_PASSPHRASE"
PASSPHRASE = "nine quiet herons"
SECRET = {VARIABLE: PASSPHRASE}


def back_up(home, file, *flags, **options):
    return run_kith("backup", "--home", home, file, *flags, env=SECRET, **options)


def restore(home, file, **options):
    return run_kith("restore", "--home", home, file, env=SECRET, **options)


def at(scene, name):
    return os.path.join(scene.path, name)


def logs(home):
    """Every event of this node's own logs in a database: {(log id, seq): id}."""
    with sqlite3.connect(f"file:{home}/kith.db?mode=ro", uri=True) as database:
        rows = database.execute(
            "SELECT l.log, e.key & 1099511627775, e.id FROM events e"
            " JOIN logs l ON l.no = e.key >> 40 WHERE l.author = 0").fetchall()
    database.close()
    return {(bytes(log), seq): bytes(event) for log, seq, event in rows}


def check_no_number_twice(*all_logs):
    seen = {}
    for some in all_logs:
        for place, event in some.items():
            assert seen.setdefault(place, event) == event, "a sequence number was used twice"


def names(directory):
    return sorted(os.listdir(directory))


@case("what is backed up while the node runs comes back as it was, in a home for its owner alone")
def _(scene):
    alice, bob = scene.pair()
    alice.say(LOBBY, "to all")
    alice.say("bob", "to bob")
    bob.say("alice", "to alice")
    wait_until("all is there", lambda: len(alice.texts()) == 3 and len(bob.texts()) == 3)
    with open(os.path.join(alice.home, "kith.conf"), "w", encoding="utf-8") as file:
        file.write("# mine\nlog = debug\n")
    before, file = alice.history(), at(scene, "backup")
    in_home = names(alice.home)
    made = back_up(alice.home, file, "--json").expect(DONE).lines()[0]
    same(made, {"file": file, "size": os.path.getsize(file), "home": alice.home})
    same(stat.S_IMODE(os.stat(file).st_mode), 0o600)
    same(names(alice.home), in_home, "files in the home")
    same([n for n in names(scene.path) if "part" in n], [], "left beside it")
    with open(file, "rb") as sealed:
        content = sealed.read()
    for secret in (b"to bob", b"to alice", b"SQLite", PASSPHRASE.encode()):
        assert secret not in content, "something can be read"
    alice.say(LOBBY, "it goes on")
    alice.stop()
    shutil.rmtree(alice.home)
    told = restore(alice.home, file, timeout_s=120).expect(DONE)
    assert alice.id in told.out.decode() and PASSPHRASE not in told.out.decode()
    same(names(alice.home), ["identity", "kith.conf", "kith.db", "origin"])
    same(stat.S_IMODE(os.stat(alice.home).st_mode), 0o700)
    was = alice.id
    bob.stop()
    alice.start(name=False)
    same((alice.id, alice.ready["name"]), (was, "alice"))
    shown = {message["id"]: message for message in alice.history()}
    for message in before:
        for key in ("room", "author", "text", "time", "direct", "mine"):
            same(shown[message["id"]][key], message[key], key)
    wait_until("the configuration counts", lambda: alice.logs(" debug "))


@case("of two configurations, the home's and the user's, both come back")
def _(scene):
    alice, file = scene.node("alice"), at(scene, "backup")
    alice.stop()
    os.makedirs(at(scene, "config/kith"))
    with open(at(scene, "config/kith/kith.conf"), "w", encoding="utf-8") as users:
        users.write("durability = full\nlog = error\n")
    with open(os.path.join(alice.home, "kith.conf"), "w", encoding="utf-8") as own:
        own.write("# mine\nlog = debug\n")
    run_kith("backup", "--home", alice.home, file,
             env={**SECRET, "XDG_CONFIG_HOME": at(scene, "config")}).expect(DONE)
    restore(at(scene, "new"), file).expect(DONE)
    with open(at(scene, "new/kith.conf"), encoding="utf-8") as restored:
        lines = restored.read().splitlines()
    same([line for line in lines if not line.startswith("# of") and line],
         ["# mine", "log = debug", "durability=full"])


@case("lost and restored: no fork, nothing is lost that peers hold, and no number is used twice")
def _(scene):
    alice, bob = scene.pair()
    alice.say(LOBBY, "before")
    alice.say("bob", "before, to bob")
    wait_until("bob has it", lambda: len(bob.texts()) == 2)
    file = at(scene, "backup")
    back_up(alice.home, file).expect(DONE)
    alice.say(LOBBY, "after")
    alice.say("bob", "after, to bob")
    bob.say("alice", "to alice, after")
    everything = ["before", "before, to bob", "after", "after, to bob", "to alice, after"]
    wait_until("bob has it", lambda: set(bob.texts()) == set(everything))
    alice.kill()
    lost = logs(alice.home)

    # The restored database gets the inode of the lost one, as chance may have it.
    inode = at(scene, "inode")
    os.rename(os.path.join(alice.home, "kith.db"), inode)
    shutil.rmtree(alice.home)
    restore(alice.home, file).expect(DONE)
    database = os.path.join(alice.home, "kith.db")
    with open(database, "rb") as source, open(inode, "r+b") as target:
        target.truncate(0)
        shutil.copyfileobj(source, target)
    os.rename(inode, database)

    alice.start()
    alice.say(LOBBY, "restored")
    everything.append("restored")
    wait_until("alice is told what she missed", lambda: set(alice.texts()) == set(everything))
    alice.stop()
    alice.start()  # it goes on in the lobby; with bob, nothing was written yet
    alice.say("bob", "restored, to bob")
    alice.say(LOBBY, "started again")
    everything += ["restored, to bob", "started again"]
    for node in (alice, bob):
        wait_until(f"{node.name} has all", lambda n=node: set(n.texts()) == set(everything))
        same(sorted(node.texts()), sorted(everything), f"what {node.name} shows")
        assert "fork" not in node.log(), node.log()
    check_no_number_twice(lost, logs(alice.home))
    assert set(lost) <= set(logs(alice.home)), "an event of before is missing"
    assert len({log for log, _ in logs(alice.home)} - {log for log, _ in lost}) >= 2


@case("a backup made while much is said is whole")
def _(scene):
    alice = scene.node("alice")
    lines = b"".join(b'{"to": "#lobby", "text": "%d"}\n' % count for count in range(20000))
    status, answer = alice.request("POST", "/messages/batch", lines)
    same((status, answer["stored"]), (200, 20000))
    saying = subprocess.Popen(
        ["sh", "-c", f'while echo x | "{kith_path()}" send --home "{alice.home}" "#lobby";'
                     f' do :; done'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for count in range(3):
            back_up(alice.home, at(scene, f"b{count}")).expect(DONE)
    finally:
        saying.terminate()
        saying.wait(WAIT_S)
    alice.stop()
    for count in range(3):
        home = at(scene, f"h{count}")
        restore(home, at(scene, f"b{count}")).expect(DONE)
        with sqlite3.connect(os.path.join(home, "kith.db")) as database:
            same(database.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            assert database.execute("SELECT count(*) FROM events").fetchone()[0] > 20000
        database.close()


@case("wrong passphrases and files that are cut, changed or alien are named and leave nothing")
def _(scene):
    alice = scene.node("alice")
    alice.say(LOBBY, "x" * 60000)
    alice.stop()
    file, broken, home = at(scene, "backup"), at(scene, "broken"), at(scene, "new")
    back_up(alice.home, file).expect(DONE)
    with open(file, "rb") as whole:
        content = whole.read()

    def refused(part, changed):
        with open(broken, "wb") as out:
            out.write(changed)
        restore(home, broken).expect(FAILED, broken, part)
        assert not os.path.exists(home) and not os.path.exists(home + ".restoring"), part

    run_kith("restore", "--home", home, file, env={VARIABLE: "nine quiet heron"}).expect(
        FAILED, "another passphrase")
    assert not os.path.exists(home)
    refused("cut short", content[:100])
    refused("cut short", content[:-1])
    refused("cut short", content[:89 + 65536 + 17])
    for place in (20, 70000):
        flipped = bytearray(content)
        flipped[place] ^= 1
        refused("tampered", bytes(flipped))
    refused("no backup", b"PK\x03\x04" + bytes(1000))
    refused("newer kith", content[:8] + b"\x02" + content[9:])
    restore(home, at(scene, "none")).expect(NOT_FOUND, "cannot be read")
    restore(alice.home, file).expect(FAILED, "already", "--home")
    back_up(at(scene, "nowhere"), at(scene, "b2")).expect(NOT_FOUND, "kith up")
    assert not os.path.exists(at(scene, "b2"))
    restore(home, file).expect(DONE)


@case("an older backup is replaced only when told to, and is left whole by a full disk")
def _(scene):
    alice = scene.node("alice")
    alice.say(LOBBY, "x" * 60000)
    disk = Disk(scene, mib=2)
    file = os.path.join(disk.path, "backup")
    back_up(alice.home, file).expect(DONE)
    with open(file, "rb") as whole:
        content = whole.read()
    back_up(alice.home, file).expect(FAILED, "there already", "--force")
    disk.fill()
    back_up(alice.home, file, "--force").expect(FAILED, "No space left", "make room")
    same(names(disk.path), ["backup", "ballast"])
    with open(file, "rb") as still:
        assert still.read() == content
    home = os.path.join(disk.path, "home")
    restore(home, file).expect(FAILED, "No space left")
    same(names(disk.path), ["backup", "ballast"])
    disk.free()
    back_up(alice.home, file, "--force").expect(DONE)
    same(names(disk.path), ["backup"])
    with open(file, "rb") as other:
        assert other.read() != content
    link = os.path.join(scene.path, "link")
    os.symlink(file, link)
    before = os.stat(file).st_ino
    back_up(alice.home, link, "--force").expect(DONE)
    assert os.path.islink(link) and os.stat(file).st_ino != before
    os.unlink(file)
    back_up(alice.home, link, "--force").expect(FAILED, "a link to what is not there")
    assert os.path.islink(link)


def change(home, *statements):
    with sqlite3.connect(os.path.join(home, "kith.db")) as database:
        for statement in statements:
            database.execute(statement)
    database.close()


def break_page(home, table):
    """The head of a table's first page is nonsense."""
    path = os.path.join(home, "kith.db")
    with sqlite3.connect(path) as database:
        root = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?",
                                (table,)).fetchone()[0]
    database.close()
    with open(path, "r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 8)


@case("a damaged database is not put over a good backup, and only backed up at all if told to")
def _(scene):
    alice = scene.node("alice")
    for text in ("first", "second", "third"):
        alice.say(LOBBY, text)
    alice.stop()
    file = at(scene, "backup")
    back_up(alice.home, file).expect(DONE)
    with open(file, "rb") as good:
        content = good.read()
    in_home = names(alice.home)
    change(alice.home, "UPDATE events SET content = zeroblob(40)"
                       " WHERE instr(content, x'7365636f6e64') > 0")
    back_up(alice.home, file, "--force").expect(
        FAILED, "damaged", "1 event", "kith restore", "--damaged")
    back_up(alice.home, at(scene, "other")).expect(FAILED, "--damaged")
    break_page(alice.home, "acks")
    back_up(alice.home, file, "--force").expect(FAILED, "damaged", "pages", "--damaged")
    with open(file, "rb") as kept:
        assert kept.read() == content, "the good one is gone"
    same((names(alice.home), [n for n in names(scene.path) if "other" in n]), (in_home, []))
    back_up(alice.home, file, "--force", "--damaged").expect(DONE)
    restore(at(scene, "new"), file).expect(DONE)


@case("a database of an older kith, without checksums, is backed up")
def _(scene):
    alice = scene.node("alice")
    alice.say(LOBBY, "kept")
    alice.stop()
    change(alice.home, "ALTER TABLE meta DROP COLUMN self", "DROP TABLE seen_blocks",
           "ALTER TABLE events DROP COLUMN checksum", "PRAGMA user_version = 5")
    back_up(alice.home, at(scene, "backup")).expect(DONE)
    restore(at(scene, "new"), at(scene, "backup")).expect(DONE)


def wrote(process, directory):
    """How much is in the file that a backup is writing in this directory, -1: none yet."""
    folder = f"/proc/{process.pid}/fd"
    try:
        for fd in os.listdir(folder):
            path = os.path.join(folder, fd)
            place = os.readlink(path)
            if os.path.dirname(place) == directory and stat.S_ISREG(os.stat(path).st_mode):
                return os.stat(path).st_size
    except OSError:  # it ended
        pass
    return -1


@case("stopped by a signal, a backup leaves nothing beside the file")
def _(scene):
    try:
        os.close(os.open(scene.path, os.O_TMPFILE | os.O_WRONLY, 0o600))
    except OSError as error:
        raise Skip("files without names are not for this file system") from error
    alice = scene.node("alice")
    alice.stop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        process = subprocess.Popen(
            [kith_path(), "backup", "--home", alice.home, at(scene, "backup")],
            env={**os.environ, **SECRET}, stdout=subprocess.DEVNULL)
        wait_until("it has begun", lambda p=process: wrote(p, scene.path) >= 0)
        process.send_signal(number)
        same(process.wait(WAIT_S), -number)
        same([name for name in names(scene.path) if name.startswith("backup")], [])


@case("where a backup, or a home, cannot be is said before a passphrase is asked for")
def _(scene):
    alice = scene.node("alice")
    file, home = at(scene, "backup"), at(scene, "link")
    run_kith("backup", "--home", alice.home, at(scene, "nowhere/backup")).expect(
        FAILED, "make its directory", "nowhere")
    back_up(alice.home, file).expect(DONE)
    os.symlink(at(scene, "nothing"), home)
    run_kith("restore", "--home", home, file).expect(
        FAILED, "link to what is not there", "make the directory", "remove")
    os.mkdir(at(scene, "nothing"))
    restore(home, file).expect(DONE)


@case("killed half way, neither a backup nor a home is there that is not whole")
def _(scene):
    alice = scene.node("alice")
    lines = b"".join(b'{"to": "#lobby", "text": "%s"}\n' % (b"%d" % count * 200)
                     for count in range(10000))
    same(alice.request("POST", "/messages/batch", lines)[1]["stored"], 10000)
    alice.stop()
    file, home, killed = at(scene, "backup"), at(scene, "new"), 0

    def kill_when(is_time, *args):
        process = subprocess.Popen([kith_path(), *args], env={**os.environ, **SECRET},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + WAIT_S
        while process.poll() is None and not is_time(process) and time.monotonic() < deadline:
            pass
        process.kill()
        return process.wait(WAIT_S) != 0

    for size in (0, 200, 300000):
        killed += kill_when(lambda process, size=size: wrote(process, scene.path) > size,
                            "backup", "--home", alice.home, file)
        if os.path.exists(file):
            os.remove(file)
    back_up(alice.home, file).expect(DONE)
    for name in ("lock", "identity.part", "kith.db.part", "origin.part", "identity"):
        path = os.path.join(home + ".restoring", name)
        killed += kill_when(lambda _, p=path: os.path.exists(p), "restore", "--home", home, file)
        if os.path.exists(home):
            same(names(home), ["identity", "kith.db", "origin"])
            shutil.rmtree(home)
        run_kith("id", "--home", home).expect(NOT_FOUND)
    assert killed > 0, "nothing was killed half way"
    restore(home, file).expect(DONE)
    same([n for n in names(scene.path) if n.startswith("new")], ["new"])


def on_terminal(answers, *args):
    """A command on a terminal of its own; `answers` are typed to its questions in turn."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [kith_path(), *args], stdin=child, stdout=child, stderr=child, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(child)
    shown, answers = b"", list(answers)
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if not select.select([parent], [], [], 1)[0]:
            continue
        try:
            piece = os.read(parent, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if shown.endswith(b": ") and answers:
            os.write(parent, answers.pop(0))
    os.close(parent)
    return process.wait(WAIT_S), shown.decode()


@case("the passphrase is asked for, twice for a new one, or comes from a file or the environment")
def _(scene):
    alice = scene.node("alice")
    alice.stop()
    file, secret = at(scene, "backup"), at(scene, "secret")
    typed = PASSPHRASE.encode() + b"\n"
    code, shown = on_terminal([typed, b"something else\n"], "backup", "--home", alice.home, file)
    same(code, USAGE)
    assert "not the same" in shown and not os.path.exists(file), shown
    code, shown = on_terminal([typed, typed], "backup", "--home", alice.home, file)
    same(code, DONE)
    assert PASSPHRASE not in shown, shown
    code, shown = on_terminal([typed], "restore", "--home", at(scene, "h1"), file)
    same(code, DONE)
    run_kith("backup", "--home", alice.home, file + "2").expect(USAGE, "terminal", VARIABLE)
    run_kith("backup", "--home", alice.home, file + "2", env={VARIABLE: "short"}).expect(
        USAGE, VARIABLE, "at least 8")
    with open(secret, "w", encoding="utf-8") as out:
        out.write(PASSPHRASE + "\n")
    os.chmod(secret, 0o644)
    flag = ("--passphrase-file", secret)
    run_kith("restore", "--home", at(scene, "h2"), file, *flag).expect(USAGE, "chmod 600")
    os.chmod(secret, 0o600)
    # Nearer than the environment.
    run_kith("restore", "--home", at(scene, "h2"), file, *flag,
             env={VARIABLE: "something else"}).expect(DONE)
    run_kith("backup", "--home", alice.home, file, PASSPHRASE).expect(USAGE)


def has_echo(terminal):
    return bool(termios.tcgetattr(terminal.master)[3] & termios.ECHO)


@case("whatever ends or stops the asking for a passphrase, the terminal has its echo back")
def _(scene):
    alice = scene.node("alice")
    alice.stop()
    file = at(scene, "backup")
    asks = ("backup", "--home", alice.home, file)
    prompt = "passphrase of the backup: "
    ways = {"^C": lambda t: t.type("half\x03"), "^\\": lambda t: t.type("half\x1c"),
            "SIGTERM": lambda t: signal_all(t, TERM), "SIGHUP": lambda t: signal_all(t, HUP)}
    for name, end in ways.items():
        terminal = Terminal(scene, *asks).wait(prompt)
        assert not has_echo(terminal), name
        end(terminal).leave(FAILED).wait("no passphrase was given")
        assert has_echo(terminal), name
    shell = ("sh", "-c", 'set -m; "$@"; echo stopped; read line; fg', "sh")
    terminal = Terminal(scene, *asks, prefix=shell).wait(prompt).type("half\x1a").wait("stopped")
    assert has_echo(terminal)
    terminal.type("\r")
    wait_until("asked again", lambda: terminal.output().count(prompt) == 2)
    assert not has_echo(terminal)
    terminal.type(PASSPHRASE + "\r").wait("the same again: ").type(PASSPHRASE + "\r").leave()
    assert os.path.exists(file) and PASSPHRASE not in terminal.output(), terminal.output()


if __name__ == "__main__":
    enter_namespace()
    main()
