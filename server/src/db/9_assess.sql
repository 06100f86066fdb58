-- Inspections that somebody signed off, as they were then.
CREATE TABLE inspection (
    period TEXT PRIMARY KEY,                -- YYYY-MM
    body   TEXT NOT NULL,                   -- JSON (assess::Inspection)
    login  TEXT NOT NULL,
    name   TEXT NOT NULL,
    time   TEXT NOT NULL                    -- RFC 3339
) STRICT, WITHOUT ROWID;

-- Half years whose figures were frozen for an assessor: a file under frozen/.
CREATE TABLE frozen (
    half   TEXT    PRIMARY KEY,             -- 2026-1
    sha256 TEXT    NOT NULL,
    bytes  INTEGER NOT NULL,
    name   TEXT    NOT NULL,                -- of whoever froze it
    time   TEXT    NOT NULL                 -- RFC 3339
) STRICT, WITHOUT ROWID;

-- What was decided again, every November, of what is not disclosed in whole.
CREATE TABLE recheck (
    n       INTEGER NOT NULL,               -- log index
    year    INTEGER NOT NULL,
    verdict TEXT    NOT NULL CHECK (verdict IN ('keep', 'open')),
    reason  TEXT    NOT NULL,
    login   TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    time    TEXT    NOT NULL,               -- RFC 3339
    PRIMARY KEY (n, year)
) STRICT, WITHOUT ROWID;
CREATE INDEX view_item_ground ON view_item (n) WHERE ground IS NOT NULL;
