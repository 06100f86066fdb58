-- Who is signed in. The cookie's value is not kept: only its SHA-256.
CREATE TABLE session (
    cookie  BLOB    PRIMARY KEY,            -- SHA-256, 32 bytes
    user    INTEGER NOT NULL REFERENCES user (id),
    form    TEXT    NOT NULL,               -- what every form of this session carries
    started INTEGER NOT NULL,               -- Unix seconds
    expires INTEGER NOT NULL                -- Unix seconds; moves on with use
) STRICT, WITHOUT ROWID;

-- Wrong passwords by login, real or not, until `until`.
CREATE TABLE guess (
    login TEXT    PRIMARY KEY COLLATE NOCASE,
    wrong INTEGER NOT NULL,
    until INTEGER NOT NULL                  -- Unix seconds
) STRICT, WITHOUT ROWID;
