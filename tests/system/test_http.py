#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The API over TCP: who gets in, and who does not."""

import http.client
import json
import os
import re
import shutil
import socket
import tempfile
import time
import urllib.parse

from kithlib import DONE, FAILED, USAGE, Skip, case, main, run_kith, same, wait_until

NOBODY = 65534
NO_DISPLAY = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
JSON = {"Content-Type": "application/json"}


def token_of(node):
    with open(os.path.join(node.home, "token"), encoding="ascii") as file:
        return file.read().strip()


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def ask(node, method, path, body=None, headers=None, host=None):
    """One request over TCP: status, headers and text."""
    url = urllib.parse.urlsplit(node.ready["http"])
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    try:
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", host or url.netloc)
        data = b"" if body is None else body.encode()
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def refused(node, wanted, *args, **options):
    status, headers, text = ask(node, *args, **options)
    same(status, wanted, str(args))
    same(headers["Content-Type"], "application/problem+json")
    assert not [name for name in headers if name.lower().startswith("access-control")], headers
    assert json.loads(text)["detail"], text


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


@case("who has the token asks and says over TCP what he may over the socket")
def _(scene):
    alice, bob = scene.pair()
    token = token_of(alice)
    status, _, text = ask(alice, "GET", "/api/v1/self", headers=bearer(token))
    same(status, 200)
    same(json.loads(text)["id"], alice.id)
    same(json.loads(text)["http"], alice.ready["http"])
    body = json.dumps({"to": bob.id, "text": "over TCP"})
    status, _, text = ask(alice, "POST", "/api/v1/messages", body, {**bearer(token), **JSON})
    same(status, 201, text)
    same(alice.texts(), ["over TCP"])


@case("without the token, with a foreign Host or Origin, nothing is told and nothing done")
def _(scene):
    alice = scene.node("alice")
    good = bearer(token_of(alice))
    port = urllib.parse.urlsplit(alice.ready["http"]).port
    say = json.dumps({"to": "#lobby", "text": "forged"})
    for headers in ({}, bearer("x" * 52), bearer(alice.id), {"Cookie": f"token={token_of(alice)}"}):
        refused(alice, 401, "GET", "/api/v1/self", headers=headers)
        refused(alice, 401, "GET", "/api/v1/stream", headers=headers)
        refused(alice, 401, "POST", "/api/v1/messages", say, headers={**headers, **JSON})
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}"):
        refused(alice, 403, "GET", "/api/v1/self", headers=good, host=host)
        refused(alice, 403, "POST", "/api/v1/messages", say, {**good, **JSON}, host=host)
    for origin in ("http://evil.example", f"http://evil.example:{port}", "null",
                   f"https://127.0.0.1:{port}"):
        page = {**good, "Origin": origin}
        refused(alice, 403, "POST", "/api/v1/messages", say, {**page, **JSON})
        refused(alice, 403, "OPTIONS", "/api/v1/messages", headers={
            "Origin": origin, "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type"})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        refused(alice, 415, "POST", "/api/v1/messages", say, {**good, "Content-Type": kind})
    same(alice.texts(), [])


def enter(node, url):
    """What the page does with the address it was opened by: status and token."""
    where, _, code = url.partition("/#code=")
    same(where, node.ready["http"])
    status, _, text = ask(node, "POST", "/api/v1/session", json.dumps({"code": code}), JSON)
    return status, json.loads(text).get("token")


@case("the page opens by an address that is good once, and its token ends with the node")
def _(scene):
    alice = scene.node("alice", env=NO_DISPLAY)
    url = alice.kith("web").expect(DONE).out.decode().strip()
    status, token = enter(alice, url)
    same(status, 201)
    same(ask(alice, "GET", "/api/v1/self", headers=bearer(token))[0], 200)
    same(enter(alice, url), (403, None))
    alice.stop()
    alice.start("--open")
    refused(alice, 401, "GET", "/api/v1/self", headers=bearer(token))
    same(enter(alice, alice.ready["page"])[0], 201)
    for path, kind in (("/", "text/html"), ("/app.js", "text/javascript"),
                       ("/app.css", "text/css"), ("/openapi.yaml", "application/yaml"),
                       ("/docs", "text/html"), ("/docs.css", "text/css")):
        status, headers, text = ask(alice, "GET", path)
        same(status, 200, path)
        assert headers["Content-Type"].startswith(kind), headers
        assert "default-src 'self'" in headers["Content-Security-Policy"], headers
        assert text
        same(ask(alice, "GET", path, headers={"If-None-Match": headers["ETag"]})[::2], (304, ""))


