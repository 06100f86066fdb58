-- Originals are kept from here on; the public picture is made of one by its edit, as often as that changes.
CREATE TABLE page_of_original (
    item INTEGER NOT NULL REFERENCES item (id),
    n INTEGER NOT NULL,
    -- SHA-256 of the photo's file
    original TEXT NOT NULL,
    -- JSON, see edit.rs
    edit TEXT NOT NULL,
    -- JSON, see looking.rs; NULL until it was looked at
    looked TEXT,
    -- JSON, the printed lines; NULL until they were read
    lines TEXT,
    -- JSON, as in the content object: made by exactly this edit; NULL until it is made
    image TEXT,
    PRIMARY KEY (item, n)
) STRICT, WITHOUT ROWID;

-- The first version kept no originals: there is nothing more to look at.
INSERT INTO page_of_original SELECT item, n, original, '{}', '{}', '[]', image FROM page;
DROP TABLE page;
ALTER TABLE page_of_original RENAME TO page;
CREATE INDEX page_original ON page (original);

-- What the person did since the last signing, newest last; JSON, see journal.rs
CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    deed TEXT NOT NULL,
    changes TEXT NOT NULL
) STRICT;

-- Papers that look alike and that the person said are two; the other is an item's number or a published statement's hash
CREATE TABLE apart (
    item INTEGER NOT NULL REFERENCES item (id),
    other TEXT NOT NULL,
    PRIMARY KEY (item, other)
) STRICT, WITHOUT ROWID;
