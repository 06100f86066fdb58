"""Pulls the plug in the middle of syncs, and looks each time what is there again."""

import random
import time

from . import fail, say, until
from .line import PICTURES, TEXT
from .pages import BULLETIN, HOME_MAY_DIFFER, arrive, walk

# Seconds that a bulletin is read: longer than the kiosk waits before it writes down that it was shown.
READ_SECONDS = 12
# Every so many plugs the current comes back only for a moment, and goes again while text is fetched.
FLICKERS_EVERY = 4
# Characters of a bulletin that takes some seconds on a slow line: any ones, so that gzip does not make them few.
LONG_TEXT_CHARS = 8_000


def long_text():
    return "".join(chr(random.randrange(0x4E00, 0x9FA0)) for _ in range(LONG_TEXT_CHARS))


class Plugs:
    """Counts what was pulled and what was found."""

    def __init__(self, machine, office, line, disk):
        self.machine, self.office, self.line, self.disk = machine, office, line, disk
        self.home = self.records = None
        self.pulled = self.forgotten = 0
        self.boots = []

    def pull(self, times):
        for turn in range(1, times + 1):
            self.office.publish(f"停电演练第{turn}次", long_text())
            self.read_bulletin()
            self.cut(f"plug {turn}", PICTURES, random.uniform(0, 4))
            if turn % FLICKERS_EVERY == 0:
                self.machine.switch_on()
                self.cut(f"plug {turn} again", TEXT, 0)
            self.switch_on(turn)

    def read_bulletin(self):
        """Somebody reads the newest bulletin for a while: a proof of display."""
        walk(self.machine, BULLETIN)
        time.sleep(READ_SECONDS)

    def cut(self, name, kinds, pause):
        """Waits for a sync to be under way, and cuts the current in the middle of an answer."""
        time.sleep(pause)
        published, (_, told, _) = self.office.pictures(), self.office.report()
        answer = until("a sync", lambda: self.line.under_way(kinds), pause=0.02)
        evidence = str(answer)
        forgotten = self.machine.pull_the_plug()
        self.pulled, self.forgotten = self.pulled + 1, self.forgotten + forgotten
        now = self.disk.records(self.office)
        missing = len(published - now.pictures)
        if kinds == PICTURES and not missing:
            fail(f"{name} was pulled after the last picture: not in the middle of a sync")
        if now.entries < told:
            fail(f"{name}: the office was told of {told} entries, on the disk are {now.entries}")
        lack = self.records and now.lack(self.records)
        if lack:
            fail(f"{name} cost something: {lack}")
        self.records = now
        say(f"{name}: cut at {evidence}; {forgotten} writes lost; on the disk {now.entries} entries, {len(now.pictures)} pictures "
            f"({missing} to come), {sum(now.seconds.values())} s shown, {now.lines} lines of the diary")

    def switch_on(self, turn):
        """The current comes back: the verified first page, and a report to the office of no less than before."""
        number, _, _ = self.office.report()
        self.machine.switch_on()
        page = arrive(self.machine, f"plug-{turn:02}", "/")
        self.boots.append(self.machine.seconds_on())
        # Before the first cut its counts were still on their way.
        if self.home and page.difference(self.home) > HOME_MAY_DIFFER:
            fail(f"after plug {turn} another page than home, see plug-{turn:02}.png")
        self.home = page
        _, size, held = until("a report", lambda: (lambda r: r[0] > number and r)(self.office.report()))
        if size < self.records.entries or held != "ours":
            fail(f"after plug {turn} it reports {size} entries that are {held}, on its disk were {self.records.entries}")
        say(f"plug {turn}: verified page after {self.boots[-1]:.1f} s, {size} entries reported")
