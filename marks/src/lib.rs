//! What can be told from text that stands on a paper, for the accountant's program and the office alike. No I/O.

pub mod invoice;
pub mod personal;
