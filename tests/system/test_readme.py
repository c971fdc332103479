# SPDX-License-Identifier: MIT
"""The README is true: its tour is followed word for word, and what it shows is what comes.

Every fenced block with a `$ ` line is run, in order, in one empty directory, on a machine
where nothing else runs and `kith` is in the path. `kith chat` stays in the foreground, so
it gets a terminal of its own, and blocks of it that follow one another are typed side by
side. What comes is compared with what is shown: SHAPES are what differs from run to run,
columns may be wider or narrower, and everything else is as it stands there."""

import difflib
import os
import re
import shlex
import shutil
import signal
import subprocess

import netns
from chatlib import Terminal
from kithlib import SANITIZER, WAIT_S, case, kith_path, main, same, wait_until
from netns import Namespace

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROMPT = "#lobby>"
COLUMNS = 160  # of a terminal: no line that is shown is longer

# As it stands in a pattern for what may stand in its place. Longer ones first.
SHAPES = [(re.compile(shown), name) for name, shown in (
    ("TIME", r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+Z)?|\b\d\d:\d\d:\d\d\b"),
    ("ADDRESS", r"(\b\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]*:[0-9a-f:]*(%\w+)?\]):\d+\b"),
    ("CODE", r"#code=[a-z2-7]{52}\b"),
    ("ID", r"\b[a-z2-7]{52}\b"),
    ("ID12", r"(?<=\()[a-z2-7]{12}(?=\))|\b[a-z2-7]{12}(?= listening)"),
    ("RTT", r"\b\d+(\.\d+)? ms\b"),
    ("NUMBER", r'"(log|seq|arrival)":\d+'),
    ("VERSION", r"\bkith \d+\.\d+\.\d+\b"),
)]

# Who has just been told something asks again; what only asks may be run until it comes.
QUESTIONS = ("peers", "tail", "search", "rooms")

# What a chat adds where delivery takes longer than a few seconds, as on a loaded machine.
SLOW = re.compile(r"\* (not )?delivered to ")

# A reader has set nothing.
for variable in [v for v in os.environ if v.startswith(("KITH_LAN", "KITH_HTTP", "XDG_"))]:
    del os.environ[variable]


def readme():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        return file.read()


def blocks():
    """The blocks to follow: a list of lines each, the first one a command."""
    found = re.findall(r"^```\w*\n(.*?)^```$", readme(), re.DOTALL | re.MULTILINE)
    return [block.splitlines() for block in found if re.search(r"^\$ ", block, re.MULTILINE)]


def steps(block):
    """(command, lines shown) of a block."""
    assert block[0].startswith("$ "), f"what a block shows comes of a command: {block[0]}"
    found = []
    for line in block:
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def shape(lines):
    """What is compared: blank lines at the end, widths of columns and SHAPES are not."""
    out = []
    for line in "\n".join(lines).rstrip().splitlines():
        for pattern, name in SHAPES:
            line = pattern.sub(name, line)
        indent = re.match(" *", line)[0]
        out.append(indent + re.sub(" {2,}", "  ", line.strip()))
    return out


def as_shown(lines, shown, what):
    if shape(lines) != shape(shown):
        both = difflib.ndiff(shape(shown), shape(lines))
        raise AssertionError(f"{what}: shown (-) and what came (+):\n" + "\n".join(both))


def is_chat(block):
    return block[0].startswith("$ kith chat")


