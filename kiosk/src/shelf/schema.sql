-- What was fetched and verified.

CREATE TABLE trust (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    vkey TEXT NOT NULL
) STRICT;

-- The newest checkpoint that was verified, word for word. It never becomes smaller.
CREATE TABLE head (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    checkpoint BLOB NOT NULL,
    size       INTEGER NOT NULL CHECK (size >= 0),
    root       BLOB NOT NULL CHECK (length(root) = 32),
    etag       TEXT
) STRICT;

CREATE TABLE entry (
    id    INTEGER PRIMARY KEY,          -- log index
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE content (
    id    INTEGER PRIMARY KEY,          -- log index of the statement that commits to it
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE checked (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at  TEXT NOT NULL
) STRICT;

CREATE TABLE trouble (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    kind   TEXT NOT NULL,
    detail TEXT NOT NULL,
    at     TEXT NOT NULL
) STRICT;

-- Full entry bundles of a sync that was cut off. Not verified: only a guess at what need not be fetched again.
CREATE TABLE inbox (
    bundle INTEGER PRIMARY KEY,
    bytes  BLOB NOT NULL
) STRICT;
