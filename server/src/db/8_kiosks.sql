-- Screens that show a code and wait for somebody to enrol them.
CREATE TABLE kiosk_asking (
    id      TEXT    PRIMARY KEY,            -- SHA-256 (hex) of the key's text
    vkey    TEXT    NOT NULL,               -- C2SP vkey
    app     TEXT    NOT NULL,               -- version of its program
    code    TEXT    NOT NULL UNIQUE,        -- 8 characters
    expires INTEGER NOT NULL                -- Unix seconds
) STRICT, WITHOUT ROWID;

-- Wrong codes by login, until `until`.
CREATE TABLE kiosk_guess (
    login TEXT    PRIMARY KEY COLLATE NOCASE,
    wrong INTEGER NOT NULL,
    until INTEGER NOT NULL                  -- Unix seconds
) STRICT, WITHOUT ROWID;

-- Every kiosk that was ever enrolled.
CREATE TABLE kiosk (
    id       TEXT    PRIMARY KEY,           -- SHA-256 (hex) of the key's text
    vkey     TEXT    NOT NULL,              -- C2SP vkey
    name     TEXT    NOT NULL,
    village  TEXT    NOT NULL,              -- 12-digit code; the township's own: its hall
    enrolled INTEGER NOT NULL,              -- Unix seconds
    revoked  INTEGER                        -- Unix seconds
) STRICT, WITHOUT ROWID;

-- The newest report of each.
CREATE TABLE kiosk_report (
    kiosk      TEXT    PRIMARY KEY REFERENCES kiosk (id),
    number     INTEGER NOT NULL,            -- its own count: every report has a larger one
    received   INTEGER NOT NULL,            -- Unix seconds
    skew       INTEGER NOT NULL,            -- seconds that its clock is ahead of ours
    app        TEXT    NOT NULL,
    screen     TEXT    NOT NULL,
    free       INTEGER NOT NULL,            -- bytes
    total      INTEGER NOT NULL,            -- bytes
    belief     INTEGER,                     -- seconds that it believes its clock to be ahead
    synced     TEXT,                        -- RFC 3339, by its clock
    error      TEXT,
    size       INTEGER,                     -- entries under the checkpoint that it holds
    held       TEXT CHECK (held IN ('ours', 'ahead', 'forked', 'foreign')),
    checkpoint TEXT,                        -- signed note
    CHECK ((size IS NULL) = (held IS NULL OR held = 'foreign'))
) STRICT, WITHOUT ROWID;

-- A line a day: whether it was heard of, and how it was.
CREATE TABLE kiosk_day (
    kiosk   TEXT    NOT NULL REFERENCES kiosk (id),
    day     TEXT    NOT NULL,               -- YYYY-MM-DD, by our clock
    reports INTEGER NOT NULL,
    skew    INTEGER NOT NULL,               -- seconds; the largest of the day
    free    INTEGER NOT NULL,               -- bytes, at last
    total   INTEGER NOT NULL,
    PRIMARY KEY (kiosk, day)
) STRICT, WITHOUT ROWID;

-- Which bulletin was on which screen, a line a day: the proof of display.
CREATE TABLE kiosk_display (
    kiosk   TEXT    NOT NULL REFERENCES kiosk (id),
    day     TEXT    NOT NULL,               -- YYYY-MM-DD, by its clock
    n       INTEGER NOT NULL,               -- log index of the bulletin
    first   TEXT    NOT NULL,               -- RFC 3339, by its clock
    last    TEXT    NOT NULL,               -- RFC 3339, by its clock
    seconds INTEGER NOT NULL CHECK (seconds >= 0),
    PRIMARY KEY (kiosk, day, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX kiosk_display_bulletin ON kiosk_display (n, kiosk, day);