class Reader:
    """Somebody at a machine of his own, in an empty directory."""

    def __init__(self, scene):
        self.scene = scene
        self.machine = Namespace()
        scene.at_end(self.machine.close)
        self.machine.wait_ready()
        self.home = os.path.join(scene.path, "h")
        self.place = os.path.join(scene.path, "d")
        programs = os.path.join(scene.path, "bin")
        for path in (self.home, self.place, programs):
            os.mkdir(path)
        os.symlink(kith_path(), os.path.join(programs, "kith"))
        self.env = {**os.environ, "HOME": self.home, "LC_ALL": "C.UTF-8",
                    "PATH": f"{programs}:{os.environ['PATH']}"}
        scene.at_end(self.end)

    def run(self, command):
        """Exit code and what came, as one sees both on a terminal."""
        done = subprocess.run([*self.machine.prefix, "bash", "-c", command], cwd=self.place,
                              env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=2 * WAIT_S, check=False)
        return done.returncode, done.stdout.decode(errors="replace").splitlines()

    def follow(self, command, shown):
        if command.startswith("curl ") and not shutil.which("curl"):
            print(f"# not on this machine, passed over: $ {command}", flush=True)
            return
        code, lines = self.run(command)

        def comes():
            nonlocal code, lines
            if shape(lines) != shape(shown):
                code, lines = self.run(command)
            return shape(lines) == shape(shown)

        if re.match(rf"kith ({'|'.join(QUESTIONS)})\b", command):
            try:
                wait_until(command, comes)
            except AssertionError:
                pass  # what came instead is told below
        as_shown(lines, shown, f"$ {command}")
        if not any(line.startswith("kith ") and ": " in line for line in shown):
            same(code, 0, f"exit code of $ {command}; it printed {lines}")
        else:
            assert code != 0, f"$ {command}: shown to fail, and did not"

    def chat(self, block):
        """Open the terminal; what it shows first is there when it asks for a line."""
        args = shlex.split(block[0][2:])[1:]
        return Terminal(self.scene, *args, env=self.env, columns=COLUMNS, cwd=self.place,
                        prefix=self.machine.prefix).wait_last(PROMPT)

    def chats(self, together):
        """Type what stands behind the prompts, each line once what is above it is there."""
        open_ones = [(self.chat(block), block[1:]) for block in together]
        at = [0] * len(open_ones)

        def go_on(i):
            terminal, lines = open_ones[i]
            line = lines[at[i]]
            if line.startswith(PROMPT):
                if terminal.last() != PROMPT:
                    return False
                terminal.type(line[len(PROMPT) + 1:] + "\r")
            elif shape([line])[0] not in shape(terminal.shown()):
                return False
            at[i] += 1
            return True

        while open_now := [i for i, (_, lines) in enumerate(open_ones) if at[i] < len(lines)]:
            try:
                wait_until("a chat goes on", lambda o=open_now: any([go_on(i) for i in o]))
            except AssertionError:
                break  # what is there instead is told below
        for (terminal, lines), place in zip(open_ones, at):
            if place == len(lines):
                terminal.leave()
            as_shown([line for line in terminal.shown() if not SLOW.match(line)], lines, "a chat")

    def logs(self):
        for folder, _, files in os.walk(self.place):
            for name in files:
                if name in ("kith.log", "kith.log.1"):
                    with open(os.path.join(folder, name), "rb") as file:
                        yield os.path.join(folder, name), file.read().decode(errors="replace")

    def running(self):
        """Nodes of this directory that still run."""
        found = []
        for name in os.listdir(self.place):
            try:
                with open(os.path.join(self.place, name, "lock"), encoding="ascii") as file:
                    pid = int(file.read())
                if os.path.samefile(f"/proc/{pid}/exe", kith_path()):
                    found.append(pid)
            except (OSError, ValueError):
                pass
        return found

    def end(self):
        for pid in self.running():
            os.kill(pid, signal.SIGKILL)


@case("the tour comes out as it is shown, command by command")
def _(scene):
    reader = Reader(scene)
    together = []
    for block in blocks() + [None]:
        if block and is_chat(block):
            together.append(block)
            continue
        if together:
            reader.chats(together)
            together = []
        for command, shown in steps(block) if block else []:
            reader.follow(command, shown)
    wait_until("what the tour started it ends", lambda: not reader.running())
    for path, log in reader.logs():
        assert not SANITIZER.search(log), f"{path}: {log[-4000:]}"


@case("the tour shows the program at work: nodes, messages, a chat, the page")
def _(scene):
    words = " ; ".join(command for block in blocks() for command, _ in steps(block))
    for part in ("kith up", "kith peers", "kith chat", "kith send", "kith tail", "kith web",
                 "kith down"):
        assert part in words, f"{part} is not in the tour: {words}"


def table():
    """First cells of the table of commands: a list of command lines each."""
    part = readme().split("\n## Commands\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`kith.*?) \| (.*)\|$", part, re.MULTILINE)
    return [(re.findall(r"`kith(?: ([a-z]+))?[^`]*`", first), first + second)
            for first, second in rows]


@case("the table of commands has those that `kith help` has, and only flags that are known")
def _(scene):
    reader = Reader(scene)
    code, lines = reader.run("kith help")
    same(code, 0)
    listed = {match[1] for line in lines if (match := re.match(r"  ([a-z]+)  +[a-z]", line))}
    rows = table()
    same({name for names, _ in rows for name in names if name}, listed, "commands")
    for names, text in rows:
        helps = "\n".join(sum((reader.run(f"kith help {name}")[1] for name in names if name), []))
        for flag in re.findall(r"--[a-z-]+", text):
            assert flag in helps, f"{flag} of {names} is not in its help"


@case("links of the README lead to files that are there")
def _(scene):
    found = re.findall(r"\]\(([^)#]+)\)", readme())
    assert found, "no links"
    for link in found:
        assert "://" in link or os.path.exists(os.path.join(ROOT, link)), link


netns.become_root()
main()
