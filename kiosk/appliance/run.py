#!/usr/bin/env python3
"""Boots the kiosk's image in a virtual machine, touches it, pulls its plug in the middle of syncs, and looks whether a verified
screen and everything that was recorded is there again. Needs what build.sh made, `make build`, and the packages of
`make packages-appliance`. Pictures lie in target/tmp/appliance/. One line a finding; exit status 1 at the first that is wrong."""

import argparse
import http.cookiejar
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
import zlib
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent.parent
IMAGE = HOUSE / "target/appliance"
OUT = HOUSE / "target/tmp/appliance"
PROGRAMS = HOUSE / "target/release"
# Its commands need no screen, so the one of the image serves here too.
KIOSK = HOUSE / "target/kms/release/mingbai-kiosk"
WIDTH, HEIGHT = 1920, 1080
# Emulated, and perhaps beside other work: seconds that anything may take.
PATIENCE = 240
# Bytes a second that the station's link carries, so that a sync lasts; and once it may end.
SLOW, QUICK = 48 * 1024, 8 * 1024 * 1024
ABSOLUTE = 0x7FFF


def fail(why):
    raise SystemExit(f"appliance: {why}")


def until(what, condition, patience=PATIENCE, pause=0.25):
    """The first true answer of a condition that is asked again and again."""
    start = time.monotonic()
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() - start > patience:
            fail(f"waited {patience} s for {what}")
        time.sleep(pause)


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, text=True, capture_output=True, **options).stdout


class Link:
    """A slow line from the station to the office that can be told how much it carried."""

    def __init__(self, target):
        self.target, self.carried, self.speed = target, 0, SLOW
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            try:
                far = socket.create_connection(self.target)
            except OSError:
                near.close()
                continue
            threading.Thread(target=self.carry, args=(near, far), daemon=True).start()

    def carry(self, near, far):
        try:
            while True:
                ready, _, _ = select.select([near, far], [], [], 600)
                if not ready:
                    return
                for end, other in ((near, far), (far, near)):
                    if end not in ready:
                        continue
                    data = end.recv(8192)
                    if not data:
                        return
                    if end is far:
                        # One line for everybody: whoever sends holds it for as long as it takes.
                        with self.lock:
                            time.sleep(len(data) / self.speed)
                            self.carried += len(data)
                    other.sendall(data)
        except OSError:
            pass
        finally:
            near.close()
            far.close()


