CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE item (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('receipt', 'nothing')),
    state TEXT NOT NULL CHECK (state IN
        ('draft', 'removed', 'signed', 'received', 'returned', 'published', 'revised')),
    -- JSON, see draft.rs
    draft TEXT NOT NULL,
    -- what was signed, word for word; the id is SHA-256 of the note's text
    submission TEXT UNIQUE,
    note TEXT,
    content TEXT,
    -- 1 once it may have reached the server
    offered INTEGER NOT NULL DEFAULT 0,
    -- JSON, what the server last said
    status TEXT,
    revises INTEGER REFERENCES item (id),
    CHECK (state IN ('draft', 'removed') OR (submission IS NOT NULL AND note IS NOT NULL))
) STRICT;

CREATE TABLE page (
    item INTEGER NOT NULL REFERENCES item (id),
    n INTEGER NOT NULL,
    -- SHA-256 of the photo's file
    original TEXT NOT NULL,
    -- JSON, as in the content object
    image TEXT NOT NULL,
    PRIMARY KEY (item, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX page_original ON page (original);