@case("with a display the page is opened, and no argument of a program holds its code")
def _(scene):
    tools = os.path.join(scene.path, "bin")
    opened = os.path.join(scene.path, "opened")
    os.mkdir(tools)
    browser = os.path.join(tools, "xdg-open")
    with open(browser, "w", encoding="ascii") as file:
        file.write(f'#!/bin/sh\necho "$@" >"{opened}.part" && mv "{opened}.part" "{opened}"\n')
    os.chmod(browser, 0o755)
    desktop = {"DISPLAY": ":99", "PATH": f"{tools}:{os.environ['PATH']}"}
    alice = scene.make("alice", "--open", env=desktop).start()

    def browse():
        wait_until("a browser was started", lambda: os.path.exists(opened))
        with open(opened, encoding="utf-8") as file:
            path = file.read().strip()
        os.remove(opened)
        same(path, os.path.realpath(alice.home) + "/open.html")
        same(os.stat(path).st_mode & 0o777, 0o600)
        with open(path, encoding="utf-8") as file:
            return re.search(r'url=([^"]+)"', file.read())[1]

    same(enter(alice, browse())[0], 201)
    same(enter(alice, alice.ready["page"])[0], 201)
    alice.kith("web", "--open", env=desktop).expect(DONE)
    same(enter(alice, browse())[0], 201)
    alice.kith("web", "--open", env=NO_DISPLAY).expect(
        FAILED, "no display")


def send(node, token, to, text):
    body = json.dumps({"ip": to, "msg": text})
    status, _, text = ask(node, "POST", "/send", body, {**token, **JSON})
    return status, json.loads(text).get("status")


@case("the plain form: peers by address, messages as lines, sent means that it arrived")
def _(scene):
    alice, bob = scene.pair()
    token = bearer(token_of(alice))
    status, _, text = ask(alice, "GET", "/peers", headers=token)
    same(status, 200)
    (address, seen), = json.loads(text).items()
    assert abs(seen - time.time()) < 3600, seen
    for to in (bob.id, "bob", address):
        # A loaded machine may take longer than it waits for: then it is said again.
        wait_until("it is sent", lambda t=to: send(alice, token, t, f"to {t}") == (200, "sent"))
        assert f"to {to}" in bob.texts(), bob.texts()
    alice.kith("join", "#garden").expect(DONE)
    same(send(alice, token, "#garden", "for few"), (202, "pending"))
    same((alice.texts(room="#garden"), alice.texts(room="#lobby")), (["for few"], []))
    same(send(alice, token, alice.id, "to oneself"), (400, 400))
    same(send(alice, token, "nobody", "lost"), (404, 404))
    same(send(alice, token, "10.9.8.7", "lost"), (404, 404))
    bob.stop()
    wait_until("bob is away", lambda: not alice.online())
    same(send(alice, token, "bob", "later"), (202, "pending"))
    bob.start()
    wait_until("it arrives", lambda: bob.texts()[-1] == "later")
    status, _, text = ask(alice, "GET", "/messages", headers=token)
    same(status, 200)
    same(json.loads(text), [f"alice: {text}" for text in alice.texts()])


