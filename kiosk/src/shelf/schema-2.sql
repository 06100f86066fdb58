-- Which shape the views have: the SHA-256 of views.sql.
CREATE TABLE shape (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    digest BLOB NOT NULL
) STRICT;
