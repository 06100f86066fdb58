-- Questions that the office has yet to take, as they are sent. Each goes once it is there.
CREATE TABLE asking (
    id   TEXT PRIMARY KEY,              -- 32 hex digits, drawn here
    body TEXT NOT NULL                  -- JSON
) STRICT, WITHOUT ROWID;
