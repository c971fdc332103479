#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The server beside docs/openapi.yaml: every endpoint, with requests that the contract
allows and requests that it forbids. A new endpoint is tested as soon as it is documented;
ASKED says how to ask it so that it has something to tell. And the commands beside it: a new
one needs a row in COMMANDS."""

import contextlib
import http.client
import json
import os
import socket
import urllib.parse

from contractlib import (Contract, endpoints_of_the_server, pages_of_the_server,
                         queries_of_the_server)
from kithlib import DONE, WAIT_S, UnixConnection, case, main, run_kith, same, wait_until
from trackerlib import Tracker

JSON = {"Content-Type": "application/json"}
# What any request may get, whatever it asks for: without a token, of a wrong form.
ALWAYS = (401, 405, 413, 415)
ENDLESS = "/api/v1/stream"
LAST = "/api/v1/shutdown"
# They tell of times, round trips and what a tracker found out, and so may have changed when
# asked again.
MOVING = ("/api/v1/self", "/api/v1/peers", "/api/v1/rooms", "/api/v1/rooms/members",
          "/api/v1/trackers")

# Bodies, and queries, that find something; {bob}, {address} and {invite} are filled in.
ASKED = {
    "PATCH /api/v1/self": {"name": "alice"},
    "PATCH /api/v1/settings": {"log": "info"},
    "GET /api/v1/messages": "room={bob}&limit=3&order=newest&since=1h",
    "GET /api/v1/search": "q=hello&room={bob}&since=1h&limit=1",
    "POST /api/v1/messages": {"to": "{bob}", "text": "hello", "wait": "delivered",
                              "timeout": 60},
    "POST /api/v1/peers/connect": {"address": "{address}", "timeout": 60},
    "POST /api/v1/peers/disconnect": {"peer": "{bob}"},
    "POST /api/v1/peers/block": {"peer": "{bob}"},
    "POST /api/v1/peers/unblock": {"peer": "{bob}"},
    "GET /api/v1/lookup": "who={bob}",
    "POST /api/v1/invites/accept": {"link": "{invite}", "timeout": 60},
    "GET /api/v1/peers/verify": "peer={bob}",
    "POST /api/v1/peers/verify": {"peer": "{bob}", "verified": True},
    "GET /api/v1/rooms/members": "room=%23lobby",
    "POST /api/v1/rooms/join": {"room": "#garden"},
    "POST /api/v1/rooms/leave": {"room": "#garden"},
    "POST /send": {"ip": "{bob}", "msg": "hello"},
}

# What undoes the one on the left.
UNDONE = {
    "POST /api/v1/peers/disconnect": "POST /api/v1/peers/connect",
    "POST /api/v1/peers/block": "POST /api/v1/peers/unblock",
    "POST /api/v1/rooms/leave": "POST /api/v1/rooms/join",
}


def fill(value, names):
    if isinstance(value, str):
        return value.format(**names) if "{" in value else value
    if isinstance(value, dict):
        return {key: fill(member, names) for key, member in value.items()}
    return value


class Server:
    """A node, asked over its socket or over TCP."""

    def __init__(self, node):
        self.node = node
        with open(os.path.join(node.home, "token"), encoding="ascii") as file:
            self.token = file.read().strip()

    def ask(self, method, path, body=None, headers=None, tcp=False, token=True):
        """Status, headers, text."""
        if tcp:
            url = urllib.parse.urlsplit(self.node.ready["http"])
            connection = http.client.HTTPConnection(url.hostname, url.port, timeout=90)
        else:
            connection = UnixConnection(self.node.ready["socket"])
        headers = dict(headers if headers is not None else {} if method == "GET" else JSON)
        if tcp and token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            with contextlib.suppress(BrokenPipeError):  # refused before all was sent
                connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()


def setting(scene):
    """Alice linked to bob, who said something to her, and she to him; both registered."""
    tracker = Tracker(scene).start()
    flags = ("--tracker", f"{tracker.address}/{tracker.id}")
    alice = scene.make("alice", *flags).start()
    bob = scene.make("bob", *flags, "--peer", alice.address).start()
    scene.linked(alice, bob)
    for node in (alice, bob):
        wait_until("it is registered", lambda node=node: [
            t["state"] for t in node.request("GET", "/trackers")[1]["trackers"]] == ["registered"])
    alice.say(bob.id, "hello bob", wait="delivered")
    bob.say(alice.id, "hello alice", wait="delivered")
    alice.say("#lobby", "hello all")
    names = {"bob": bob.id, "address": bob.address,
             "invite": bob.request("GET", "/invites")[1]["link"],
             "message": alice.say(bob.id, "hello again", wait="delivered")["id"]}
    return alice, bob, names


def path_of(contract, path, operation, names):
    """Without the braces: a parameter of the path is filled in."""
    for one in contract.parameters(operation):
        if one["in"] == "path":
            path = path.replace("{" + one["name"] + "}", names["message"])
    return path


def valid_request(contract, method, path, operation, names):
    """(path with its query, body)."""
    asked = fill(ASKED.get(f"{method} {path}"), names)
    schema = contract.body_schema(operation)
    url = path_of(contract, path, operation, names)
    if isinstance(asked, str):
        return url + "?" + asked, None
    if schema is None:
        return url, None if method == "GET" else b""
    return url, json.dumps(asked if asked is not None else contract.sample(schema)).encode()


def checked(contract, server, method, path, operation, url, body, **options):
    """Ask, and see that the answer is documented. Status and headers."""
    status, headers, text = server.ask(method, url, body, **options)
    where = f"{method} {url} {(body or b'')[:200]!r}"
    contract.check_answer(operation, status, headers["Content-Type"], text, where, ALWAYS)
    assert headers["Cache-Control"], where
    return status, where


def undo(server, method, path, names):
    other = UNDONE.get(f"{method} {path}")
    if other:
        status, _, text = server.ask(*other.split(), json.dumps(fill(ASKED[other], names)))
        same(status, 200, text)


@case("what the server has and what the contract has is the same")
def _(scene):
    documented = {(method, path) for method, path, _ in Contract().operations()}
    served = endpoints_of_the_server() | pages_of_the_server()
    same(sorted(served - documented), [], "served and not documented")
    same(sorted(documented - served), [], "documented and not served")


@case("each parameter that an endpoint reads is documented, and no other is")
def _(scene):
    documented = {(method, path): {one["name"] for one in Contract().parameters(operation)
                                   if one["in"] == "query"}
                  for method, path, operation in Contract().operations()}
    read = set()
    for file, endpoints, names in queries_of_the_server():
        for endpoint in endpoints:
            same(sorted(names - documented[endpoint]), [], f"{file} reads, for {endpoint}")
        read |= names
    same(sorted(set().union(*documented.values()) - read), [], "documented and read by nobody")
    same(sorted(read - set().union(*documented.values())), [], "read and not documented")


@case("an answer with a tag is 304 to who has it, and where that is so is documented")
def _(scene):
    contract = Contract()
    alice, _, names = setting(scene)
    server = Server(alice)
    for method, path, operation in contract.operations():
        if method != "GET" or path == ENDLESS:
            continue
        url, _ = valid_request(contract, method, path, operation, names)
        tag = server.ask(method, url)[1]["ETag"]
        same(tag is not None, "304" in operation["responses"], f"{url} has a tag")
        same(server.ask("HEAD", url)[2], "", f"HEAD {url}")
        if tag and path not in MOVING:
            status, _, text = server.ask(method, url, headers={"If-None-Match": tag})
            same((status, text), (304, ""), url)


@case("the contract has no word by accident, as a comma in a description makes")
def _(scene):
    contract = Contract()
    for method, path, operation in contract.operations():
        where = f"{method} {path}"
        same(set(operation) - {"summary", "description", "parameters", "requestBody",
                               "responses", "security"}, set(), where)
        for one in contract.parameters(operation):
            same(set(one) - {"name", "in", "required", "schema", "description"}, set(), where)
            contract.check_words(one["schema"], where)
        schema = contract.body_schema(operation)
        if schema is not None:
            contract.check_words(schema, where)
        for status, response in operation["responses"].items():
            for content in contract.resolve(response).get("content", {}).values():
                contract.check_words(content["schema"], f"{where} {status}")


@case("every endpoint answers what it should as the contract says, on both doors")
def _(scene):
    contract = Contract()
    alice, _, names = setting(scene)
    server = Server(alice)
    for method, path, operation in contract.operations():
        if path in (ENDLESS, LAST):
            continue
        for tcp in (False, True):
            undo(server, method, path, names)
            url, body = valid_request(contract, method, path, operation, names)
            status, where = checked(contract, server, method, path, operation, url, body, tcp=tcp)
            if method == "GET" or f"{method} {path}" in ASKED:
                assert status < 300 or (status, path) == (403, "/api/v1/code"), (where, status)
            undo(server, method, path, names)
    for method, path, operation in contract.operations():
        if path == LAST:
            checked(contract, server, method, path, operation, path, b"", tcp=True)
    alice.ended()


@case("bodies of a wrong form are refused as the contract says, member by member")
def _(scene):
    contract = Contract()
    alice, _, names = setting(scene)
    server = Server(alice)
    for method, path, operation in contract.operations():
        schema = contract.body_schema(operation)
        if schema is None:
            continue
        url, body = valid_request(contract, method, path, operation, names)
        for what, broken in contract.broken_bodies(schema, json.loads(body)):
            status, where = checked(contract, server, method, path, operation, url, broken)
            assert 400 <= status < 500, f"{where}: {what}: {status}"
        status, where = checked(contract, server, method, path, operation, url, body,
                                headers={"Content-Type": "text/plain"})
        same(status, 415, where)
    same(alice.request("GET", "/self")[1]["name"], "alice")


@case("of a batch, what is to nobody is said to nobody, nor what follows to the same")
def _(scene):
    alice = scene.node("alice")
    lines = "".join(json.dumps({"to": to, "text": text}) + "\n" for to, text in (
        ("nobdy", "a secret"), ("nobdy", "another"), ("nobdy", "a third"),
        ("#lobby", "for all"), ("alice", ""), ("alice", "a note")))
    status, answer = alice.request("POST", "/messages/batch", lines.encode())
    same((status, answer["stored"], answer["refused_count"]), (200, 1, 5))
    same([message["text"] for message in alice.history()], ["for all"])


@case("queries of a wrong form are refused as the contract says")
def _(scene):
    contract = Contract()
    alice, _, names = setting(scene)
    server = Server(alice)
    for method, path, operation in contract.operations():
        parameters = contract.parameters(operation)
        url = path_of(contract, path, operation, names)
        queries = [one for one in parameters if one["in"] == "query"]
        needed = {one["name"]: "a" for one in queries if one.get("required")}
        if needed:
            status, where = checked(contract, server, method, path, operation, url, None)
            same(status, 400, f"{where}: without {sorted(needed)}")
        for one in queries:
            for value in broken_query_values(contract.resolve(one["schema"])):
                asked = url + "?" + urllib.parse.urlencode({**needed, one["name"]: value})
                status, where = checked(contract, server, method, path, operation, asked, None)
                same(status, 400, where)
        for one in parameters:
            if one["in"] == "path":
                for value in ("x", "a" * 52, "A" * 52, "%00", "a" * 4000, names["message"] + "a"):
                    broken = path.replace("{" + one["name"] + "}", value)
                    status, where = checked(contract, server, method, path, operation, broken,
                                            None)
                    assert 400 <= status < 500, (where, status)


def broken_query_values(schema):
    kinds = schema.get("type", "string")
    if kinds == "integer":
        yield from ("x", "-1", "1.5", "", "9" * 30 + "x")
        if schema.get("minimum", 0) == 1:
            yield "0"
    if "enum" in schema:
        yield from ("", "unknown", schema["enum"][0].upper())


@case("without the token, and with another method, nothing is told that is not documented")
def _(scene):
    contract = Contract()
    alice, _, names = setting(scene)
    server = Server(alice)
    for method, path, operation in contract.operations():
        url, body = valid_request(contract, method, path, operation, names)
        if operation.get("security") != []:
            status, where = checked(contract, server, method, path, operation, url, body,
                                    tcp=True, token=False)
            assert status == 401 or (status, path) == (403, "/api/v1/code"), (where, status)
        status, headers, text = server.ask("DELETE", url)
        if "DELETE" not in {m for m, p, _ in contract.operations() if p == path}:
            same(status, 405, f"DELETE {url}")
            assert method in headers["Allow"].split(", "), headers
            contract.check(contract.component("Problem"), json.loads(text))
    same(alice.is_running(), True)


def raw(node, text, headers=(), body=b""):
    """All that the socket answers to what may be no request."""
    lines = [text, b"Host: localhost", b"Connection: close", *headers, b"", body]
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(WAIT_S)
        client.connect(node.ready["socket"])
        answer = b""
        with contextlib.suppress(BrokenPipeError):  # it need not read all to answer
            client.sendall(b"\r\n".join(lines))
        with contextlib.suppress(ConnectionResetError):
            while piece := client.recv(65536):
                answer += piece
        return answer


POST = b"POST /api/v1/messages HTTP/1.1"
LENGTH, CHUNKED = b"Content-Length: ", b"Transfer-Encoding: chunked"
UNREADABLE = (
    (b"400", b"GET / HTTP/1.1", (b"no header",)),
    (b"400", POST, (LENGTH + b"x",)),
    (b"400", POST, (CHUNKED, b"Content-Type: application/json"), b"no size\r\n"),
    (b"413", POST, (LENGTH + b"9" * 30,)),
    (b"413", POST, (CHUNKED, b"Content-Type: application/json"), b"f" * 20 + b"\r\n"),
    (b"414", b"GET /" + b"a" * 40000 + b" HTTP/1.1"),
    (b"431", b"GET / HTTP/1.1", (b"X: " + b"a" * 40000,)),
    (b"505", b"GET / HTTP/9.9"),
)
READABLE = (
    (404, b"GET /nothing HTTP/1.1"),
    (405, b"BREW /api/v1/self HTTP/1.1"),
    (413, POST, (b"Content-Type: application/json", LENGTH + b"9" * 12)),
    (413, b"POST /api/v1/session HTTP/1.1", (b"Content-Type: application/json", LENGTH + b"4097")),
    (413, b"POST /send HTTP/1.1", (b"Content-Type: application/json", LENGTH + b"397313")),
    (501, POST, (b"Content-Type: application/json", b"Transfer-Encoding: gzip")),
)


@case("what is no request is refused in HTML, as the contract says; all else is a problem")
def _(scene):
    contract = Contract()
    node = scene.node("alice")
    for status, *words in UNREADABLE:
        answer = raw(node, *words)
        where = f"{words[0][:40]} {words[1:]}"[:200]
        assert answer.startswith(b"HTTP/1.1 " + status), (where, answer)
        assert b"<html>" in answer and b"Content-Type" not in answer, (where, answer)
        assert f"{status.decode()} (" in contract.document["info"]["description"], status
    for status, *words in READABLE:
        head, _, body = raw(node, *words).partition(b"\r\n\r\n")
        assert b"\r\nContent-Type: application/problem+json\r\n" in head, head
        problem = json.loads(body)
        contract.check(contract.component("Problem"), problem)
        same((head.split()[1], problem["status"]), (str(status).encode(), status))
    same(raw(node, b"hello"), b"")
    same(node.request("GET", "/self")[0], 200)


@case("events of the stream have the objects of the contract")
def _(scene):
    contract = Contract()
    alice, bob, _ = setting(scene)
    connection = UnixConnection(alice.ready["socket"])
    connection.request("GET", ENDLESS + "?after=0")
    answer = connection.getresponse()
    same(answer.headers["Content-Type"], "text/event-stream")
    missing = {"message": "Message", "peer": "PeerEvent", "delivery": "DeliveryEvent"}
    alice.say(bob.id, "seen by the stream", wait="delivered")
    bob.kith("rename", "robert")
    wait_until("the new name is known", lambda: alice.peer(bob)["name"] == "robert")
    kind = None
    while missing:
        line = answer.readline().decode().rstrip("\n")
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            schemas = {"message": "Message", "peer": "PeerEvent", "delivery": "DeliveryEvent",
                       "warning": "WarningEvent"}
            contract.check(contract.component(schemas[kind]), json.loads(value), kind)
            missing.pop(kind, None)
    connection.close()


# Of each command: what to run it with, and what each line of --json is: an object of the
# contract, or members. {bob}, {address} and {file} are filled in. In this order.
COMMANDS = {
    "id": ((), {"id", "short", "home"}),
    "version": ((), {"version"}),
    "send": (("{bob}", "hello", "--wait", "delivered"), "Message"),
    "broadcast": (("hello",), "Message"),
    "tail": (("--no-follow",), "Message"),
    "search": (("hello",), "Message"),
    "peers": ((), "Peer"),
    "rooms": ((), "Room"),
    "members": (("#lobby",), "Peer"),
    "join": (("#garden",), "Room"),
    "leave": (("#garden",), "Room"),
    "verify": (("{bob}", "--yes"), "Peer"),
    "block": (("{bob}",), "Peer"),
    "unblock": (("{bob}",), "Peer"),
    "connect": (("{address}",), "Peer"),
    "disconnect": (("{bob}",), "Peer"),
    "rename": (("alice",), {"name"}),
    "invite": ((), {"link"}),
    "lookup": (("bob",), "Found"),
    "network": (("show",), "Network"),
    "doctor": ((), "Check"),
    "web": ((), {"code", "url", "seconds"}),
    "chat": ((), None),  # messages, and what kith itself tells
    "export": ((), None),  # docs/FORMATS.md
    "import": (("{export}",), {"runs", "events", "known", "complete", "refused_count", "refused"}),
    "backup": (("{file}",), {"file", "size", "home"}),
    "restore": (("{file}", "--home", "{restored}"), {"id", "home"}),
    "help": ((), {"name", "usage", "summary", "detail", "options"}),
    "down": ((), {"stopping", "pid"}),
}
# What they print is for a shell; and `up` and `tracker` go on, their lines are checked by
# every test.
NO_OBJECTS = {"completions", "tracker", "up"}


@case("every command has its help, and with --json prints objects, the same as the API has")
def _(scene):
    contract = Contract()
    alice, bob, names = setting(scene)
    names |= {word: os.path.join(scene.path, word) for word in ("file", "export", "restored")}
    with open(names["export"], "wb") as file:
        file.write(bob.kith("export", "#lobby").expect(DONE).out)
    table = [line["name"] for line in run_kith("help", "--json").expect(DONE).lines()]
    same(set(COMMANDS) | NO_OBJECTS, set(table))
    for command in table:
        told = run_kith("help", command).expect(DONE).out
        assert told.startswith(f"usage: kith {command}".encode()), told
        same(run_kith(command, "--help").expect(DONE).out, told)
    for command, (words, wanted) in COMMANDS.items():
        words = [fill(word, names) for word in words]
        home = () if "--home" in words else ("--home", alice.home)
        lines = run_kith(command, *words, *home, "--json",
                         env={"KITH_BACKUP_PASSPHRASE": "nine quiet herons"}).expect(DONE).lines()
        assert lines and all(isinstance(line, dict) for line in lines), (command, lines)
        for line in lines:
            if isinstance(wanted, str):
                contract.check(contract.component(wanted), line, f"kith {command}")
            elif wanted:
                same(set(line), wanted, f"kith {command}")
    alice.ended()


if __name__ == "__main__":
    main()
