//! Papers that may be the same paper: by number, by file, by looks, by what was paid.
