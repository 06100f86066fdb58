-- Bulletins that are being written. What was written stands in versions (JSON, bulletin/written.rs).
CREATE TABLE draft (
    id         TEXT    PRIMARY KEY,         -- 32 random hex digits
    author     TEXT    NOT NULL,            -- login
    author_for TEXT,                        -- login of whom the author stood in for
    version    INTEGER NOT NULL,            -- the newest one's number, from 1
    of         INTEGER,                     -- log index of the bulletin that this one corrects
    source     TEXT,                        -- and where its error came from
    submission TEXT,                        -- id under which it was last sent for review
    changed    TEXT    NOT NULL,            -- RFC 3339
    deleted    TEXT,                        -- RFC 3339
    CHECK ((of IS NULL) = (source IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX draft_author ON draft (author, changed);
CREATE INDEX draft_submission ON draft (submission) WHERE submission IS NOT NULL;

CREATE TABLE draft_version (
    id     INTEGER PRIMARY KEY,
    draft  TEXT    NOT NULL REFERENCES draft (id),
    -- Counts the draft's saves; of a save that was refused because a newer one stood: the number it was based on.
    number INTEGER NOT NULL,
    aside  INTEGER NOT NULL CHECK (aside IN (0, 1)),    -- 1: that refused save
    body   TEXT    NOT NULL,                -- JSON
    login  TEXT    NOT NULL,
    name   TEXT    NOT NULL,
    began  TEXT    NOT NULL,                -- RFC 3339: saves close to one another share a line
    saved  TEXT    NOT NULL                 -- RFC 3339
) STRICT;
CREATE INDEX draft_version_draft ON draft_version (draft, id);

-- The view: what bulletins say of their showing. Older bulletins said nothing.
ALTER TABLE view_column ADD COLUMN kind TEXT NOT NULL DEFAULT 'notice';
ALTER TABLE view_item ADD COLUMN shown_from INTEGER;    -- Unix seconds; NULL: from the beginning
ALTER TABLE view_item ADD COLUMN shown_until INTEGER;   -- Unix seconds; NULL: without end
ALTER TABLE view_item ADD COLUMN importance TEXT;
ALTER TABLE view_item ADD COLUMN explains TEXT;         -- content hash (hex) of the policy it explains
CREATE INDEX view_item_from ON view_item (shown_from) WHERE shown_from IS NOT NULL;
CREATE INDEX view_item_until ON view_item (shown_until) WHERE shown_until IS NOT NULL;
CREATE INDEX view_item_explains ON view_item (explains) WHERE explains IS NOT NULL;
