//! The gate that says whether a photo is good enough, and what to do if it is not.
