"""Where fingers go, on the sample township's pages: each step's place, and the address that the code on the next page has to say.
The places are those of a display of 1920 by 1080 that lies, and of one that stands."""

import re
import time

from . import OUT, PATIENCE, say, until

# The hidden pages have no code.
NO_CODE = ""
VILLAGE, MONTH, RECEIPT = r"/v/\d{12}", r"/v/\d{12}/\d{4}-\d\d", r"/r/\d+"
# From the first page to a receipt's photograph.
PHOTOGRAPH = [("villages", (740, 360), "/"), ("village", (290, 340), VILLAGE), ("month", (1180, 290), MONTH),
              ("receipt", (408, 363), RECEIPT), ("photograph", (1142, 650), RECEIPT)]
# Where the photograph is on the receipt's page, and on its own.
ON_RECEIPT, ON_ITS_OWN = (430, 611), (800, 611)
BULLETIN = [("bulletins", (400, 640), r"/b\?column=\w+"), ("bulletin", (700, 380), r"/b/\d+")]
# The first door and the first village where the picture stands on end.
PORTRAIT_DOOR, PORTRAIT_VILLAGE = (540, 400), (270, 400)
HOME = (1831, 1001)
# Share of a page that changes at least when another one is opened.
TURNED_PAGE = 0.01
# How much of the first page may look otherwise than before: a count, a time.
HOME_MAY_DIFFER = 0.05
# Seconds after which a tap that led nowhere was lost.
LOST_SECONDS = 12
# Different greys among some hundred places on a photograph, at least.
TONES = 20


def arrive(machine, name, address, before=None, least=TURNED_PAGE, patience=PATIENCE):
    """The page with this address (whichever it is if None), when it has come to rest and more than a share of `least` of it is
    other than `before`."""
    page = until(f"{name}, whose address is {address}", rested(machine, address, before, least), patience)
    page.write(OUT / f"{name}.png")
    return page


def rested(machine, address, before, least):
    """Asked again and again: such a page, once it stands still."""
    last = None

    def there():
        nonlocal last
        page, earlier = machine.screen(), last
        last = page
        return (earlier and page.pixels == earlier.pixels and page.is_drawn()
                and (before is None or page.difference(before) > least)
                and (address is None or re.fullmatch(address, page.address() or "")) and page)

    return there


def with_photograph(machine, name, place):
    """The same page, once the photograph around a place is there: many tones, where a ground with words on it has few."""
    x, y = place

    def shown():
        page = machine.screen()
        greys = [page.grey(x + dx, y + dy, 3) for dx in range(-200, 201, 40) for dy in range(-200, 201, 40)]
        return len({round(grey) for grey in greys}) > TONES and page

    until(f"the photograph on {name}", shown)
    return arrive(machine, name, None)


def go_home(machine):
    """The first page, wherever the screen stands."""
    machine.tap(*HOME)
    return arrive(machine, "home", "/")


def walk(machine, way):
    """Taps from page to page, beginning at home; answers the last one."""
    page = go_home(machine)
    for name, place, address in way:
        page = follow(machine, name, place, address, page)
    return page


def follow(machine, name, place, address, page, least=TURNED_PAGE):
    """Taps, and once more where nothing came of it, as people do: a page that is filled anew under the finger loses the touch,
    and an emulated machine is slow enough for that to happen. What changes on a page that stays is no answer to a tap."""
    machine.tap(*place)
    there, began = rested(machine, address, page, least), time.monotonic()
    while time.monotonic() - began < LOST_SECONDS:
        if there():
            return arrive(machine, name, address, page, least)
        time.sleep(0.1)
    if address is None or machine.screen().address() == page.address():
        machine.taps_lost += 1
        say(f"a tap on {place} was lost on the way to {name}")
        machine.tap(*place)
    return arrive(machine, name, address, page, least)