@case("--plain-api opens these three to programs here, and to no page, and nothing else")
def _(scene):
    alice = scene.make("alice", "--plain-api").start()
    say = json.dumps({"ip": "#lobby", "msg": "hello"})
    same(ask(alice, "GET", "/peers")[::2], (200, "{}\n"))
    same(ask(alice, "POST", "/send", say, JSON)[0], 202)
    same(json.loads(ask(alice, "GET", "/messages")[2]), ["alice: hello"])
    for method, path, body in (("GET", "/peers", None), ("GET", "/messages", None),
                               ("POST", "/send", say)):
        refused(alice, 403, method, path, body, {**JSON, "Origin": "http://evil.example"})
        refused(alice, 403, method, path, body, JSON, host="evil.example")
    refused(alice, 415, "POST", "/send", say, {"Content-Type": "text/plain"})
    refused(alice, 401, "GET", "/api/v1/peers")
    refused(alice, 401, "POST", "/api/v1/messages", say, JSON)
    refused(alice, 401, "POST", "/api/v1/shutdown", "{}", JSON)


@case("settings: every knob with its value and source; name, level and what is added count at once")
def _(scene):
    alice = scene.make("alice", "--no-lan", "--no-port-mapping",
                       env={"KITH_LAN": "", "KITH_PORT_MAPPING": "", "KITH_DURABILITY": "full"})
    os.makedirs(alice.home, mode=0o700, exist_ok=True)
    with open(os.path.join(alice.home, "kith.conf"), "w", encoding="ascii") as file:
        file.write("plain-api = no\npeer = 127.0.0.1:1\npeer = 127.0.0.1:2\n")
    alice.start()
    good = {**bearer(token_of(alice)), **JSON}

    def settings(method="GET", body=None):
        status, headers, text = ask(alice, method, "/api/v1/settings",
                                    body and json.dumps(body), good)
        same(status, 200, text)
        told = ask(alice, "GET", "/api/v1/settings",
                   headers={**good, "If-None-Match": headers["ETag"] or "none"})
        same(told[0], 304 if headers["ETag"] else 200)
        return {one["name"]: (one["value"], one["source"])
                for one in json.loads(text)["settings"]}

    known = [json.loads(line)["knob"] for line in
             run_kith("help", "config", "--json").expect(DONE).out.splitlines()]
    found = settings()
    same(list(found), known)
    same(found["name"], ("alice", "--name"))
    same(found["lan"], ("no", "--no-lan"))
    same(found["port-mapping"], ("no", "--no-port-mapping"))
    same(found["durability"], ("full", "KITH_DURABILITY"))
    same(found["peer"], (["127.0.0.1:1", "127.0.0.1:2"],
                         os.path.join(alice.home, "kith.conf") + ":2"))
    same(found["log"], ("info", None))
    same(found["network-passphrase-file"], (None, None))
    same(settings("PATCH", {"name": " ally ", "log": "debug"})["name"], ("ally", None))
    same(settings()["log"], ("debug", None))
    same(alice.request("GET", "/self")[1]["name"], "ally")
    for wrong, word in (({"http": "no"}, "kith.conf"), ({"nmae": "x"}, "nmae"), ({}, "nothing"),
                        ({"name": "a~b", "log": "error"}, "name"), ({"log": "loud"}, "debug"),
                        ({"name": "bob", "log": 3}, "log"), ({"name": "bob", "http": "no"}, "http")):
        status, _, text = ask(alice, "PATCH", "/api/v1/settings", json.dumps(wrong), good)
        same(status, 400, text)
        assert word in json.loads(text)["detail"], text
    found = settings()
    same((found["name"][0], found["log"][0]), ("ally", "debug"))
    bob = scene.node("bob")
    config = ["127.0.0.1:1", "127.0.0.1:2"]
    found = settings("PATCH", {"peer": [bob.address, config[0]], "tracker": ["127.0.0.1:9"]})
    same((found["peer"], found["tracker"]), ((config + [bob.address], None), (["127.0.0.1:9"], None)))
    scene.linked(alice, bob)
    same([t["address"] for t in alice.request("GET", "/trackers")[1]["trackers"]], ["127.0.0.1:9"])
    for wrong in ({"tracker": [f"127.0.0.1:{port}" for port in range(9, 18)], "log": "error"},
                  {"peer": ["127.0.0.1:3"], "tracker": ["127.0.0.1:10/no-id"]}):
        status, _, text = ask(alice, "PATCH", "/api/v1/settings", json.dumps(wrong), good)
        assert status in (400, 503) and "tracker" in json.loads(text)["detail"], text
    same(settings(), found)
    refused(alice, 401, "PATCH", "/api/v1/settings", '{"log": "error"}', JSON)


