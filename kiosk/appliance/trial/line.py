"""The slow line from the station to the office. It knows which answers are under way, byte by byte."""

import re
import select
import socket
import threading
import time

# Bytes a second: so that a sync lasts, and so that it may end.
SLOW, QUICK = 12 * 1024, 8 * 1024 * 1024
# An answer is under way when some of it was carried within so many seconds.
JUST_NOW = 1.0
PIECE_BYTES = 2048
# What a sync asks for, by how the path begins.
PICTURES, TEXT = ("/blob/",), ("/checkpoint", "/tile/", "/content/")


class Answer:
    """What the office answers to one question of the kiosk, as far as it was carried."""

    def __init__(self, path):
        self.path, self.length, self.came, self.at = path, None, 0, 0.0

    def take(self, piece):
        if self.length is None:
            head, _, body = piece.partition(b"\r\n\r\n")
            said = re.search(rb"(?i)content-length: *(\d+)", head)
            self.length, self.came = int(said.group(1)) if said else 0, len(body)
        else:
            self.came += len(piece)
        self.at = time.monotonic()

    def is_under_way(self):
        """Begun, moving just now, and not over."""
        return self.length is not None and self.came < self.length and time.monotonic() - self.at < JUST_NOW

    def __str__(self):
        return f"{self.path[:22]}: {self.came:,} of {self.length:,} bytes"


class Line:
    """Carries whatever the kiosk asks to the office's server, and the answers back, as slowly as it is told."""

    def __init__(self, target):
        self.target, self.carried, self.speed = target, 0, SLOW
        self.answers = {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.turn = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def under_way(self, kinds):
        """An answer of these kinds that is just being carried, or None."""
        for answer in list(self.answers.values()):
            if answer.path.startswith(kinds) and answer.is_under_way():
                return answer
        return None

    def rests(self, seconds):
        """Whether nothing to speak of is carried for so long."""
        before = self.carried
        time.sleep(seconds)
        return self.carried - before < 20_000

    def _accept(self):
        while True:
            near, _ = self.listener.accept()
            try:
                far = socket.create_connection(self.target)
            except OSError:
                near.close()
                continue
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near, far):
        try:
            while True:
                ready, _, _ = select.select([near, far], [], [], 600)
                if not ready:
                    return
                for end in ready:
                    piece = end.recv(PIECE_BYTES)
                    if not piece:
                        return
                    if end is near:
                        self._ask(near, piece)
                        far.sendall(piece)
                    else:
                        self._answer(near, piece)
                        near.sendall(piece)
        except OSError:
            pass
        finally:
            self.answers.pop(near, None)
            near.close()
            far.close()

    def _ask(self, near, piece):
        asked = re.match(rb"(GET|POST) (\S+) HTTP", piece)
        if asked:
            self.answers[near] = Answer(asked.group(2).decode())

    def _answer(self, near, piece):
        # One line for everybody: whoever sends holds it for as long as it takes.
        with self.turn:
            time.sleep(len(piece) / self.speed)
            self.carried += len(piece)
        answer = self.answers.get(near)
        if answer:
            answer.take(piece)
