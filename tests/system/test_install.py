# SPDX-License-Identifier: MIT
"""What `make install` puts where, and a bot that is built against nothing but that."""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import urllib.request
import xml.etree.ElementTree

from kithlib import DONE, Skip, case, kith_path, main, run_kith, same, wait_until

BUILD = os.environ.get("KITH_BUILD") or os.path.dirname(kith_path())
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SANITIZE = os.environ.get("KITH_SANITIZE", "none")
PREFIX = "usr/local"
LIBRARY = f"{PREFIX}/lib/*"

# One a line; what a distribution decides, as the folder of libraries, is a pattern.
FILES = f"""
{PREFIX}/bin/kith
{PREFIX}/include/kith/error.h
{PREFIX}/include/kith/kith.h
{LIBRARY}/libkith.so
{LIBRARY}/libkith.so.0
{LIBRARY}/pkgconfig/libkith.pc
{PREFIX}/lib/systemd/user/kith.service
{PREFIX}/share/applications/kith.desktop
{PREFIX}/share/bash-completion/completions/kith
{PREFIX}/share/doc/kith/README.md
{PREFIX}/share/doc/kith/LICENSE
{PREFIX}/share/doc/kith/docs/PROTOCOL.md
{PREFIX}/share/doc/kith/docs/openapi.yaml
{PREFIX}/share/doc/kith/examples/bot.c
{PREFIX}/share/fish/vendor_completions.d/kith.fish
{PREFIX}/share/icons/hicolor/scalable/apps/kith.svg
{PREFIX}/share/man/man1/kith.1
{PREFIX}/share/man/man3/libkith.3
{PREFIX}/share/man/man5/kith.conf.5
{PREFIX}/share/zsh/site-functions/_kith
""".split()


def run(*command, env=None):
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, **(env or {})})
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


def install(scene):
    """A tree as packages are made of."""
    tree = os.path.join(scene.path, "tree")
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", tree)
    return tree


def find(tree, pattern):
    found = glob.glob(os.path.join(tree, pattern))
    assert found, f"{pattern} is not installed"
    return found[0]


def read(tree, pattern):
    with open(find(tree, pattern), encoding="utf-8") as file:
        return file.read()


@case("install puts everything in its place, and uninstall takes it all away")
def _(scene):
    tree = install(scene)
    for pattern in FILES:
        find(tree, pattern)
    program = os.path.join(tree, PREFIX, "bin/kith")
    assert b"kith" in subprocess.run([program, "version"], capture_output=True, check=True).stdout
    run("ninja", "-C", BUILD, "uninstall")
    left = [name for _, _, names in os.walk(tree) for name in names]
    same(left, [], "left behind")


@case("the README that is installed leads to what is installed")
def _(scene):
    folder = os.path.join(install(scene), PREFIX, "share/doc/kith")
    links = set(re.findall(r"\]\(([^)#:]+)[)#]", read(folder, "README.md")))
    assert "docs/THREAT_MODEL.md" in links
    same([link for link in links if not os.path.exists(os.path.join(folder, link))], [])


def packaged(name):
    with open(os.path.join(ROOT, "packaging/debian", name), encoding="utf-8") as file:
        return file.read().split()


@case("each installed file is in one Debian package, or left out on purpose")
def _(scene):
    tree = os.path.join(install(scene), "usr/local")
    # Debian's zsh has a place of its own for what packages bring.
    patterns = [pattern.replace("zsh/vendor-completions", "zsh/site-functions")
                for name in ("kith", "libkith0", "libkith-dev")
                for pattern in packaged(name + ".install")] + packaged("not-installed")
    taken = [path for pattern in patterns
             for path in glob.glob(os.path.join(tree, pattern.removeprefix("usr/")))]
    for path in (os.path.join(folder, name) for folder, _, names in os.walk(tree)
                 for name in names):
        count = sum(path == found or path.startswith(found + "/") for found in taken)
        same(count, 1, f"packages that have {path}")
    for pattern in patterns:
        find(tree, pattern.removeprefix("usr/"))


@case("the packages are built with all that the build needs")
def _(scene):
    with open(os.path.join(ROOT, "tools/deps"), encoding="utf-8") as file:
        needed = re.search(r"^build='(.*?)'", file.read(), re.M | re.S)[1].split()
    control = " ".join(packaged("control"))
    listed = re.search(r"Build-Depends: (.*?) Standards-Version", control)[1]
    for word in needed:
        # What every package is built with, and what meson brings along.
        if word not in ("gcc", "libc6-dev", "dpkg-dev", "make", "ninja-build"):
            assert re.search(rf"(^| ){re.escape(word.split('|')[0])}\b", listed), (word, listed)


@case("the pages name every command, option and knob")
def _(scene):
    tree = install(scene)
    page = read(tree, f"{PREFIX}/share/man/man1/kith.1").replace("\\", "")
    for command in run_kith("help", "--json").expect(DONE).lines():
        assert f"\n.SS kith {command['name']}\n" in page, command["name"]
        for option in command["options"]:
            assert f"--{option['name']}" in page, (command["name"], option["name"])
    page = read(tree, f"{PREFIX}/share/man/man5/kith.conf.5").replace("\\", "")
    for knob in run_kith("help", "config", "--json").expect(DONE).lines():
        assert knob["variable"] in page, knob["knob"]
    if shutil.which("groff"):
        for path in glob.glob(os.path.join(tree, PREFIX, "share/man/man*/*")):
            same(subprocess.run(["groff", "-k", "-man", "-Tutf8", "-ww", "-z", path], check=True,
                                capture_output=True, text=True).stderr, "", path)


