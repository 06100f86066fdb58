-- What is made from entry and content alone, and can be made again. Whoever changes this file need not write a
-- migration: a shelf whose views are of another shape makes them all again.

DROP TABLE IF EXISTS statement;
DROP TABLE IF EXISTS receipt;
DROP TABLE IF EXISTS month;
DROP TABLE IF EXISTS idle_month;
DROP TABLE IF EXISTS closing;
DROP TABLE IF EXISTS bulletin;
DROP TABLE IF EXISTS signer;
DROP TABLE IF EXISTS picture;
DROP TABLE IF EXISTS search;
DROP TABLE IF EXISTS question;
DROP TABLE IF EXISTS answer;
DROP TABLE IF EXISTS seal;

CREATE TABLE statement (
    id           INTEGER PRIMARY KEY,   -- log index
    kind         TEXT NOT NULL,
    time         TEXT,
    content      BLOB,                  -- SHA-256 committed to
    here         INTEGER NOT NULL DEFAULT 0,  -- 1 when that is on the shelf
    withdrawn_by INTEGER,
    refused      TEXT                   -- why it is never shown
) STRICT;
CREATE INDEX statement_waiting ON statement (id)
    WHERE content IS NOT NULL AND here = 0 AND refused IS NULL AND withdrawn_by IS NULL;
CREATE INDEX statement_content ON statement (content) WHERE content IS NOT NULL;
CREATE INDEX statement_directory ON statement (id) WHERE kind = 'directory';
CREATE INDEX statement_key ON statement (id) WHERE kind = 'key';
CREATE INDEX statement_refused ON statement (id) WHERE refused IS NOT NULL;

CREATE TABLE receipt (
    id           INTEGER PRIMARY KEY,
    village      TEXT NOT NULL,
    period       TEXT NOT NULL,
    corrects     INTEGER,               -- always the first version
    corrected_by INTEGER,
    withdrawn_by INTEGER,
    direction    TEXT,                  -- 'in' or 'out'; null until the content is here
    amount       INTEGER,               -- fen
    date         TEXT,                  -- on the paper
    category     TEXT
) STRICT;
CREATE INDEX receipt_month ON receipt (village, period);
CREATE INDEX receipt_corrects ON receipt (corrects) WHERE corrects IS NOT NULL;

-- Sums over the receipts of a month that stand. Not sealed: an audit adds them up again.
CREATE TABLE month (
    village  TEXT NOT NULL,
    period   TEXT NOT NULL,
    income   INTEGER NOT NULL,          -- fen
    spending INTEGER NOT NULL,          -- fen
    receipts INTEGER NOT NULL,
    waiting  INTEGER NOT NULL,          -- receipts whose content is not here
    PRIMARY KEY (village, period)
) STRICT, WITHOUT ROWID;

CREATE TABLE idle_month (
    id      INTEGER PRIMARY KEY,
    village TEXT NOT NULL,
    period  TEXT NOT NULL
) STRICT;
CREATE INDEX idle_month_place ON idle_month (village, period);

CREATE TABLE closing (
    id      INTEGER PRIMARY KEY,
    village TEXT NOT NULL,
    period  TEXT NOT NULL
) STRICT;
CREATE INDEX closing_place ON closing (village, period);

CREATE TABLE bulletin (
    id           INTEGER PRIMARY KEY,
    village      TEXT NOT NULL,
    corrects     INTEGER,               -- always the first version
    corrected_by INTEGER,
    withdrawn_by INTEGER,
    place        TEXT,                  -- the column's id; null until the content is here, like all below
    importance   INTEGER,               -- 0 normal, 1 important, 2 emergency
    shown_from   INTEGER,               -- Unix seconds; null: from the start
    shown_until  INTEGER,               -- Unix seconds; null: for ever
    weekdays     INTEGER,               -- a bit a day, Monday is 1; null: every day
    explains     BLOB                   -- content hash of the policy
) STRICT;
CREATE INDEX bulletin_corrects ON bulletin (corrects) WHERE corrects IS NOT NULL;
CREATE INDEX bulletin_explains ON bulletin (explains) WHERE explains IS NOT NULL;

CREATE TABLE question (
    id           INTEGER PRIMARY KEY,
    village      TEXT NOT NULL,
    follows      INTEGER,               -- the question that it goes on from
    about        INTEGER,               -- the first version of the paper that it, or the one before it, is about
    withdrawn_by INTEGER
) STRICT;
CREATE INDEX question_about ON question (about) WHERE about IS NOT NULL;

CREATE TABLE answer (
    id           INTEGER PRIMARY KEY,
    question     INTEGER NOT NULL,
    withdrawn_by INTEGER
) STRICT;
CREATE INDEX answer_question ON answer (question);

CREATE TABLE signer (
    id         INTEGER PRIMARY KEY,     -- log index of the enrolment
    key        TEXT NOT NULL,           -- vkey
    revoked_by INTEGER
) STRICT;

CREATE TABLE picture (
    id    INTEGER NOT NULL,             -- log index of the paper that shows it
    hash  BLOB NOT NULL,
    thumb INTEGER NOT NULL,
    bytes INTEGER,                      -- as promised; null for a thumbnail
    place TEXT NOT NULL,                -- whose paper
    month TEXT NOT NULL,                -- the accounts' month, or the bulletin's
    PRIMARY KEY (id, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX picture_hash ON picture (hash);

-- What can be searched: a row a paper that stands. What decides most comes first, the long text last.
CREATE TABLE search (
    id       INTEGER PRIMARY KEY,
    receipt  INTEGER NOT NULL,          -- 1 for a receipt, 0 for a bulletin
    village  TEXT NOT NULL,
    period   TEXT NOT NULL,
    day      TEXT NOT NULL,
    amount   INTEGER,                   -- fen
    category TEXT,
    sound    BLOB NOT NULL,             -- pinyin, as sound.rs writes it; bytes are read without being copied
    text     BLOB NOT NULL
) STRICT;

-- A hash over what the views hold of each 1,024 neighbouring entries, as the last commit left it, so that a failing
-- disk is noticed.
CREATE TABLE seal (
    part   INTEGER PRIMARY KEY,         -- log index divided by 1,024
    digest BLOB NOT NULL
) STRICT;
