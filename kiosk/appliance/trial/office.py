"""The sample township's server, and the people of its office: one enrols the screen, two publish what a sync is to bring."""

import http.cookiejar
import html
import os
import re
import sqlite3
import subprocess
import urllib.parse
import urllib.request

from . import PROGRAMS, fail, run

# The sample's column of notices.
COLUMN = "tongzhi"


class Person:
    """Somebody of the office, signed in."""

    def __init__(self, url, login, password):
        self.url = url
        self.agent = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self.page("/office/login", [("login", login), ("password", password)])

    def page(self, path, form=None):
        data = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self.url + path, data, {"Origin": self.url})
        return self.agent.open(request).read().decode()

    def submit(self, page, path, form):
        """Sends a form with the token that this page holds."""
        return self.page(path, [*form, ("token", values(page, "token")[0])])


def values(page, name):
    """The values of a page's inputs with this name."""
    tags = (tag for tag in re.findall(r"<input[^>]*>", page) if f'name="{name}"' in tag)
    return [html.unescape(found.group(1)) for found in (re.search(r'value="([^"]*)"', tag) for tag in tags) if found]


class Office:
    """Made once and kept; the server runs until closed."""

    def __init__(self, folder, receipts):
        self.folder = folder
        if not (folder / "finished").exists():
            demo = [PROGRAMS / "mingbai-demo", "--once", "--data", folder, "--receipts", str(receipts), "--listen", "127.0.0.1:0"]
            with open(folder.with_suffix(".log"), "w") as log:
                subprocess.run(demo, stdout=log, stderr=log)
        if not (folder / "finished").exists():
            fail(f"the sample township was not finished, see {folder.with_suffix('.log')}")
        self.data = folder / "server"
        self.vkey = run(PROGRAMS / "mingbai-server", "vkey", "--data", self.data).strip()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MINGBAI_")}
        self.server = subprocess.Popen(
            [str(PROGRAMS / "mingbai-server"), "serve", "--data", str(self.data), "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
        self.url = re.search(r"http://[\d.:]+", self.server.stdout.readline()).group()
        self.kiosk = None

    def close(self):
        # Not asked to end: it would wait for whoever is still connected.
        self.server.kill()
        self.server.wait()

    def person(self, login):
        return Person(self.url, login, (self.folder / "password").read_text().strip())

    def enrol(self, asked):
        """Somebody of the office types the code that the kiosk shows, and compares the check digits."""
        admin = self.person("admin")
        confirm = admin.submit(admin.page("/office/kiosks"), "/office/kiosks/code", [("code", asked["code"])])
        if asked["check"] not in confirm:
            fail("the office shows other check digits than the kiosk")
        village = re.search(r'<option value="(\d{12})"', confirm).group(1)
        form = [("id", asked["id"]), ("same", "yes"), ("name", "文化广场"), ("village", village)]
        admin.submit(confirm, "/office/kiosks/enrol", form)
        self.kiosk = asked["id"]

    def publish(self, title, body):
        """A bulletin: one writes it, another publishes it."""
        editor, reviewer, bulletins = self.person("editor"), self.person("reviewer"), "/office/bulletins"
        draft = editor.submit(editor.page(bulletins), bulletins, [("column", COLUMN)])
        number = re.search(r'action="/office/bulletins/([^/"]+)/', draft).group(1)
        form = [("version", values(draft, "version")[0]), ("column", COLUMN), ("title", title), ("body", body), ("openness", "open")]
        editor.submit(draft, f"{bulletins}/{number}/send", form)
        work = reviewer.page("/office")
        groups = [html.unescape(link) for link in re.findall(r'href="(/office/group[^"]*)"', work)]
        ids = sorted({one for group in groups for one in values(reviewer.page(group), "id")})
        reviewer.submit(work, "/office/publish", [("id", one) for one in ids])

    def entries(self):
        """Entries of the log."""
        return int((self.data / "public/checkpoint").read_text().split("\n")[1])

    def pictures(self):
        """The names of all pictures that are published."""
        return {file.name for file in (self.folder / "kiosk/blob").iterdir() if not file.suffix}

    def ask(self, sql):
        with sqlite3.connect(f"file:{self.data / 'mingbai.db'}?mode=ro", uri=True) as base:
            return base.execute(sql, [self.kiosk]).fetchall()

    def report(self):
        """The newest report of the screen: number, entries held, how they stand to the log."""
        rows = self.ask("SELECT number, ifnull(size, 0), held FROM kiosk_report WHERE kiosk = ?")
        return rows[0] if rows else (0, 0, None)

    def seconds_shown(self):
        """Proofs of display that arrived: seconds by bulletin and day."""
        return {(n, day): seconds for n, day, seconds in
                self.ask("SELECT n, day, seconds FROM kiosk_display WHERE kiosk = ?")}
