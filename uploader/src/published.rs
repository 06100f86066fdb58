//! What is published in the township's log, followed and verified, to find papers that were published before.
