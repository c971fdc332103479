# SPDX-License-Identifier: MIT
"""Exports and imports: history as text, exact enough to lose nothing, and nothing forged
gets in."""

import base64
import json
import os
import subprocess

from kithlib import (DONE, FAILED, NO_NODE, NOT_FOUND, USAGE, WAIT_S, case, is_soak, kith_path, main,
                     run_kith, same, wait_until)

LOBBY = "#lobby"
MANY = 1000000 if is_soak else 30000


def export(node, *args):
    """The lines of an export; its head and its end are seen to be there."""
    lines = node.kith("export", *args).expect(DONE).lines()
    same((lines[0]["kind"], lines[0]["version"], lines[0]["node"]), ("kith export", 1, node.id))
    same(lines[-1]["kind"], "end")
    same((lines[-1]["run_count"], lines[-1]["message_count"]),
         (len(lines) - 2, len(messages_of(lines))))
    return lines


def messages_of(lines):
    return [message for line in lines for message in line.get("messages", [])]


def text_of(lines):
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def take_in(node, content, code=DONE, *parts):
    """Import; what it came to."""
    result = node.kith("import", "--json", stdin=content).expect(code, *parts)
    return result.lines()[0] if result.out else None


def everything(node):
    return sorted((m["id"], m["room"] == LOBBY, m["author"], m["name"], m["text"], m["time"])
                  for m in node.history())


def a_conversation(scene):
    """Two who said things in the lobby and to each other, and all of it at both."""
    alice, bob = scene.pair()
    alice.say(LOBBY, "to all")
    bob.say(LOBBY, "grüß dich \"quoted\" \\ 👋\nand a second line\x1b[31m")
    alice.say("bob", "to bob")
    bob.say("alice", "to alice")
    for node in (alice, bob):
        wait_until(f"{node.name} has all", lambda n=node: len(n.texts()) == 4)
        wait_until(f"{node.name} knows it", lambda n=node: all(
            m["state"] == ("delivered" if m["direct"] else "held")
            for m in n.history() if m["mine"]))
    return alice, bob


@case("what is exported can be read, and imported it is all there again, as it was")
def _(scene):
    alice, bob = a_conversation(scene)
    shown = {message["id"]: message for message in alice.history()}
    lines = export(alice)
    exported = messages_of(lines)
    same(len(exported), 4)
    for message in exported:
        for key in ("room", "author", "name", "text", "time", "direct", "mine", "state"):
            same(message[key], shown[message["id"]][key], key)
    content = alice.kith("export").expect(DONE).out
    assert b"\x1b" not in content and "👋".encode() in content
    # Into a home of the same identity that has lost everything else.
    identity = os.path.join(alice.home, "identity")
    again = scene.make("alice")
    os.mkdir(again.home, 0o700)
    with open(identity, "rb") as source, open(
            os.path.join(again.home, "identity"), "wb",
            opener=lambda p, f: os.open(p, f, 0o600)) as target:
        target.write(source.read())
    before = everything(alice)
    alice.stop()
    again.start()
    same(again.id, alice.id)
    done = take_in(again, content)
    same((done["runs"], done["refused_count"], done["complete"]), (len(lines) - 2, 0, True))
    same(everything(again), before)
    again.kith("connect", bob.address).expect(DONE)
    again.say(LOBBY, "and it goes on")
    wait_until("bob has it", lambda: "and it goes on" in bob.texts())
    assert "fork" not in bob.log() and "fork" not in again.log()
    # Whoever was no party to a direct conversation does not get it.
    carol = scene.node("carol")
    done = take_in(carol, content, FAILED, "line ", "direct one of others", "refused: 2")
    same(done["refused_count"], 2)
    same(sorted(carol.texts()), sorted(m["text"] for m in exported if not m["direct"]))
    names = {message["author"]: message["name"] for message in carol.history()}
    same((names[alice.id], names[bob.id]), ("alice", "bob"))


@case("importing twice changes nothing, and one that broke off is continued by doing it again")
def _(scene):
    alice, bob = a_conversation(scene)
    bob.stop()
    content = text_of(export(alice))
    dave = scene.node("dave")
    lines = content.splitlines(keepends=True)
    public = [line for line in lines if not json.loads(line).get("direct")]
    done = take_in(dave, b"".join(public[:3]) + public[3][:50], FAILED, "line 4")
    same((done["complete"], done["runs"]), (False, 2))
    take_in(dave, b"".join(public[:-1]), FAILED, "cut short")
    done = take_in(dave, b"".join(public))
    same((done["runs"], done["events"], done["known"]), (0, 0, len(public) - 2))
    before = everything(dave)
    done = take_in(dave, b"".join(public + public))
    same((done["runs"], done["known"]), (0, 2 * len(public) - 4))
    same(everything(dave), before)
    done = take_in(alice, content)
    same((done["runs"], done["refused_count"]), (0, 0))