def as_nobody(function):
    """What `function` returns in a process of another user."""
    if os.geteuid() != 0:
        raise Skip("only root can become another user")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        try:
            result = function()
        except Exception as error:  # told to the parent, whatever it was
            result = repr(error)
        os.write(writing, json.dumps(result).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        result = json.loads(pipe.read())
    os.waitpid(child, 0)
    return result


def knock(path):
    """Everything the socket answers to a request."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(path)
        try:
            client.sendall(b"GET /api/v1/self HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return client.recv(65536).decode()
        except (BrokenPipeError, ConnectionResetError):
            return ""


def read_token(home):
    try:
        with open(os.path.join(home, "token"), encoding="ascii") as file:
            return file.read()
    except PermissionError:
        return None


@case("another user of the machine gets in nowhere, even where he reaches the files")
def _(scene):
    place = tempfile.mkdtemp(prefix="ks-", dir="/tmp")  # TMPDIR may be private
    scene.at_end(lambda: shutil.rmtree(place, ignore_errors=True))
    os.chmod(place, 0o755)
    alice = scene.make("alice", home=place + "/a").start()
    path = alice.ready["socket"]
    os.chmod(alice.home, 0o755)
    os.chmod(path, 0o777)
    guess = json.dumps({"code": "a" * 52})
    assert '"alice"' in knock(path)
    same(as_nobody(lambda: knock(path)), "")
    same(as_nobody(lambda: read_token(alice.home)), None)
    same(as_nobody(lambda: [ask(alice, *request)[0] for request in (
        ("GET", "/api/v1/self"), ("GET", "/messages"), ("POST", "/api/v1/code", "{}", JSON),
        ("POST", "/api/v1/session", guess, JSON))]), [401, 401, 403, 403])


@case("http goes where it is told; a taken port is an error, the usual one gives way")
def _(scene):
    alice = scene.node("alice")
    taken = urllib.parse.urlsplit(alice.ready["http"]).netloc
    home = os.path.join(scene.path, "second")
    run_kith("up", "--home", home, "--listen", "127.0.0.1:0", "--http", taken).expect(
        FAILED, taken, "already in use", "--http")
    for place in ("0.0.0.0:0", "[::]:0", "192.0.2.1:8000"):
        run_kith("up", "--home", home, "--http", place).expect(USAGE, place, "--http-insecure")
    for place in ("name.example:8000", "1.2.3:8000", "127.0.0.1:65536", "yes"):
        run_kith("up", "--home", home, "--http", place).expect(USAGE, place)
    first = scene.make("first", env={"KITH_HTTP": ""}).start()
    second = scene.make("second", env={"KITH_HTTP": ""}).start()
    assert first.ready["http"].startswith("http://127.0.0.1:80"), first.ready
    assert first.ready["http"] != second.ready["http"]
    same(ask(second, "GET", "/api/v1/self", headers=bearer(token_of(second)))[0], 200)
    refused(second, 401, "GET", "/api/v1/self", headers=bearer(token_of(first)))
    none = scene.make("none", "--http", "no").start()
    same(none.ready["http"], None)
    same(none.request("GET", "/self")[1]["http"], None)
    none.kith("peers").expect(DONE)


@case("who serves everywhere tells the loopback of that family, not a name that leads elsewhere")
def _(scene):
    for name, place, loopback in (("four", "0.0.0.0:0", "127.0.0.1"), ("six", "[::]:0", "[::1]")):
        if name == "six" and not has_ipv6():
            continue
        node = scene.make(name, "--http", place, "--http-insecure").start()
        port = urllib.parse.urlsplit(node.ready["http"]).port
        same(node.ready["http"], f"http://{loopback}:{port}")
        for host in (f"{loopback}:{port}", f"localhost:{port}"):
            headers = {"Origin": f"http://{host}", **bearer(token_of(node))}
            same(ask(node, "GET", "/api/v1/self", headers=headers, host=host)[0], 200, host)


if __name__ == "__main__":
    main()
