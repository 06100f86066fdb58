-- Why nothing may be published: no row in real life, one at most. A copy of the data that is older
-- than what others hold would sign a second history; see seen.rs.
CREATE TABLE read_only (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    why   TEXT NOT NULL CHECK (why IN ('restored', 'behind')),
    text  TEXT NOT NULL,                    -- what people are told, in Chinese
    since TEXT NOT NULL                     -- RFC 3339
) STRICT;

-- The last checkpoint of this log that each other holder (a kiosk, a mirror, a witness) showed.
CREATE TABLE seen_checkpoint (
    source TEXT    PRIMARY KEY,             -- who showed it
    size   INTEGER NOT NULL,                -- entries
    root   BLOB    NOT NULL,                -- 32 bytes
    note   TEXT    NOT NULL,                -- the signed note, word for word: evidence
    time   TEXT    NOT NULL                 -- RFC 3339: when it was shown
) STRICT, WITHOUT ROWID;

-- Those that this log does not continue. They stay, whatever their holder shows later.
CREATE TABLE contrary_checkpoint (
    note   TEXT PRIMARY KEY,                -- the signed note, word for word
    source TEXT NOT NULL,                   -- who showed it first
    time   TEXT NOT NULL                    -- RFC 3339
) STRICT, WITHOUT ROWID;
