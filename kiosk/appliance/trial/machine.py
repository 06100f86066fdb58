"""The kiosk's machine, emulated: its image, its data disk, its screen, the fingers on it, and a console for what no finger does."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time

from . import HOUSE, IMAGE, OUT, PATIENCE, fail, run, until
from .picture import Picture

WIDTH, HEIGHT = 1920, 1080
# The largest coordinate of QEMU's touchscreen.
FAR = 0x7FFF
# What the machine is told beside its image: the console and its unit, which the shipped image has not.
CONSOLE = """[Unit]
Description=The trial's console
[Service]
ExecStart=/bin/sh
Restart=always
StandardInput=tty
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
"""
HAND_OVER = "exec /bin/busybox switch_root"


class Machine:
    """Switched on and off by the trial; `turned` when its picture stands on end, a quarter clockwise."""

    def __init__(self, disk):
        self.disk, self.turned = disk, False
        self.process = None
        self.taps = self.taps_lost = 0
        self.socket, self.second = OUT / "qmp.sock", OUT / "console.sock"

    def switch_on(self, network=True, clock="utc", console=False):
        self.turned = False
        for file in (self.socket, self.second):
            file.unlink(missing_ok=True)
        initrd = with_console() if console else IMAGE / "initrd.zst"
        command = ["nice", "qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "Nehalem", "-smp", "2",
                   "-m", "1024", "-nodefaults", "-display", "none", "-rtc", f"base={clock}",
                   "-kernel", IMAGE / "vmlinuz", "-initrd", initrd,
                   "-append", "console=ttyS0 quiet edd=off panic=-1 mitigations=off vt.global_cursor_default=0",
                   "-drive", f"file={IMAGE / 'root.sqfs'},format=raw,if=virtio,readonly=on", *self.disk.plug_in(),
                   "-device", f"virtio-gpu-pci,xres={WIDTH},yres={HEIGHT}", "-device", "virtio-multitouch-pci",
                   *(["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net"] if network else []),
                   "-serial", f"file:{OUT / 'serial.log'}",
                   *(["-serial", f"unix:{self.second},server=on,wait=off"] if console else []),
                   "-qmp", f"unix:{self.socket},server=on,wait=off"]
        self.started = time.monotonic()
        self.process = subprocess.Popen([str(part) for part in command], start_new_session=True)
        self.wire = connect(self.socket)
        self.lines = self.wire.makefile("r")
        self.lines.readline()
        self.tell("qmp_capabilities")
        self.contacts = 0
        self.console = connect(self.second) if console else None
        self.prompted = False

    def seconds_on(self):
        return time.monotonic() - self.started

    def tell(self, what, **arguments):
        """Tells QEMU, and answers what it says."""
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
        """What is on the screen, as somebody in front of it sees it; under this name also as a file."""
        raw = OUT / "screen.ppm"
        self.tell("screendump", filename=str(raw))
        picture = Picture.read(raw.read_bytes())
        if self.turned:
            picture = picture.turned_back()
        if name:
            picture.write(OUT / f"{name}.png")
        return picture

    def tap(self, x, y, seconds=0.25):
        """A finger comes down, stays for a moment and goes; an emulated machine is slow to look."""
        self.taps += 1
        finger = self.put_down(0, x, y)
        time.sleep(seconds)
        self.lift(finger)

    def pinch(self, x, y, apart_from, apart_to, steps=24):
        """Two fingers beside each other around a place, going apart or together."""
        fingers = [self.put_down(slot, x + side * apart_from / 2, y) for slot, side in ((0, -1), (1, 1))]
        for step in range(1, steps + 1):
            apart = apart_from + (apart_to - apart_from) * step / steps
            for finger, side in zip(fingers, (-1, 1)):
                self.move(finger, x + side * apart / 2, y)
            time.sleep(0.05)
        for finger in fingers:
            self.lift(finger)

    def put_down(self, slot, x, y):
        self.contacts += 1
        finger = (slot, self.contacts)
        self._touch("begin", finger, self._place(x, y))
        return finger

    def move(self, finger, x, y):
        self._touch("update", finger, self._place(x, y))

    def lift(self, finger):
        slot, _ = finger
        self._touch("end", (slot, -1), {})

    def _touch(self, kind, finger, place):
        # Where a finger is goes to the slot that was named last, so it is named each time.
        slot, contact = finger
        named = {"slot": slot, "tracking-id": contact}
        events = [{"type": kind, **named, "axis": "x", "value": 0},
                  *({"type": "data", **named, "axis": axis, "value": value} for axis, value in place.items())]
        self.tell("input-send-event", events=[{"type": "mtt", "data": event} for event in events])

    def _place(self, x, y):
        """Where on the display a place of the picture is."""
        if self.turned:
            x, y = WIDTH - 1 - y, x
        return {"x": int(x / WIDTH * FAR), "y": int(y / HEIGHT * FAR)}

    def do(self, command):
        """Runs a command on the console; answers what it printed."""
        if not self.prompted:
            self._hear(b"#")
            self.prompted = True
        # The console repeats what is typed: so the word is not typed in one.
        self.console.sendall(f"{command}; echo 'do''ne'\n".encode())
        return self._hear(b"done")

    def _hear(self, word):
        said = b""
        while word not in said:
            piece = self.console.recv(4096)
            if not piece:
                fail("the console hung up")
            said += piece
        return said.decode(errors="replace")

    def pull_the_plug(self):
        """The current goes. Answers how many writes the disk had not yet been told to keep."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return self.disk.was_cut()

    def switch_off(self):
        """The button: the system ends as it should."""
        self.tell("system_powerdown")
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            fail("it did not power off")
        self.disk.was_switched_off()

    def end(self):
        """Whatever happened, it does not go on running."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def connect(path):
    wire = socket.socket(socket.AF_UNIX)
    wire.settimeout(PATIENCE)

    def reached():
        try:
            wire.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    until("QEMU", reached)
    return wire


def with_console():
    """The shipped initramfs, but before it hands over it lays a unit for a console into the layer in memory. The image stays
    as it is; whoever can change what a machine is started with has that machine anyway."""
    file = OUT / "initrd-console"
    more = OUT / "console"
    shutil.rmtree(more, ignore_errors=True)
    units = more / "console/etc/systemd/system"
    (units / "multi-user.target.wants").mkdir(parents=True)
    (units / "trial-console.service").write_text(CONSOLE)
    (units / "multi-user.target.wants/trial-console.service").symlink_to("../trial-console.service")
    init = (HOUSE / "kiosk/appliance/init").read_text()
    if init.count(HAND_OVER) != 1:
        fail("the initramfs hands over otherwise than the trial knows")
    (more / "init").write_text(init.replace(HAND_OVER, f"/bin/busybox cp -a /console/. /root/\n{HAND_OVER}"))
    (more / "init").chmod(0o755)
    shipped = subprocess.run(["zstd", "-dcq", IMAGE / "initrd.zst"], check=True, capture_output=True).stdout
    names = "\n".join(str(path.relative_to(more)) for path in sorted(more.rglob("*")))
    ours = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=more, input=names.encode(), check=True, capture_output=True)
    file.write_bytes(shipped + ours.stdout)
    return file
