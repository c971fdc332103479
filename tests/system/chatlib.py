# SPDX-License-Identifier: MIT
"""A chat as a person or a script has it: on a terminal of its own, or through pipes.

A Terminal makes a pty, keeps all that was written to it, and draws it on a small screen:
enough of a VT100 for what readline writes, so that a test looks at what a person sees.
"""

import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time

from kithlib import SANITIZER, WAIT_S, kith_path, wait_until

ENV = {"TERM": "xterm", "LC_ALL": "C.UTF-8", "INPUTRC": "/dev/null"}


class Screen:
    """What stands on a terminal. Wraps as xterm does: only when the next character comes."""

    SEQUENCE = re.compile(r"\x1b\[([?>]?)([\d;]*)([@-~])|\x1b[()].|\x1b[=>78Mc]")

    def __init__(self, columns=80, rows=24):
        self.columns, self.rows = columns, rows
        self.lines = [[]]
        self.row = self.column = 0
        self.rest = ""

    def line(self):
        while len(self.lines) <= self.row:
            self.lines.append([])
        return self.lines[self.row]

    def put(self, character):
        if self.column == self.columns:
            self.row, self.column = self.row + 1, 0
        line = self.line()
        line += [" "] * (self.column + 1 - len(line))
        line[self.column] = character
        self.column += 1

    def order(self, mark, numbers, final):
        number = int(numbers.split(";")[0] or 0)
        if mark:
            return
        if final == "K":
            line = self.line()
            if number == 0:
                del line[self.column:]
            elif number == 2:
                line.clear()
        elif final == "J" and number == 0:
            del self.line()[self.column:]
            del self.lines[self.row + 1:]
        elif final == "A":
            self.row = max(0, self.row - max(1, number))
        elif final == "B":
            self.row += max(1, number)
        elif final == "C":
            self.column = min(self.columns - 1, self.column + max(1, number))
        elif final == "D":
            self.column = max(0, self.column - max(1, number))
        elif final == "G":
            self.column = max(0, number - 1)
        elif final == "P":
            del self.line()[self.column:self.column + max(1, number)]
        elif final == "@":
            self.line()[self.column:self.column] = [" "] * max(1, number)
        elif final not in "mhlrt":
            raise AssertionError(f"an order this screen does not know: {final!r}")

    def feed(self, text):
        text = self.rest + text
        at = 0
        while at < len(text):
            character = text[at]
            if character == "\x1b":
                match = self.SEQUENCE.match(text, at)
                if not match:
                    assert len(text) - at < 32, f"not understood: {text[at:at + 40]!r}"
                    break
                if match[3]:
                    self.order(match[1], match[2], match[3])
                at = match.end()
                continue
            if character == "\r":
                self.column = 0
            elif character == "\n":
                self.row += 1
                self.line()
            elif character == "\b":
                self.column = max(0, self.column - 1)
            elif character != "\a":
                self.put(character)
            at += 1
        self.rest = text[at:]

    def text(self):
        return ["".join(line).rstrip() for line in self.lines]


class Chat:
    """What both kinds share: what was read, and waiting for it."""

    def __init__(self):
        self.bytes = b""
        self.is_closing = False
        self.lock = threading.Lock()

    def read_on(self, fd):
        while not self.is_closing:
            if not select.select([fd], [], [], 0.05)[0]:
                continue
            try:
                piece = os.read(fd, 65536)
            except OSError as error:
                assert error.errno == errno.EIO, error  # a pty that its last user closed
                piece = b""
            with self.lock:
                self.bytes += piece
                self.taken(piece)
            if not piece:
                return

    def taken(self, piece):
        pass

    def output(self):
        with self.lock:
            return self.bytes.decode(errors="replace")

    def has(self, *parts):
        text = self.output()
        return all(part in text for part in parts)

    def wait(self, *parts):
        """Until all of these were written."""
        try:
            wait_until(f"written: {parts}", lambda: self.has(*parts))
        except AssertionError as error:
            raise AssertionError(f"{error}; there is: {self.output()[-2000:]!r}") from None
        return self

    def sees(self, *names):
        """Until each of them was told to be here."""
        for name in names:
            wait_until(f"{name} is seen in {self.output()[-500:]!r}", lambda n=name: re.search(
                rf"\* {n} is here|\* here: .*\b{n}\b", self.output()))
        return self

    def leave(self, code=0):
        """Wait for its end, and for its exit code."""
        try:
            got = self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it stays; there is {self.output()[-2000:]!r}") from None
        self.reader.join(WAIT_S)
        assert got == code, f"exit {got}, wanted {code}; there is {self.output()[-2000:]!r}"
        assert not SANITIZER.search(self.output()), self.output()[-4000:]
        return self

    def stop_reading(self):
        """Else the reader may read another file of the same number."""
        self.is_closing = True
        self.reader.join()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(WAIT_S)
        self.stop_reading()


class Terminal(Chat):
    def __init__(self, scene, *args, env=None, columns=80, rows=24, prefix=(), cwd=None):
        super().__init__()
        self.screen = Screen(columns, rows)
        self.pid = 0
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            [*prefix, kith_path(), *args], stdin=slave, stdout=slave, stderr=slave,
            close_fds=True, cwd=cwd, env={**os.environ, **ENV, **(env or {})},
            preexec_fn=own_terminal)
        os.close(slave)
        self.reader = threading.Thread(target=self.read_on, args=(self.master,), daemon=True)
        self.reader.start()
        scene.at_end(self.close)

    def taken(self, piece):
        self.screen.feed(piece.decode(errors="replace"))

    def resize(self, columns, rows):
        self.screen.columns, self.screen.rows = columns, rows
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        """As fast as the terminal takes it."""
        data = text.encode() if isinstance(text, str) else text
        deadline = time.monotonic() + WAIT_S
        while data:
            assert time.monotonic() < deadline, "what is typed is not taken"
            if select.select([], [self.master], [], 1)[1]:
                data = data[os.write(self.master, data[:2048]):]
        return self

    def shown(self):
        with self.lock:
            return self.screen.text()

    def last(self):
        """The line where the cursor is."""
        with self.lock:
            return "".join(self.screen.line()).rstrip()

    def wait_last(self, line):
        try:
            wait_until(f"the last line is {line!r}", lambda: self.last() == line)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen: {self.shown()}") from None
        return self

    def hang_up(self):
        """The window is closed."""
        self.stop_reading()
        os.close(self.master)
        self.master = -1

    def close(self):
        super().close()
        if self.master >= 0:
            self.hang_up()


def own_terminal():
    """In the child: the pty on its standard input is its controlling terminal."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Pipe(Chat):
    """Standard error is standard output's own: what is wrong is read along."""

    def __init__(self, scene, *args, env=None):
        super().__init__()
        self.process = subprocess.Popen(
            [kith_path(), *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env={**os.environ, **ENV, **(env or {})})
        self.reader = threading.Thread(target=self.read_on,
                                       args=(self.process.stdout.fileno(),), daemon=True)
        self.reader.start()
        scene.at_end(self.close)

    def type(self, text):
        self.process.stdin.write(text.encode() if isinstance(text, str) else text)
        self.process.stdin.flush()
        return self

    def end(self):
        self.process.stdin.close()
        return self

    def lines(self):
        return self.output().split("\n")[:-1]


def signal_all(chat, number):
    chat.process.send_signal(number)
    return chat


TERM, HUP, INT = signal.SIGTERM, signal.SIGHUP, signal.SIGINT
