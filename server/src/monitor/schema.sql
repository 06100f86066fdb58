-- What a monitor keeps of a log. Everything that is said of it is found anew from these rows.

CREATE TABLE watch (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    vkey TEXT NOT NULL,
    since INTEGER NOT NULL,
    -- The newest signed head that everything below was verified against; empty before the first.
    checkpoint TEXT NOT NULL
) STRICT;

-- Every signed head that was shown, by whom and when (Unix seconds). It only grows.
CREATE TABLE checkpoint (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    source TEXT NOT NULL,
    size INTEGER NOT NULL,
    note TEXT NOT NULL
) STRICT;
CREATE INDEX checkpoint_source ON checkpoint (source, id);
CREATE TRIGGER checkpoint_stays BEFORE UPDATE ON checkpoint BEGIN SELECT raise(ABORT, 'append only'); END;
CREATE TRIGGER checkpoint_is_not_lost BEFORE DELETE ON checkpoint BEGIN SELECT raise(ABORT, 'append only'); END;

CREATE TABLE entry (
    idx INTEGER PRIMARY KEY,
    seen INTEGER NOT NULL,
    note BLOB NOT NULL,
    -- Why it does not count.
    refused TEXT,
    content TEXT,
    -- The content, once it came and was what the statement says. Gone when it is withdrawn.
    body BLOB,
    -- The entry that withdrew it.
    withdrawn INTEGER,
    -- What is wrong with the content that the office serves: absent or false.
    lost TEXT
) STRICT;

CREATE TABLE picture (
    hash TEXT NOT NULL,
    idx INTEGER NOT NULL,
    looked INTEGER NOT NULL DEFAULT 0,
    lost TEXT,
    PRIMARY KEY (hash, idx)
) STRICT, WITHOUT ROWID;

-- What proves that somebody did wrong: the head that was held, if there was one, and what was offered.
CREATE TABLE evidence (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    held TEXT NOT NULL,
    offered BLOB NOT NULL,
    UNIQUE (kind, held, offered)
) STRICT;

-- Since when an alarm is raised, and whether a report that says so was written.
CREATE TABLE alarm (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    since INTEGER NOT NULL,
    told INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
