"""What is on a screen: pixels, the code that telephones read, and how much larger something became."""

import statistics
import subprocess
import zlib

from . import fail

# Levels of 255 by which two pixels differ visibly.
VISIBLE = 24


class Picture:
    """A screen, pixel by pixel."""

    def __init__(self, width, height, pixels):
        self.width, self.height, self.pixels = width, height, pixels

    @classmethod
    def read(cls, ppm):
        magic, size, _, pixels = ppm.split(b"\n", 3)
        if magic != b"P6":
            fail("not a picture")
        return cls(*map(int, size.split()), pixels)

    def is_drawn(self):
        """Not one colour, and none of a console's: pages are mostly paper, with ink on it."""
        sample = [self.pixels[at:at + 3] for at in range(0, len(self.pixels) - 3, 3 * 997)]
        light = sum(1 for pixel in sample if min(pixel) > 150)
        return light > len(sample) // 3 and len(set(sample)) > 8

    def difference(self, other):
        """The share of places at which two screens differ visibly; all of it when they are not of one size."""
        if (self.width, self.height) != (other.width, other.height):
            return 1.0
        # Not a step that lets one row's places lie beside those of the row before: small things would fall between them.
        places = range(0, len(self.pixels) - 3, 3 * 53)
        differ = sum(1 for at in places if any(abs(a - b) > VISIBLE for a, b in
                                              zip(self.pixels[at:at + 3], other.pixels[at:at + 3])))
        return differ / len(places)

    def address(self):
        """The path of the page's address, as a telephone reads it off the screen's code; None without a code."""
        read = subprocess.run(["zbarimg", "--quiet", "--nodbus", "--raw", "-Sdisable", "-Sqrcode.enable", "ppm:-"],
                              input=self.ppm(), capture_output=True)
        text = read.stdout.decode().strip()
        parts = text.split("/", 3)
        return f"/{parts[3]}" if len(parts) == 4 else None

    def turned_back(self):
        """The same picture, a quarter against the clock: as it stands for whoever looks at a display turned clockwise."""
        line = self.width * 3
        rows = (b"".join(self.pixels[row * line + at:row * line + at + 3] for row in range(self.height))
                for at in range(line - 3, -1, -3))
        return Picture(self.height, self.width, b"".join(rows))

    def grey(self, x, y, reach=6):
        """How light it is around a place: the mean of some pixels, so that one dot more or less does not count."""
        total = count = 0
        for row in range(int(y) - reach, int(y) + reach + 1, 3):
            for column in range(int(x) - reach, int(x) + reach + 1, 3):
                at = (row * self.width + column) * 3
                total += self.pixels[at] + self.pixels[at + 1] + self.pixels[at + 2]
                count += 3
        return total / count

    def ppm(self):
        return b"P6\n%d %d\n255\n" % (self.width, self.height) + self.pixels

    def write(self, file):
        def chunk(kind, data):
            return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        line = self.width * 3
        rows = b"".join(b"\0" + self.pixels[row * line:(row + 1) * line] for row in range(self.height))
        head = self.width.to_bytes(4, "big") + self.height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
        file.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 3)) + chunk(b"IEND", b""))


def magnification(before, after, centre, reach, most=9.0):
    """How many times larger `after` shows what `before` shows, around a centre that stays where it is: of all sizes up to `most`
    the one at which the two are most alike. Answers it, their likeness there (1: the same, 0: nothing in common), and what
    their likeness is without any growth. `reach`: how far to either side, and up and down, it is looked."""
    cx, cy = centre
    offsets = [(dx, dy) for dx in range(-reach[0], reach[0] + 1, 16) for dy in range(-reach[1], reach[1] + 1, 16)]
    seen = [after.grey(cx + dx, cy + dy) for dx, dy in offsets]

    def likeness(times):
        was = [before.grey(cx + dx / times, cy + dy / times, max(1, round(6 / times))) for dx, dy in offsets]
        return statistics.correlation(was, seen)

    sizes = [1.02 ** n for n in range(200) if 1.02 ** n <= most]
    best = max(sizes, key=likeness)
    return best, likeness(best), likeness(1.0)
