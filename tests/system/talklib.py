# SPDX-License-Identifier: MIT
"""Two nodes that talk all the time, in numbered messages, while something befalls them.

    talk = Talk(scene, alice, bob)
    …
    talk.ends()     # nothing was lost, shown twice, or out of order
"""

import threading
import time

from discoverylib import Stream
from kithlib import WAIT_S, same, wait_until

PAUSE_S = 0.02  # between two messages of one side


class Talk:
    """Each says a number and the next, to the other alone, until it `ends`; `count` each, if
    that is given. Both are followed meanwhile: `streams` has what they tell of, by the node."""

    def __init__(self, scene, one, other, count=None, pause_s=PAUSE_S):
        self.nodes = (one, other)
        self.count, self.pause_s = count, pause_s
        self.streams = {node: Stream(scene, node) for node in self.nodes}
        self.said = {node: 0 for node in self.nodes}
        self.said_at = {node: [] for node in self.nodes}  # monotonic, of each
        self.failures = []
        self.is_over = threading.Event()
        scene.at_end(self.is_over.set)
        self.threads = [threading.Thread(target=self._speak, args=pair, daemon=True)
                        for pair in ((one, other), (other, one))]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def _text(speaker, number):
        return f"{speaker.name} {number}"

    def _speak(self, speaker, listener):
        try:
            while not self.is_over.is_set() and self.said[speaker] != self.count:
                self.said_at[speaker].append(time.monotonic())
                speaker.say(listener.id, self._text(speaker, self.said[speaker]))
                self.said[speaker] += 1
                self.is_over.wait(self.pause_s)
        except (AssertionError, OSError, ValueError) as error:
            self.failures.append(f"{speaker.name}: {error}")

    def ends(self, within_s=WAIT_S):
        """No more is said; each heard all of the other's, once and in order, in the history
        and on the stream. The seconds until the last was heard."""
        if self.count is None:
            self.is_over.set()
        begin = time.monotonic()
        for thread in self.threads:
            thread.join(within_s)
        same(self.failures, [])
        for speaker, listener in (self.nodes, reversed(self.nodes)):
            wanted = [self._text(speaker, number) for number in range(self.said[speaker])]
            assert wanted, f"{speaker.name} said nothing"
            left_s = max(1, begin + within_s - time.monotonic())
            wait_until(f"{listener.name} hears the last of {speaker.name}",
                       lambda s=self.streams[listener], t=wanted[-1]: s.heard(t), left_s)
            same(self._of(speaker, listener.texts()), wanted, f"history of {listener.name}")
            same(self._of(speaker, self.streams[listener].texts()), wanted,
                 f"what {listener.name} is told")
        return time.monotonic() - begin

    def is_done(self):
        """With a `count`: was all said and heard?"""
        return all(self.streams[listener].heard(self._text(speaker, self.count - 1))
                   for speaker, listener in (self.nodes, reversed(self.nodes)))

    def is_caught_up(self, since):
        """Did each hear something that was said after this time?"""
        return all(self._hears_of(speaker, listener, since)
                   for speaker, listener in (self.nodes, reversed(self.nodes)))

    def _hears_of(self, speaker, listener, since):
        heard = self._of(speaker, self.streams[listener].texts())
        return bool(heard) and self.said_at[speaker][len(heard) - 1] > since

    @staticmethod
    def _of(speaker, texts):
        return [text for text in texts if text.rpartition(" ")[0] == speaker.name]

    def departures(self):
        """How often each was told that the other went offline."""
        one, other = self.nodes
        return sum(change[0] == "offline" for told, of in ((one, other), (other, one))
                   for change in self.streams[told].changes(of))
