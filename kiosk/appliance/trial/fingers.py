"""Fingers on the screen: a pinch on a receipt's photograph, the hidden way to the settings, and a picture that stands on end."""

from . import fail, say, until
from .disk import PIN
from .pages import NO_CODE, ON_ITS_OWN, PHOTOGRAPH, PORTRAIT_DOOR, PORTRAIT_VILLAGE, VILLAGE, arrive, follow, go_home, walk, with_photograph
from .picture import magnification

# How far around the photograph's middle it is looked, and how far apart the fingers are at first and at last.
AROUND, CLOSE, APART = (600, 400), 240, 720
# A finger is noticed after some pixels only, so the picture grows a little less than the fingers move apart.
GROWN = (0.85 * APART / CLOSE, 1.03 * APART / CLOSE)
# How like the picture before, made so much larger, the grown one is at least (1: the same).
LIKE = 0.5
# On the hidden pages: the corner, the keys of the PIN, what lies below them, and the settings.
CORNER = (90, 60)
KEYS = {str(digit): (720 + (digit - 1) % 3 * 240, 414 + (digit - 1) // 3 * 152) for digit in range(1, 10)} | {"0": (960, 870)}
ENTER, FURTHER_DOWN, TURN, DONE = (1200, 870), (1832, 884), (1633, 497), (1430, 1008)


def pinch(machine):
    """Opens a receipt's photograph and pinches it: what was there has to be there again, so many times larger."""
    walk(machine, PHOTOGRAPH)
    before = with_photograph(machine, "photograph", ON_ITS_OWN)
    machine.pinch(*ON_ITS_OWN, CLOSE, APART)
    after = arrive(machine, "pinched", before.address(), before)
    times, like, before_like = magnification(before, after, ON_ITS_OWN, AROUND)
    found = f"{times:.2f} times as large with fingers {APART / CLOSE:.1f} times as far apart (likeness {like:.2f}, {before_like:.2f} if it had not grown)"
    if not GROWN[0] < times < GROWN[1] or like < LIKE:
        fail(f"the pinch made the photograph {found}")
    say(f"pinched: the photograph is {found}")
    return times


def turn(machine):
    """Somebody who looks after the kiosk turns its picture: five taps in the corner, the PIN, the settings. The program begins
    anew, on end; a finger's touch has to be turned as the picture is."""
    home = go_home(machine)
    for _ in range(5):
        machine.tap(*CORNER, seconds=0.1)
    page = arrive(machine, "pin", NO_CODE, home)
    taps = [("pin-typed", KEYS[digit]) for digit in PIN]
    taps += [("settings", ENTER), ("settings-below", FURTHER_DOWN), ("settings-turned", TURN)]
    for name, place in taps:
        page = follow(machine, name, place, NO_CODE, page, least=0)
    machine.tap(*DONE)
    machine.turned = True
    stands(machine)


def stands(machine):
    """The picture stands on end, and a finger finds the first door."""
    home = arrive(machine, "turned", "/")
    if home.width > home.height:
        fail("the picture was not turned")
    villages = follow(machine, "turned-villages", PORTRAIT_DOOR, "/", home)
    follow(machine, "turned-village", PORTRAIT_VILLAGE, VILLAGE, villages)
    say("turned: the picture stands on end, and a finger arrives where it points")
