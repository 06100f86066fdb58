-- The witnesses who cosigned the head, as the policy of this machine names them.
CREATE TABLE witness (
    name TEXT PRIMARY KEY,
    vkey TEXT NOT NULL,
    at   INTEGER NOT NULL               -- Unix seconds, as it signed
) STRICT;
