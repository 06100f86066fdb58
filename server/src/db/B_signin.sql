-- Signing in by a code from the phone as well (RFC 6238), and what is known of a session.
ALTER TABLE user ADD COLUMN totp_required INTEGER NOT NULL DEFAULT 0 CHECK (totp_required IN (0, 1));
CREATE TABLE totp (
    user   INTEGER PRIMARY KEY REFERENCES user (id),
    secret BLOB    NOT NULL,                -- 20 bytes, shared with the phone
    step   INTEGER NOT NULL                 -- of the newest code that was used: no code counts twice
) STRICT;

-- Codes for whoever lost the phone; each is deleted when it is used.
CREATE TABLE recovery (
    user INTEGER NOT NULL REFERENCES user (id),
    code BLOB    NOT NULL,                  -- SHA-256 of 80 random bits
    PRIMARY KEY (user, code)
) STRICT, WITHOUT ROWID;

-- Who gave the right password and still owes the code. It opens nothing else.
CREATE TABLE half_session (
    cookie  BLOB    PRIMARY KEY,            -- SHA-256, 32 bytes
    user    INTEGER NOT NULL REFERENCES user (id),
    tries   INTEGER NOT NULL,
    expires INTEGER NOT NULL                -- Unix seconds
) STRICT, WITHOUT ROWID;

ALTER TABLE session ADD COLUMN device TEXT NOT NULL DEFAULT '';  -- browser and system, in our words
ALTER TABLE session ADD COLUMN new_secret BLOB;  -- 20 bytes: of a phone whose first code is awaited
