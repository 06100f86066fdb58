"""The trial of the kiosk's image: what `run.py` does to it, a file a thing. Standard library only."""

import subprocess
import time
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent.parent.parent
IMAGE = HOUSE / "target/appliance"
OUT = HOUSE / "target/tmp/appliance"
PROGRAMS = HOUSE / "target/release"
# Its commands need no screen, so the one of the image serves here too.
KIOSK = HOUSE / "target/kms/release/mingbai-kiosk"
# Emulated, and perhaps beside other work: seconds that anything may take.
PATIENCE = 240


def fail(why):
    raise SystemExit(f"appliance: {why}")


def say(what):
    print(what, flush=True)


def until(what, condition, patience=PATIENCE, pause=0.2):
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
    """What a command printed; it has to succeed."""
    done = subprocess.run([str(part) for part in command], text=True, capture_output=True, **options)
    if done.returncode != 0:
        fail(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
