"""What goes wrong at a station: the program crashes or hangs, the network is gone, and so is the clock's battery."""

import re
import time

from . import fail, say, until
from .pages import HOME_MAY_DIFFER, ON_ITS_OWN, ON_RECEIPT, PHOTOGRAPH, TURNED_PAGE, arrive, walk, with_photograph

SERVICE, DATA = "mingbai-kiosk", "/var/lib/mingbai/kiosk"
# As in mingbai-kiosk.service.
WATCHDOG_SECONDS = 30


def state(machine, name):
    """What systemd knows of the service: a number."""
    said = machine.do(f"systemctl show -p {name} {SERVICE}")
    return int(re.search(rf"^{name}=(\d+)", said, re.M).group(1))


def crash(machine):
    """Kills the program while a receipt is open."""
    seconds = comes_back(machine, "crashed", "KILL")
    say(f"crashed: the same receipt again after {seconds:.1f} s, emulated")
    return seconds


def hang(machine):
    """Stops the program, so that it draws no more: systemd's watchdog has to notice."""
    seconds = comes_back(machine, "hung", "STOP")
    if seconds > 2 * WATCHDOG_SECONDS:
        fail(f"a screen that hung was back after {seconds:.1f} s only")
    say(f"hung: the same receipt again after {seconds:.1f} s, of which the watchdog waits up to {WATCHDOG_SECONDS} s, emulated")
    return seconds


def comes_back(machine, name, how):
    """Seconds from a signal to the program until the receipt that was open is on the screen again."""
    walk(machine, PHOTOGRAPH[:-1])
    receipt = with_photograph(machine, f"before-{name}", ON_RECEIPT)
    # What leads back is written down once a second.
    time.sleep(2)
    restarts = state(machine, "NRestarts")
    machine.do(f"systemctl kill --signal={how} {SERVICE}")
    started = time.monotonic()
    until("the screen to go", lambda: machine.screen().difference(receipt) > TURNED_PAGE, pause=0.05)
    until("the same receipt", lambda: machine.screen().difference(receipt) < TURNED_PAGE, pause=0.05)
    seconds = time.monotonic() - started
    machine.screen(name)
    if state(machine, "NRestarts") != restarts + 1:
        fail(f"the program was started {state(machine, 'NRestarts') - restarts} times, not once")
    return seconds


def turn_back(machine):
    """Whoever installs it turns the picture back on a console."""
    machine.do(f"mingbai-kiosk set --data {DATA} turn 0; systemctl restart {SERVICE}")
    machine.turned = False
    arrive(machine, "upright", "/")


def alone(machine, home):
    """Without a network and with a clock of long ago, the first page is there as usual, and the way to a receipt's photograph."""
    machine.switch_on(network=False, clock="2001-01-01T00:00:00")
    page = arrive(machine, "alone", "/")
    seconds = machine.seconds_on()
    if page.difference(home) > HOME_MAY_DIFFER:
        fail("without a network another page than home, see alone.png")
    walk(machine, PHOTOGRAPH)
    with_photograph(machine, "alone-photograph", ON_ITS_OWN)
    say(f"alone: no network, the clock at 2001: the verified first page after {seconds:.1f} s, and a receipt's photograph")
    return seconds