@case("service, menu entry and icon are sound, and point to what is installed")
def _(scene):
    tree = install(scene)
    service = read(tree, f"{PREFIX}/lib/systemd/user/kith.service")
    start = next(line for line in service.splitlines() if line.startswith("ExecStart="))
    assert os.access(tree + start.removeprefix("ExecStart=").split()[0], os.X_OK), start
    entry = find(tree, f"{PREFIX}/share/applications/kith.desktop")
    with open(entry, encoding="utf-8") as file:
        values = dict(line.strip().split("=", 1) for line in file if "=" in line)
    run_kith(*values["Exec"].split()[1:], "--help").expect(DONE)
    if shutil.which("desktop-file-validate"):
        same(run("desktop-file-validate", entry), "")
    icon = find(tree, f"{PREFIX}/share/icons/hicolor/scalable/apps/kith.svg")
    assert xml.etree.ElementTree.parse(icon).getroot().tag.endswith("svg")


@case("the library exports what its header has, and nothing else")
def _(scene):
    tree = install(scene)
    listed = run("nm", "-D", "--defined-only", find(tree, f"{LIBRARY}/libkith.so.0"))
    exported = sorted(line.split()[2] for line in listed.splitlines() if line.split()[1] == "T")
    with open(os.path.join(ROOT, "tests/golden/libkith.symbols"), encoding="utf-8") as file:
        same(exported, file.read().split(), "what libkith.so.0 exports")
    headers = "".join(read(tree, f"{PREFIX}/include/kith/{name}.h") for name in ("kith", "error"))
    for symbol in exported:
        assert symbol.split("@")[0] + "(" in headers, symbol


# ---- programs ----

def flags(tree, what):
    folder = os.path.dirname(find(tree, f"{LIBRARY}/pkgconfig/libkith.pc"))
    return run("pkg-config", what, "libkith", env={
        "PKG_CONFIG_LIBDIR": folder, "PKG_CONFIG_SYSROOT_DIR": tree}).split()


def compile_bot(scene, tree, compiler, *language):
    program = os.path.join(scene.path, "bot-" + compiler)
    sanitize = [] if SANITIZE == "none" else [f"-fsanitize={SANITIZE}"]
    run(compiler, "-Wall", "-Wextra", "-Wpedantic", "-Werror", *sanitize, *language,
        *flags(tree, "--cflags"), find(tree, f"{PREFIX}/share/doc/kith/examples/bot.c"),
        "-x", "none", *flags(tree, "--libs"), "-o", program)
    return program


class Bot:
    """The example, running on a home."""

    def __init__(self, scene, tree, program, home, **variables):
        library = os.path.dirname(find(tree, f"{LIBRARY}/libkith.so.0"))
        self.process = subprocess.Popen(
            [program, home], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "LD_LIBRARY_PATH": library, **variables})
        scene.at_end(self.process.kill)
        self.name, _, self.id = self.process.stdout.readline().strip().partition(" is ")

    def ends(self):
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=60)
        same((self.process.returncode, errors), (0, ""))


def answers(node, bot):
    """Greeted, and answered in the room where it was asked."""
    wait_until("the greeting", lambda: f"hello {node.name}" in node.texts(room=bot.id))
    node.say(bot.id, "ping")
    wait_until("the answer", lambda: "pong" in node.texts(room=bot.id))
    node.say("#lobby", "ping")
    wait_until("the answer to all", lambda: "pong" in node.texts(room="#lobby"))


@case("a bot in C is a node of its own, which answers, and which a terminal can ask")
def _(scene):
    tree = install(scene)
    program = compile_bot(scene, tree, "cc", "-std=c11", "-D_DEFAULT_SOURCE", "-x", "c")
    home = os.path.join(scene.path, "bot")
    os.mkdir(home, 0o700)
    with open(os.path.join(home, "kith.conf"), "w", encoding="utf-8") as file:
        file.write(f"name = bot\nlisten = {scene.host()}:0\nlan = no\n")
    page = f"{scene.host()}:8000"  # nobody else has that address
    bot = Bot(scene, tree, program, home, KITH_HTTP=page)
    same(bot.name, "bot")
    with open(os.path.join(home, "token"), encoding="utf-8") as file:
        show = {"Authorization": "Bearer " + file.read().strip()}
    asked = urllib.request.Request(f"http://{page}/api/v1/self", headers=show)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        same(json.load(answer)["id"], bot.id)
    alice = scene.node("alice")
    run_kith("connect", alice.address, "--home", home).expect(DONE)
    answers(alice, bot)
    asked = run_kith("peers", "--json", "--home", home).expect(DONE).lines()
    same([peer["id"] for peer in asked], [alice.id])
    run_kith("down", "--home", home).expect(DONE)  # the node, not the program it is in
    wait_until("the bot is gone", lambda: not alice.online())
    assert bot.process.poll() is None
    bot.ends()


@case("a bot in C++ attaches to the node that runs, which goes on without it")
def _(scene):
    if not shutil.which("c++"):
        raise Skip("no C++ compiler here")
    tree = install(scene)
    program = compile_bot(scene, tree, "c++", "-std=c++11", "-x", "c++")
    bob = scene.node("bob")
    bot = Bot(scene, tree, program, bob.home)
    same((bot.name, bot.id), ("bob", bob.id))
    answers(scene.node("alice", bob), bot)
    bot.ends()
    assert bob.is_running()


if __name__ == "__main__":
    main()
