-- the log's key that is trusted here
CREATE TABLE trust (one INTEGER PRIMARY KEY CHECK (one = 1), vkey TEXT NOT NULL) STRICT;

-- the newest head that was verified, and what is needed to go on from it
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    checkpoint TEXT NOT NULL,
    size INTEGER NOT NULL,
    peaks BLOB NOT NULL,
    bundle_bytes INTEGER NOT NULL
) STRICT;

-- statements that count and that a later one may be about; keys as whole entries, to verify by
CREATE TABLE statement (
    id INTEGER PRIMARY KEY,
    is_key INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

-- receipts and their corrections, by log index
CREATE TABLE paper (
    id INTEGER PRIMARY KEY,
    -- the receipt that this is, or is a newer version of
    first INTEGER NOT NULL,
    statement TEXT NOT NULL,
    village TEXT NOT NULL,
    period TEXT NOT NULL,
    content TEXT NOT NULL,
    -- 1 when the content has come; 2 when it says nothing that can be compared
    filled INTEGER NOT NULL DEFAULT 0,
    code TEXT,
    number TEXT,
    amount INTEGER,
    date TEXT,
    payee TEXT
) STRICT;
CREATE INDEX paper_first ON paper (first);
CREATE INDEX paper_wanted ON paper (id) WHERE filled = 0;
CREATE INDEX paper_number ON paper (number, code) WHERE number IS NOT NULL;
CREATE INDEX paper_payment ON paper (amount, date) WHERE amount IS NOT NULL;

CREATE TABLE image (
    paper INTEGER NOT NULL REFERENCES paper (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    picture TEXT NOT NULL,
    thumb TEXT NOT NULL,
    -- see likeness.rs; empty when the small picture is none
    looks BLOB,
    asked INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (paper, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX image_picture ON image (picture);
CREATE INDEX image_thumb ON image (thumb);