class Office:
    """The sample township's server, and somebody of the office who enrols the screen."""

    def __init__(self, folder, receipts):
        self.folder = folder
        if not (folder / "finished").exists():
            # It also draws pictures of every screen, which are not asked for here.
            demo = [PROGRAMS / "mingbai-demo", "--once", "--data", folder, "--receipts", str(receipts), "--listen", "127.0.0.1:0"]
            subprocess.run(demo, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not (folder / "finished").exists():
            fail("the sample township was not finished: run mingbai-demo --once")
        self.data = folder / "server"
        self.vkey = run(PROGRAMS / "mingbai-server", "vkey", "--data", self.data).strip()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MINGBAI_")}
        self.server = subprocess.Popen(
            [str(PROGRAMS / "mingbai-server"), "serve", "--data", str(self.data), "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
        line = self.server.stdout.readline()
        self.url = re.search(r"http://[\d.:]+", line).group()
        self.agent = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def close(self):
        self.server.terminate()
        self.server.wait()

    def page(self, path, form=None):
        data = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self.url + path, data, {"Origin": self.url})
        return self.agent.open(request).read().decode()

    def enrol(self, asked):
        password = (self.folder / "password").read_text().strip()
        self.page("/office/login", {"login": "admin", "password": password})
        listed = self.page("/office/kiosks")
        token = re.search(r'name="token" value="([^"]+)"', listed).group(1)
        confirm = self.page("/office/kiosks/code", {"token": token, "code": asked["code"]})
        if asked["check"] not in confirm:
            fail("the office shows other check digits")
        village = re.search(r'<option value="(\d{12})"', confirm).group(1)
        token = re.search(r'name="token" value="([^"]+)"', confirm).group(1)
        form = {"token": token, "id": asked["id"], "same": "yes", "name": "文化广场", "village": village}
        self.page("/office/kiosks/enrol", form)
        self.kiosk = asked["id"]

    def ask(self, sql):
        with sqlite3.connect(f"file:{self.data / 'mingbai.db'}?mode=ro", uri=True) as base:
            return base.execute(sql, [self.kiosk]).fetchone()

    def report(self):
        """The newest report of the screen: number, screen, entries held, how they stand to the log."""
        row = self.ask("SELECT number, screen, size, held FROM kiosk_report WHERE kiosk = ?")
        return row or (0, None, 0, None)

    def seconds_shown(self):
        return self.ask("SELECT ifnull(sum(seconds), 0) FROM kiosk_display WHERE kiosk = ?")[0]


class Machine:
    """The kiosk's machine: its image, its data disk, its screen and its fingers."""

    def __init__(self, disk):
        self.disk = disk
        self.socket = OUT / "qmp.sock"
        self.fingers = "virtio-multitouch-pci" in run("qemu-system-x86_64", "-M", "q35", "-device", "help")
        self.switch_on()

    def switch_on(self):
        self.socket.unlink(missing_ok=True)
        self.started = time.monotonic()
        command = ["nice", "qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "Nehalem", "-smp", "2",
                   "-m", "1024", "-nodefaults", "-display", "none",
                   "-kernel", IMAGE / "vmlinuz", "-initrd", IMAGE / "initrd.zst",
                   "-append", "console=ttyS0 quiet edd=off panic=-1 mitigations=off vt.global_cursor_default=0",
                   "-drive", f"file={IMAGE / 'root.sqfs'},format=raw,if=virtio,readonly=on",
                   "-drive", f"file={self.disk},format=raw,if=virtio,cache=writeback",
                   "-device", f"virtio-gpu-pci,xres={WIDTH},yres={HEIGHT}", "-device", "virtio-tablet-pci",
                   *(["-device", "virtio-multitouch-pci"] if self.fingers else []),
                   "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net",
                   "-serial", f"file:{OUT / 'serial.log'}", "-qmp", f"unix:{self.socket},server=on,wait=off"]
        self.process = subprocess.Popen([str(part) for part in command], start_new_session=True)
        until("QEMU", self.socket.exists)
        self.wire = socket.socket(socket.AF_UNIX)
        self.wire.connect(str(self.socket))
        self.lines = self.wire.makefile("r")
        self.lines.readline()
        self.say("qmp_capabilities")

    def say(self, what, **arguments):
        self.wire.sendall((json.dumps({"execute": what, "arguments": arguments}) + "\n").encode())
        while True:
            line = self.lines.readline()
            if not line:
                fail("QEMU hung up")
            answer = json.loads(line)
            if "error" in answer:
                fail(f"QEMU refused {what}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def screen(self, name=None):
        """What is on the screen, as a file's PNG if it has a name, and as its pixels."""
        raw = OUT / "screen.ppm"
        self.say("screendump", filename=str(raw))
        picture = Picture(raw.read_bytes())
        if name:
            picture.write(OUT / f"{name}.png")
        return picture

    def events(self, *events):
        self.say("input-send-event", events=list(events))

    def tap(self, x, y):
        self.events(axis("x", x / WIDTH), axis("y", y / HEIGHT))
        # An emulated machine is slow to look: a finger takes its time.
        time.sleep(0.3)
        self.events(button(True))
        time.sleep(0.3)
        self.events(button(False))

    def pinch(self, x, y, apart_from, apart_to, steps=24):
        """Two fingers beside each other around a place, going apart or together."""
        for finger in (0, 1):
            self.touch("begin", finger)
        for step in range(steps + 1):
            apart = apart_from + (apart_to - apart_from) * step / steps
            for finger, side in ((0, -1), (1, 1)):
                self.move(finger, (x + side * apart / 2) / WIDTH, y / HEIGHT)
            time.sleep(0.03)
        for finger in (0, 1):
            self.touch("end", finger)

    def touch(self, kind, finger):
        self.events({"type": "mtt", "data": {"type": kind, "slot": finger, "tracking-id": finger, "axis": "x", "value": 0}})

    def move(self, finger, x, y):
        value = {"x": int(x * ABSOLUTE), "y": int(y * ABSOLUTE)}
        self.events(*({"type": "mtt", "data": {"type": "data", "slot": finger, "tracking-id": finger, "axis": on,
                                               "value": value[on]}} for on in ("x", "y")))

    def pull_the_plug(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def power_off(self):
        self.say("system_powerdown")
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.pull_the_plug()
            fail("it did not power off")


def axis(name, share):
    return {"type": "abs", "data": {"axis": name, "value": int(share * ABSOLUTE)}}


def button(down):
    return {"type": "btn", "data": {"button": "left", "down": down}}


class Picture:
    """A screen, pixel by pixel."""

    def __init__(self, ppm):
        magic, size, _, self.pixels = ppm.split(b"\n", 3)
        if magic != b"P6":
            fail("not a picture")
        self.width, self.height = map(int, size.split())

    def is_drawn(self):
        """Not one colour, and none of a console's: pages are mostly paper, with ink on it."""
        if (self.width, self.height) != (WIDTH, HEIGHT):
            return False
        sample = [self.pixels[at:at + 3] for at in range(0, len(self.pixels) - 3, 3 * 997)]
        light = sum(1 for pixel in sample if min(pixel) > 150)
        return light > len(sample) // 3 and len(set(sample)) > 8

    def difference(self, other):
        """The share of places at which two screens differ visibly."""
        places = range(0, min(len(self.pixels), len(other.pixels)) - 3, 3 * 101)
        differ = sum(1 for at in places if any(abs(a - b) > 24 for a, b in
                                              zip(self.pixels[at:at + 3], other.pixels[at:at + 3])))
        return differ / len(places)

    def write(self, file):
        def chunk(kind, data):
            return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        line = self.width * 3
        rows = b"".join(b"\0" + self.pixels[row * line:(row + 1) * line] for row in range(self.height))
        head = self.width.to_bytes(4, "big") + self.height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
        file.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 3)) + chunk(b"IEND", b""))


def data_disk(office, link):
    """The data partition as an installer leaves it: where the office is, its key, the PIN, and an enrolled kiosk."""
    content = OUT / "data"
    shutil.rmtree(content, ignore_errors=True)
    kiosk = content / "kiosk"
    kiosk.mkdir(parents=True)
    asked = json.loads(run(KIOSK, "report", "--data", kiosk, "--server", office.url))
    office.enrol(asked)
    run(KIOSK, "pin", "--data", kiosk, input="271828\n")
    (content / "kiosk.env").write_text(
        f"MINGBAI_SERVER=http://10.0.2.2:{link.port}\nMINGBAI_VKEY={office.vkey}\nMINGBAI_EVERY=5\n")
    disk = OUT / "data.ext4"
    disk.unlink(missing_ok=True)
    run("mkfs.ext4", "-q", "-L", "mingbai-data", "-d", content, disk, "512M")
    return disk


def first_boot(machine, office):
    drawn = until("the first page", lambda: (lambda s: s if s.is_drawn() else None)(machine.screen()))
    print(f"first page after {time.monotonic() - machine.started:.1f} s", flush=True)
    drawn.write(OUT / "first.png")
    until("the first report that holds something", lambda: office.report()[2])
    print(f"first report after {time.monotonic() - machine.started:.1f} s: {office.report()}", flush=True)
    until("what was verified on the screen", lambda: machine.screen("home").difference(drawn) > 0.02)
    return machine.screen("home")


# Where a finger finds its way from the first page to a receipt's photograph, and home.
WAY = [("villages", 800, 360), ("village", 220, 320), ("month", 1185, 275), ("receipt", 413, 366), ("picture", 1143, 217)]
PHOTOGRAPH, HOME = (800, 617), (1832, 1010)


def touch(machine, link):
    """Taps from page to page, pinches the photograph, and goes home. Every touch has to change what is on the screen."""
    def quiet():
        before = link.carried
        time.sleep(6)
        return link.carried - before < 20_000
    until("the sync to end", quiet)
    machine.tap(*HOME)
    time.sleep(3)
    for name, x, y in WAY:
        before = machine.screen()
        machine.tap(x, y)
        until(f"the screen to change at {name}", lambda: machine.screen(name).difference(before) > 0.01, 60)
        print(f"touched {name}", flush=True)
        time.sleep(2)
    if machine.fingers:
        before = machine.screen("before-pinch")
        machine.pinch(*PHOTOGRAPH, 200, 900)
        until("the pinch", lambda: machine.screen("pinched").difference(before) > 0.05, 60)
        print("pinched", flush=True)
    machine.tap(*HOME)
    until("the way home", lambda: machine.screen("home-again").difference(before) > 0.05, 60)


def pulled_plugs(machine, office, link, home, times):
    """Pulls the plug in the middle of syncs, and looks each time what is there again."""
    number, _, size, _ = office.report()
    shown = office.seconds_shown()
    for turn in range(1, times + 1):
        carried = link.carried
        until("a sync", lambda: link.carried > carried + 20_000)
        time.sleep(random.uniform(0, 4))
        machine.pull_the_plug()
        machine.switch_on()
        until("a page", lambda: machine.screen().is_drawn())
        drawn = time.monotonic() - machine.started
        page = machine.screen(f"plug-{turn:02}")
        if page.difference(home) > 0.25:
            fail(f"after plug {turn} another page than home, see plug-{turn:02}.png")
        reported = until("a report", lambda: (lambda r: r if r[0] > number else None)(office.report()))
        if reported[2] < size or reported[3] != "ours":
            fail(f"after plug {turn} the screen holds {reported}, before it held {size} entries")
        if office.seconds_shown() < shown:
            fail("what was shown became less")
        number, size, shown = reported[0], reported[2], office.seconds_shown()
        print(f"plug {turn}: page after {drawn:.1f} s, report {number}, {size} entries", flush=True)


def look_inside(disk, times):
    """The data disk when all is over: whole, and the diary knows of every plug."""
    run("e2fsck", "-fn", disk)
    out = OUT / "after"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    run("debugfs", "-R", f"rdump /kiosk {out}", disk)
    kiosk = out / "kiosk"
    for name in ("kiosk.db", "fleet.db"):
        with sqlite3.connect(kiosk / name) as base:
            if base.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                fail(f"{name} is damaged")
    diary = run(KIOSK, "diary", "--json", "--data", kiosk)
    events = [json.loads(line)["event"] for line in diary.splitlines()]
    if events.count("restarted") != times or "stopped" not in events:
        fail(f"the diary knows of {events.count('restarted')} plugs: {events[-30:]}")
    pictures = [file for file in (kiosk / "blob").rglob("*") if file.is_file()]
    print(f"data disk whole; diary with {times} plugs; {len(pictures)} pictures", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugs", type=int, default=20, help="how often the plug is pulled")
    parser.add_argument("--receipts", type=int, default=60, help="receipts of the sample township")
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    office = Office(IMAGE / "town", options.receipts)
    link = Link(("127.0.0.1", int(office.url.rsplit(":", 1)[1])))
    machine = None
    try:
        disk = data_disk(office, link)
        machine = Machine(disk)
        home = first_boot(machine, office)
        pulled_plugs(machine, office, link, home, options.plugs)
        link.speed = QUICK
        touch(machine, link)
        machine.power_off()
        machine = None
        look_inside(disk, options.plugs)
    finally:
        if machine and machine.process.poll() is None:
            machine.pull_the_plug()
        office.close()
    print("appliance: all well")


if __name__ == "__main__":
    sys.exit(main())
