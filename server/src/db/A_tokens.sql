-- What programs act with in a person's name.
CREATE TABLE token (
    id      INTEGER PRIMARY KEY,
    user    INTEGER NOT NULL REFERENCES user (id),
    name    TEXT    NOT NULL,               -- what it is for
    sha256  BLOB    NOT NULL UNIQUE,        -- of the token, which is kept nowhere
    scopes  TEXT    NOT NULL,               -- words of deeds, a space between them
    made    TEXT    NOT NULL,               -- RFC 3339
    until   TEXT    NOT NULL,               -- the last day it counts, YYYY-MM-DD
    used    TEXT,                           -- the last day it was used
    revoked TEXT                            -- RFC 3339
) STRICT;
CREATE INDEX token_user ON token (user);
