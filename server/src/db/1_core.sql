-- The log: one row. `size`, `root` and `checkpoint` are the commit point of publishing; the files
-- under public/ have caught up as far as `applied`.
CREATE TABLE log (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    township   TEXT    NOT NULL,            -- 12-digit code
    size       INTEGER NOT NULL,            -- entries
    root       BLOB    NOT NULL,            -- 32 bytes
    checkpoint TEXT    NOT NULL,            -- signed note
    applied    INTEGER NOT NULL CHECK (applied <= size)
) STRICT;

-- Every published statement, in log order. `body` is its content object: NULL when the statement
-- has none, or it was withdrawn.
CREATE TABLE entry (
    idx       INTEGER PRIMARY KEY,          -- log index, from 0
    id        TEXT    NOT NULL UNIQUE,      -- SHA-256 (hex) of the note's text
    note      TEXT    NOT NULL,             -- signed note, exactly as in the log
    kind      TEXT    NOT NULL,
    content   TEXT,                         -- SHA-256 (hex) of the content object
    body      TEXT,
    withdrawn INTEGER REFERENCES entry (idx),
    published TEXT    NOT NULL              -- RFC 3339
) STRICT;
CREATE INDEX entry_content ON entry (content);
CREATE INDEX entry_withdrawn ON entry (withdrawn) WHERE withdrawn IS NOT NULL;

-- The images of published statements that were not withdrawn: what belongs in public/blob.
CREATE TABLE entry_image (
    idx    INTEGER NOT NULL REFERENCES entry (idx),
    sha256 TEXT    NOT NULL,
    PRIMARY KEY (idx, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_image_sha256 ON entry_image (sha256);

-- What came in to be reviewed. `seq` is the order of arrival.
CREATE TABLE submission (
    seq      INTEGER PRIMARY KEY,
    id       TEXT    NOT NULL UNIQUE,       -- SHA-256 (hex) of the note's text
    kind     TEXT    NOT NULL,
    village  TEXT    NOT NULL,
    period   TEXT,
    signer   TEXT    NOT NULL,              -- key name
    author   TEXT,                          -- login of the office editor who wrote it
    note     TEXT    NOT NULL,
    content  TEXT,                          -- SHA-256 (hex)
    body     TEXT,                          -- content object; NULL when none, or withdrawn
    of       INTEGER,                       -- log index that a correction means
    state    TEXT    NOT NULL CHECK (state IN ('received', 'returned', 'published')),
    reason   TEXT,                          -- when returned: a sentence, in Chinese
    source   TEXT,                          -- when returned: format, original, attribute
    idx      INTEGER REFERENCES entry (idx),
    received TEXT    NOT NULL,              -- RFC 3339
    changed  TEXT    NOT NULL               -- RFC 3339
) STRICT;
CREATE INDEX submission_state ON submission (state, seq);
CREATE INDEX submission_content ON submission (content) WHERE content IS NOT NULL;
CREATE INDEX submission_of ON submission (of) WHERE of IS NOT NULL;
CREATE UNIQUE INDEX submission_idx ON submission (idx) WHERE idx IS NOT NULL;

-- The images that a submission names.
CREATE TABLE submission_image (
    submission INTEGER NOT NULL REFERENCES submission (seq),
    sha256     TEXT    NOT NULL,
    picture    INTEGER NOT NULL CHECK (picture IN (0, 1)),  -- 0: a thumbnail
    PRIMARY KEY (submission, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX submission_image_sha256 ON submission_image (sha256);

-- Whole images that passed the checks, wherever their file lies.
CREATE TABLE image (
    sha256 TEXT    PRIMARY KEY,
    bytes  INTEGER NOT NULL,
    width  INTEGER NOT NULL,                -- pixels
    height INTEGER NOT NULL                 -- pixels
) STRICT, WITHOUT ROWID;

-- Invoice numbers, to notice one that is used twice.
CREATE TABLE invoice (
    submission INTEGER PRIMARY KEY REFERENCES submission (seq),
    code       TEXT NOT NULL,
    number     TEXT NOT NULL
) STRICT;
CREATE INDEX invoice_number ON invoice (number, code);

-- People of the office.
CREATE TABLE user (
    id       INTEGER PRIMARY KEY,
    login    TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name     TEXT NOT NULL,
    role     TEXT NOT NULL CHECK (role IN ('admin', 'editor', 'reviewer')),
    password TEXT NOT NULL,                 -- PHC string, argon2id
    revoked  TEXT                           -- RFC 3339
) STRICT;

-- Who did what. Written in the transaction that does it; nobody can change it afterwards.
-- Names are copied in: a row outlives the person's account.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    time    TEXT NOT NULL,                  -- RFC 3339
    login   TEXT NOT NULL,
    name    TEXT NOT NULL,
    role    TEXT NOT NULL,
    act     TEXT NOT NULL,                  -- publish, return, withdraw, draft, …
    subject TEXT NOT NULL,                  -- submission id, log index, login, …
    detail  TEXT
) STRICT;
CREATE INDEX audit_subject ON audit (subject);
CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
