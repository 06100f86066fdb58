-- What a kiosk knows of itself. None of it can be fetched again.

-- Single values by name: the enrolment, the number of the newest report, settings, where the screen stood.
CREATE TABLE kept (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Proof of display, a line a bulletin a day (China Standard Time), as the clock of that run said it.
CREATE TABLE shown (
    bulletin INTEGER NOT NULL,          -- log index
    day      INTEGER NOT NULL,          -- days since 1970
    run      INTEGER NOT NULL,          -- the start in which it was seen; 0 once the office's time was known
    first    INTEGER NOT NULL,          -- milliseconds since 1970
    last     INTEGER NOT NULL,
    millis   INTEGER NOT NULL,          -- on the screen in all
    told     INTEGER NOT NULL DEFAULT 0,-- seconds of it that the office knows of
    PRIMARY KEY (day, bulletin, run)
) STRICT, WITHOUT ROWID;

-- What happened, the newest 2,000. No personal data.
CREATE TABLE diary (
    id    INTEGER PRIMARY KEY,
    at    INTEGER NOT NULL,             -- seconds since 1970, as far as the kiosk knew
    event TEXT NOT NULL,
    said  TEXT NOT NULL                 -- a word or number beside it
) STRICT;
