-- Posts: more roles, their village, and who stands in for whom.
DELETE FROM session;
CREATE TABLE user_with_post (
    id       INTEGER PRIMARY KEY,
    login    TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name     TEXT NOT NULL,
    role     TEXT NOT NULL CHECK (role IN ('admin', 'editor', 'reviewer', 'leader', 'assessor',
                                           'supervisor', 'accountant')),
    village  TEXT,                          -- 12-digit code; NULL: the township
    password TEXT NOT NULL,                 -- PHC string, argon2id
    deputy   INTEGER REFERENCES user (id),  -- acts for this person while they are away
    away     TEXT,                          -- RFC 3339: since when they are
    revoked  TEXT,                          -- RFC 3339
    CHECK ((village IS NOT NULL) = (role IN ('supervisor', 'accountant'))),
    CHECK (deputy <> id)
) STRICT;
INSERT INTO user_with_post (id, login, name, role, password, revoked)
    SELECT id, login, name, role, password, revoked FROM user;
DROP TABLE user;
ALTER TABLE user_with_post RENAME TO user;
CREATE INDEX user_deputy ON user (deputy) WHERE deputy IS NOT NULL;

-- Who did what for whom, and what it was before. `link` chains the lines: SHA-256 of the link
-- before and the line (audit.rs); the log commits to the newest link every day.
ALTER TABLE audit RENAME COLUMN detail TO new;
ALTER TABLE audit ADD COLUMN old TEXT;
ALTER TABLE audit ADD COLUMN for_login TEXT;    -- NULL: for themselves
ALTER TABLE audit ADD COLUMN for_name TEXT;
ALTER TABLE audit ADD COLUMN salt BLOB;         -- 16 bytes
ALTER TABLE audit ADD COLUMN link BLOB;         -- 32 bytes; NULL before lines were chained

-- What supervisors, reviewers and the leader say of a submission before it is published.
CREATE TABLE opinion (
    submission INTEGER NOT NULL REFERENCES submission (seq),
    office     TEXT    NOT NULL CHECK (office IN ('supervisor', 'reviewer', 'leader')),
    -- The key's name for a supervisor; the login for the others.
    whose      TEXT    NOT NULL,
    name       TEXT    NOT NULL,            -- of the person
    for_login  TEXT,                        -- whom they stood in for
    objection  TEXT,                        -- NULL: agreed
    signature  TEXT,                        -- line of the signed note: of supervisors who agreed
    time       TEXT    NOT NULL,            -- RFC 3339
    PRIMARY KEY (submission, office, whose)
) STRICT, WITHOUT ROWID;

-- A key that a supervisor made in their browser, to be enrolled once somebody has met them.
CREATE TABLE key_request (
    user INTEGER PRIMARY KEY REFERENCES user (id),
    vkey TEXT NOT NULL,                     -- C2SP vkey
    time TEXT NOT NULL                      -- RFC 3339
) STRICT;

-- Months that were closed (view: made from the log).
CREATE TABLE view_closing (
    village  TEXT    NOT NULL,
    period   TEXT    NOT NULL,              -- YYYY-MM
    n        INTEGER NOT NULL,              -- log index of the newest closing
    receipts INTEGER NOT NULL,
    received INTEGER NOT NULL,              -- fen
    spent    INTEGER NOT NULL,              -- fen
    content  TEXT    NOT NULL,              -- JSON
    time     TEXT    NOT NULL,              -- RFC 3339: when it was published
    PRIMARY KEY (village, period)
) STRICT, WITHOUT ROWID;
ALTER TABLE view_item ADD COLUMN ground TEXT;   -- of what is not disclosed
ALTER TABLE submission ADD COLUMN author_for TEXT;  -- login of whom the author stood in for
CREATE INDEX view_item_period ON view_item (period) WHERE period IS NOT NULL;
CREATE INDEX submission_decided ON submission (state, changed DESC, seq DESC);
CREATE INDEX submission_village_decided ON submission (village, state, changed DESC, seq DESC);
CREATE INDEX submission_month ON submission (village, period, state);
