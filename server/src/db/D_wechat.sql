-- Who asked in WeChat to be told of an answer. Nobody else's number is kept; the row goes when they were told.
CREATE TABLE wechat_notice (
    slip     TEXT    NOT NULL,              -- the slip's number, in small letters
    openid   TEXT    NOT NULL,              -- whom this account knows by it
    asked    TEXT    NOT NULL,              -- RFC 3339
    place    TEXT,                          -- who answered; NULL until somebody did
    day      TEXT,                          -- when, as people write it
    path     TEXT,                          -- where it is read, below the public address
    tries    INTEGER NOT NULL DEFAULT 0,    -- how often it was sent in vain
    PRIMARY KEY (slip, openid)
) STRICT, WITHOUT ROWID;
CREATE INDEX wechat_notice_openid ON wechat_notice (openid);
