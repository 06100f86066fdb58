#!/usr/bin/env python3
"""Boots the kiosk's image in a virtual machine, touches it, pulls its plug in the middle of syncs, and looks whether a verified
screen and everything that was recorded is there again. Needs what build.sh made, `make build`, and the packages of
`make packages-appliance`. Pictures lie in target/tmp/appliance/. A line a finding; exit status 1 at the first that is wrong."""

import argparse
import hashlib
import statistics
import sys
import time

from trial import IMAGE, OUT, fail, fingers, say, troubles, until
from trial.disk import Disk
from trial.line import QUICK, Line
from trial.machine import Machine
from trial.office import Office
from trial.pages import arrive
from trial.plugs import Plugs

# Seconds without anything on the line after which a sync is over.
REST = 8


def image_digest():
    return hashlib.sha256((IMAGE / "root.sqfs").read_bytes()).hexdigest()


def first_boot(machine, office):
    """From an empty shelf to the first verified page."""
    machine.switch_on()
    empty = arrive(machine, "first", "/")
    drawn = machine.seconds_on()
    arrive(machine, "home", "/", empty)
    say(f"first boot: a page after {drawn:.1f} s, the verified first page after {machine.seconds_on():.1f} s")
    until("a report", lambda: office.report()[1])


def under_fingers(machine, line):
    """The sync may end; then fingers find their way, pinch, and turn the picture. Answers how many times a photograph grew."""
    line.speed = QUICK
    until("the sync to end", lambda: line.rests(REST))
    grown = fingers.pinch(machine)
    fingers.turn(machine)
    machine.switch_off()
    return grown


def in_trouble(machine, home):
    """Begins on end, as it was left, and is turned back; crashes, hangs, and stands alone. Answers how long each took."""
    machine.switch_on(console=True)
    machine.turned = True
    fingers.stands(machine)
    troubles.turn_back(machine)
    crashed, hung = troubles.crash(machine), troubles.hang(machine)
    machine.switch_off()
    alone = troubles.alone(machine, home)
    machine.switch_off()
    return crashed, hung, alone


def at_the_end(office, disk, plugs, stopped):
    """The disk when all is over: every published picture, nothing less than before, and a diary that knows of every cut."""
    records = disk.records(office)
    lack = records.lack(plugs.records)
    if lack:
        fail(f"at the end: {lack}")
    if records.pictures != office.pictures():
        fail(f"at the end {len(records.pictures)} pictures, published are {len(office.pictures())}")
    events = disk.diary()
    if events.count("restarted") != stopped:
        fail(f"the diary knows of {events.count('restarted')} ends that were none, there were {stopped}: {events[-40:]}")
    say(f"data disk: whole, {records.entries} entries, all {len(records.pictures)} pictures, {sum(records.seconds.values())} s of "
        f"bulletins shown, a diary that knows of all {stopped} cuts, crashes and hangs")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugs", type=int, default=20, help="how often the plug is pulled")
    parser.add_argument("--receipts", type=int, default=60, help="receipts of the sample township")
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    digest, started = image_digest(), time.monotonic()
    office = Office(IMAGE / "town", options.receipts)
    line = Line(("127.0.0.1", int(office.url.rsplit(":", 1)[1])))
    disk = Disk(office, line)
    machine = Machine(disk)
    try:
        first_boot(machine, office)
        plugs = Plugs(machine, office, line, disk)
        plugs.pull(options.plugs)
        grown = under_fingers(machine, line)
        crashed, hung, alone = in_trouble(machine, plugs.home)
        at_the_end(office, disk, plugs, plugs.pulled + 2)
    finally:
        machine.end()
        office.close()
    if image_digest() != digest:
        fail("the image was written to")
    boots = plugs.boots
    say(f"appliance: all well after {(time.monotonic() - started) / 60:.0f} minutes: {plugs.pulled} plugs pulled in mid-sync, "
        f"{plugs.forgotten} writes lost in the disk's cache and nothing with them; page after a cut in {min(boots):.1f} to {max(boots):.1f} s, "
        f"median {statistics.median(boots):.1f} s; pinch {grown:.2f} times; crash {crashed:.1f} s, hang {hung:.1f} s, alone {alone:.1f} s; "
        f"{machine.taps} taps, {machine.taps_lost} of them lost; the image as it was")


if __name__ == "__main__":
    sys.exit(main())
