"""The data partition: as an installer leaves it, as a power cut leaves it, and what is recorded on it.

A real disk forgets what it was not told to keep when the current goes. So QEMU logs every write, and after a cut the disk is made
of the writes up to its last flush only; what was in the disk's own cache is gone."""

import hashlib
import json
import shutil
import sqlite3
import struct
from dataclasses import dataclass

from . import KIOSK, OUT, fail, run

LABEL, SIZE, PIN = "mingbai-data", "512M", "271828"
# The log's format is that of Linux's dm-log-writes.
LOG_MAGIC, FLUSH, DISCARD = 0x6A736677736872, 1, 4


@dataclass
class Records:
    """What must never become less."""
    entries: int
    pictures: set
    lines: int
    seconds: dict
    kept: dict

    def lack(self, before):
        """What was recorded before and is not any more, as a sentence; None when nothing is."""
        if self.entries < before.entries:
            return f"{self.entries} entries, before {before.entries}"
        if before.pictures - self.pictures:
            return f"{len(before.pictures - self.pictures)} pictures are gone"
        if self.lines < before.lines:
            return f"the diary has {self.lines} lines, before {before.lines}"
        if any(self.seconds.get(key, 0) < seconds for key, seconds in before.seconds.items()):
            return f"proofs of display {self.seconds}, before {before.seconds}"
        if any(self.kept.get(name) != value for name, value in before.kept.items()):
            return f"settings, PIN or enrolment {self.kept}, before {before.kept}"
        return None


class Disk:
    """The disk that the machine runs on, its log of writes, and what is surely on it."""

    def __init__(self, office, line):
        self.sure, self.live, self.log, self.look = (OUT / f"data{end}" for end in (".ext4", "-live.ext4", ".log", "-look.ext4"))
        content = OUT / "data"
        shutil.rmtree(content, ignore_errors=True)
        kiosk = content / "kiosk"
        kiosk.mkdir(parents=True)
        asked = json.loads(run(KIOSK, "report", "--data", kiosk, "--server", office.url))
        office.enrol(asked)
        run(KIOSK, "pin", "--data", kiosk, input=f"{PIN}\n")
        (content / "kiosk.env").write_text(
            f"MINGBAI_SERVER=http://10.0.2.2:{line.port}\nMINGBAI_VKEY={office.vkey}\nMINGBAI_EVERY=15\n")
        self.sure.unlink(missing_ok=True)
        run("mkfs.ext4", "-q", "-L", LABEL, "-d", content, self.sure, SIZE)

    def plug_in(self):
        """Fresh files for the machine; what QEMU is to be told of them."""
        copy(self.sure, self.live)
        self.log.write_bytes(b"")
        return ["-blockdev", f"driver=file,filename={self.live},node-name=live",
                "-blockdev", f"driver=file,filename={self.log},node-name=log",
                "-blockdev", "driver=blklogwrites,node-name=data,file=live,log=log",
                "-device", "virtio-blk-pci,drive=data"]

    def was_switched_off(self):
        """The machine ended as it should: everything is on the disk."""
        self.live.replace(self.sure)

    def was_cut(self):
        """The current went: what was written up to the last flush is on the disk. Answers how many writes after it are not."""
        writes = list(self._writes())
        flushed = max((number for number, (_, flags, _) in enumerate(writes) if flags & FLUSH), default=0)
        with open(self.sure, "r+b") as disk:
            for at, _, data in writes[:flushed]:
                disk.seek(at)
                disk.write(data)
        return sum(1 for _, _, data in writes[flushed:] if data)

    def _writes(self):
        """Every write of the log, in order: where, flags, bytes."""
        with open(self.log, "rb") as log:
            magic, version, _, unit = struct.unpack("<QQQI", log.read(28))
            if (magic, version) != (LOG_MAGIC, 1):
                fail("QEMU's log of writes is not understood")
            log.seek(unit)
            while len(head := log.read(unit)) == unit:
                sector, sectors, flags, _ = struct.unpack("<QQQQ", head[:32])
                length = 0 if flags & DISCARD else sectors * unit
                data = log.read(length)
                # Cut while the log itself was written: the machine was not told that this was done.
                if not (sectors or flags) or len(data) < length:
                    return
                yield sector * unit, flags, data

    def records(self, office):
        """What is recorded on the disk, as the next start will find it. The file system has to be whole, each picture what its
        name says, and both databases sound."""
        copy(self.sure, self.look)
        run("e2fsck", "-E", "journal_only", "-p", self.look)
        run("e2fsck", "-fn", self.look)
        out = OUT / "look"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        run("debugfs", "-R", f"rdump /kiosk {out}", self.look)
        kiosk = out / "kiosk"
        pictures = {file for file in (kiosk / "blob").glob("*") if not file.suffix} if (kiosk / "blob").exists() else set()
        for file in pictures:
            if hashlib.sha256(file.read_bytes()).hexdigest() != file.name:
                fail(f"picture {file.name} is damaged")
        entries = ask(kiosk / "kiosk.db", "SELECT size FROM head")
        drawer = kiosk / "fleet.db"
        return Records(
            entries=entries[0][0] if entries else 0,
            pictures={file.name for file in pictures},
            lines=ask(drawer, "SELECT ifnull(max(id), 0) FROM diary")[0][0],
            seconds=proofs(drawer, office),
            kept=dict(ask(drawer, "SELECT name, value FROM kept WHERE name IN ('enrolment', 'pin') OR name LIKE 'set%'")))

    def diary(self):
        """The words of the diary, as it was when the records were looked at."""
        diary = run(KIOSK, "diary", "--json", "--data", OUT / "look/kiosk")
        return [json.loads(line)["event"] for line in diary.splitlines()]


def proofs(drawer, office):
    """Seconds that each bulletin was shown, as office and kiosk know together. A line that was told is in both."""
    days = {}
    for bulletin, day, run_, millis in ask(drawer, "SELECT bulletin, date(day * 86400, 'unixepoch'), run, millis FROM shown"):
        settled, waiting = days.get((bulletin, day), (0, 0))
        days[bulletin, day] = (settled + millis // 1000, waiting) if run_ == 0 else (settled, waiting + millis // 1000)
    for key, seconds in office.seconds_shown().items():
        settled, waiting = days.get(key, (0, 0))
        days[key] = (max(settled, seconds), waiting)
    by_bulletin = {}
    for (bulletin, _), (settled, waiting) in days.items():
        by_bulletin[bulletin] = by_bulletin.get(bulletin, 0) + settled + waiting
    return by_bulletin


def ask(file, sql):
    """Asks a database that has to be sound; nothing when it is not there yet."""
    if not file.exists():
        return []
    with sqlite3.connect(file) as base:
        if base.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            fail(f"{file.name} is damaged")
        return base.execute(sql).fetchall()


def copy(source, target):
    run("cp", "--sparse=always", source, target)
