-- What the pages read: made from the log's entries alone, and made again from them whenever it is
-- emptied. `next` is the first entry that was not read yet.
CREATE TABLE view_state (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    next     INTEGER NOT NULL,
    township TEXT    NOT NULL               -- its name, from the newest directory
) STRICT;
INSERT INTO view_state VALUES (1, 0, '');

CREATE TABLE view_village (
    code  TEXT    PRIMARY KEY,              -- 12 digits
    place INTEGER NOT NULL,                 -- order in the directory
    name  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE view_column (
    id      TEXT    PRIMARY KEY,
    place   INTEGER NOT NULL,
    name    TEXT    NOT NULL,
    name_en TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Every key that was ever enrolled: who signed an old statement is still said.
CREATE TABLE view_key (
    name    TEXT    NOT NULL,
    id      INTEGER NOT NULL,               -- key id of C2SP signed-note, big-endian
    n       INTEGER NOT NULL,               -- log index of the enrolment
    role    TEXT    NOT NULL,
    village TEXT    NOT NULL,
    revoked INTEGER,                        -- log index
    holder  TEXT,                           -- NULL when unknown or withdrawn
    post    TEXT,
    PRIMARY KEY (name, id)
) STRICT, WITHOUT ROWID;

-- Receipts, months without any, and bulletins. A correction stands here as what it corrects.
CREATE TABLE view_item (
    n         INTEGER PRIMARY KEY,          -- log index
    kind      TEXT    NOT NULL CHECK (kind IN ('receipt', 'nothing', 'bulletin')),
    village   TEXT    NOT NULL,
    period    TEXT,                         -- YYYY-MM
    time      TEXT    NOT NULL,             -- RFC 3339, by the signer
    leaf      BLOB    NOT NULL,             -- leaf hash, 32 bytes
    content   TEXT,                         -- JSON; NULL when there is none, or it was withdrawn
    income    INTEGER,                      -- 1: money that came in
    amount    INTEGER,                      -- fen
    column_id TEXT,
    corrects  INTEGER,
    corrected INTEGER,                      -- log index of the newer version
    withdrawn INTEGER,                      -- log index of the withdrawal
    reason    TEXT                          -- of the withdrawal
) STRICT;
CREATE INDEX view_item_month ON view_item (village, period);
CREATE INDEX view_item_kind ON view_item (kind, n);

CREATE TABLE view_signer (
    n    INTEGER NOT NULL REFERENCES view_item (n),
    line INTEGER NOT NULL,
    name TEXT    NOT NULL,
    id   INTEGER NOT NULL,
    PRIMARY KEY (n, line)
) STRICT, WITHOUT ROWID;