@case("nothing that was edited gets in, whatever was edited, and the line is named")
def _(scene):
    alice, bob = a_conversation(scene)
    bob.stop()
    lines = export(alice, LOBBY)
    victim = next(i for i, line in enumerate(lines) if line.get("messages"))
    carol = scene.node("carol")

    def refused(change, *parts):
        edited = json.loads(json.dumps(lines))
        change(edited[victim])
        done = take_in(carol, text_of(edited), FAILED, f"line {victim + 1}:", *parts)
        assert done["refused"][0]["line"] == victim + 1, done

    def flip(at):
        def change(line):
            run = bytearray(base64.b64decode(line["run"]))
            run[at] ^= 1
            line["run"] = base64.b64encode(run).decode()
        return change

    refused(flip(-1), "tampered")         # a letter of the text
    refused(flip(100), "forged")          # the signature
    refused(flip(5), "forged")            # the author
    refused(lambda line: line.update(room_id=alice.id), "forged")
    refused(lambda line: line.update(run="!" + line["run"][1:]), "base64")
    refused(lambda line: line.pop("run"), "\"run\" is missing")
    refused(lambda line: line.update(kind="picture"), "not a line")
    text = lines[victim]["messages"][0]["text"]
    assert text not in carol.texts()
    # What people read beside the run is not what is imported.
    edited = json.loads(json.dumps(lines))
    edited[victim]["messages"][0]["text"] = "never said"
    take_in(carol, text_of(edited))
    assert text in carol.texts() and "never said" not in carol.texts()
    take_in(carol, b"", USAGE, "empty")
    take_in(carol, b"no json\n{}\n", FAILED, "line 1", "line 2")
    take_in(carol, text_of(lines[1:]), FAILED, "line 1", "begins")
    newer = json.loads(json.dumps(lines[0]))
    newer["version"] = 2
    take_in(carol, text_of([newer] + lines[1:]), FAILED, "newer kith")


@case("a room or a time chooses what is exported; a later part needs the earlier one")
def _(scene):
    alice, bob = a_conversation(scene)
    same(sorted(m["text"] for m in messages_of(export(alice, "bob"))), ["to alice", "to bob"])
    same(len(messages_of(export(alice, LOBBY))), 2)
    same(messages_of(export(alice, "--since", "2199-01-01")), [])
    alice.kith("export", "nobody").expect(NOT_FOUND)
    alice.kith("export", "--since", "soon").expect(USAGE, "since")
    first = export(alice, LOBBY)
    middle = max(message["time"] for message in alice.history())
    wait_until("the clock goes on", lambda: alice.say(LOBBY, "later")["time"] > middle)
    later = export(alice, LOBBY, "--since", alice.history()[-1]["time"])
    same([m["text"] for m in messages_of(later)], ["later"])
    carol = scene.node("carol")
    take_in(carol, text_of(later), FAILED, "import the older export first")
    take_in(carol, text_of(first))
    take_in(carol, text_of(export(alice, LOBBY)))
    assert "later" in carol.texts()
    run_kith("export", "--home", os.path.join(scene.path, "none")).expect(NO_NODE, "kith up")
    carol.kith("import", os.path.join(scene.path, "none")).expect(NOT_FOUND, "cannot be read")


@case("an older home takes in what the same identity said since, and begins new logs")
def _(scene):
    alice = scene.node("alice")
    alice.say(LOBBY, "before")
    backup = os.path.join(scene.path, "backup")
    secret = {"KITH_BACKUP_PASSPHRASE": "nine quiet herons"}
    run_kith("backup", "--home", alice.home, backup, env=secret).expect(DONE)
    for count in range(5):
        alice.say(LOBBY, f"after {count}")
    content = alice.kith("export").expect(DONE).out
    alice.stop()
    again = scene.make("again")
    run_kith("restore", "--home", again.home, backup, env=secret).expect(DONE)
    again.start(name=False)
    again.say(LOBBY, "restored")
    done = take_in(again, content)
    same(done["refused_count"], 0)
    again.say(LOBBY, "and imported")
    same(sorted(again.texts()),
         sorted(["before", "restored", "and imported"] + [f"after {n}" for n in range(5)]))
    assert "fork" not in again.log()
    logs = {message["log"] for message in again.history()
            if message["text"] in ("before", "restored", "and imported")}
    assert len(logs) >= 2, logs


@case(f"{MANY} messages pass through a pipe, and the node answers others meanwhile")
def _(scene):
    alice, carol = scene.node("alice"), scene.node("carol")
    for begin in range(0, MANY, 50000):
        lines = b"".join(b'{"to": "#lobby", "text": "message %d"}\n' % count
                         for count in range(begin, min(begin + 50000, MANY)))
        same(alice.request("POST", "/messages/batch", lines)[1]["refused_count"], 0)
    writer = subprocess.Popen([kith_path(), "export", "--home", alice.home],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    reader = subprocess.Popen([kith_path(), "import", "--home", carol.home, "--json"],
                              stdin=writer.stdout, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
    writer.stdout.close()
    while reader.poll() is None:
        same(alice.request("GET", "/self")[0], 200)
        same(carol.request("GET", "/self")[0], 200)
    same((writer.wait(WAIT_S), reader.returncode), (DONE, DONE))
    done = json.loads(reader.stdout.read())
    reader.stdout.close()
    same(done["events"], MANY + 1)
    same(carol.texts(), [f"message {count}" for count in range(MANY)])


if __name__ == "__main__":
    main()
