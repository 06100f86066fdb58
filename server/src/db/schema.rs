//! The tables, as steps that bring any older database up to date. Steps are only ever added.

use rusqlite_migration::{M, Migrations};

/// Every step, in order: the core's first, then each view's own.
pub(super) fn migrations() -> Migrations<'static> {
    Migrations::new(vec![
        M::up(include_str!("1_core.sql")),
        M::up(include_str!("2_view.sql")),
        M::up(include_str!("3_office.sql")),
        M::up(include_str!("4_posts.sql")),
        M::up(include_str!("9_assess.sql")),
        M::up(include_str!("5_running.sql")),
        M::up(include_str!("6_bulletin.sql")),
        M::up(include_str!("B_signin.sql")),
    ])
}

#[cfg(test)]
mod tests {
    #[test]
    fn all_steps_apply_to_an_empty_database() {
        super::migrations().validate().unwrap();
    }
}
