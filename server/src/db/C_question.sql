-- What people ask. What is said about it in public stands in the log; here is what the office has to do, and how the asker
-- finds it again.
CREATE TABLE slip (
    number TEXT    PRIMARY KEY,             -- 10 digits
    pin    TEXT    NOT NULL,                -- PHC string, argon2id
    wrong  INTEGER NOT NULL DEFAULT 0,      -- wrong PINs in a row
    until  INTEGER NOT NULL DEFAULT 0       -- Unix seconds; before that no PIN is tried
) STRICT, WITHOUT ROWID;

CREATE TABLE question (
    seq      INTEGER PRIMARY KEY,
    id       TEXT    NOT NULL UNIQUE,       -- 32 hex digits, drawn by whoever asked
    slip     TEXT    NOT NULL REFERENCES slip (number),
    village  TEXT    NOT NULL,              -- 12-digit code; the township's own: the township
    of       INTEGER,                       -- log index of what it is about
    topic    TEXT    NOT NULL,
    text     TEXT    NOT NULL,
    channel  TEXT    NOT NULL,
    addressee TEXT   NOT NULL CHECK (addressee IN ('village', 'supervisors', 'township')),
    asked    TEXT    NOT NULL,              -- YYYY-MM-DD: the clock's first day
    received INTEGER NOT NULL,              -- Unix seconds
    same     BLOB    NOT NULL,              -- SHA-256 of village, of, and the text without blanks and marks
    suspect  TEXT,                          -- why it looks like no question: 'link', 'flood'
    state    TEXT    NOT NULL CHECK (state IN ('waiting', 'shown', 'withheld')),
    idx      INTEGER,                       -- log index of the question
    CHECK ((state = 'waiting') = (idx IS NULL))
) STRICT;
CREATE INDEX question_state ON question (state, seq);
CREATE INDEX question_slip ON question (slip, seq);
CREATE INDEX question_same ON question (same, received);
CREATE UNIQUE INDEX question_idx ON question (idx);

-- What the log says of them.
CREATE TABLE view_question (
    n         INTEGER PRIMARY KEY,          -- log index
    village   TEXT    NOT NULL,
    of        INTEGER,                      -- log index of what it is about
    about     INTEGER,                      -- the same, or what the question before it is about
    time      TEXT    NOT NULL,             -- RFC 3339
    content   TEXT,                         -- JSON; NULL when it is withheld
    due       TEXT,                         -- YYYY-MM-DD; NULL when it is withheld
    withdrawn INTEGER,                      -- log index of the withdrawal
    reason    TEXT                          -- of the withdrawal
) STRICT;
CREATE INDEX view_question_about ON view_question (about, n);
CREATE INDEX view_question_village ON view_question (village, n);
CREATE INDEX view_question_of ON view_question (of);

CREATE TABLE view_answer (
    n         INTEGER PRIMARY KEY,          -- log index
    of        INTEGER NOT NULL,             -- log index of the question
    time      TEXT    NOT NULL,             -- RFC 3339
    content   TEXT,                         -- JSON; NULL when it is withdrawn
    withdrawn INTEGER
) STRICT;
CREATE INDEX view_answer_of ON view_answer (of);
