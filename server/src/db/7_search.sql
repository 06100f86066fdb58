-- The invoice's code on a picture; NULL when somebody looked and none could be read.
CREATE TABLE picture_code (
    sha256 TEXT PRIMARY KEY,
    text   TEXT                             -- as in the QR code
) STRICT, WITHOUT ROWID;

-- To notice the same payee, amount and date in another submission. An index of the content itself: what is withdrawn
-- leaves it in the same moment.
CREATE INDEX submission_alike ON submission (json_extract(body, '$.amount'),
    json_extract(body, '$.date'), json_extract(body, '$.payee')) WHERE body IS NOT NULL;

-- Every submission that has content, by its terms (search.rs makes them; they stand between blanks); rowid is
-- submission.seq. What is deleted must not stay in the index until it is next merged.
CREATE VIRTUAL TABLE search USING fts5 (terms, tokenize = 'ascii', columnsize = 0);
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
