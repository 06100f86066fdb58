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

-- What follows is made from entry and content alone, and can be made again.

CREATE TABLE statement (
    id           INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL,
    time         TEXT,
    content      BLOB,                  -- SHA-256 committed to
    withdrawn_by INTEGER,
    refused      TEXT                   -- why it is never shown
) STRICT;
CREATE INDEX statement_content ON statement (content) WHERE content IS NOT NULL;
CREATE INDEX statement_refused ON statement (id) WHERE refused IS NOT NULL;

CREATE TABLE receipt (
    id           INTEGER PRIMARY KEY,
    village      TEXT NOT NULL,
    period       TEXT NOT NULL,
    corrects     INTEGER,
    corrected_by INTEGER,
    withdrawn_by INTEGER,
    direction    TEXT,                  -- 'in' or 'out'; null until the content is here
    amount       INTEGER,               -- fen
    date         TEXT                   -- on the paper
) STRICT;
CREATE INDEX receipt_month ON receipt (village, period);
CREATE INDEX receipt_corrects ON receipt (corrects) WHERE corrects IS NOT NULL;

CREATE TABLE idle_month (
    id      INTEGER PRIMARY KEY,
    village TEXT NOT NULL,
    period  TEXT NOT NULL
) STRICT;
CREATE INDEX idle_month_place ON idle_month (village, period);

CREATE TABLE bulletin (
    id           INTEGER PRIMARY KEY,
    village      TEXT NOT NULL,
    corrects     INTEGER,
    corrected_by INTEGER,
    withdrawn_by INTEGER,
    place        TEXT                   -- the column's id; null until the content is here
) STRICT;

CREATE TABLE signer (
    id         INTEGER PRIMARY KEY,     -- log index of the enrolment
    key        TEXT NOT NULL,           -- vkey
    revoked_by INTEGER
) STRICT;

CREATE TABLE picture (
    hash  BLOB NOT NULL,
    id    INTEGER NOT NULL,             -- log index of the paper that shows it
    thumb INTEGER NOT NULL,
    bytes INTEGER,                      -- as promised; null for a thumbnail
    PRIMARY KEY (hash, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX picture_paper ON picture (id);

-- A hash over all views as the last commit left them, so that a failing disk is noticed.
CREATE TABLE seal (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    digest BLOB NOT NULL
) STRICT;
