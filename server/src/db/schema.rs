//! The tables, as steps that bring any older database up to date. Steps are only ever added.

use rusqlite::Transaction;
use rusqlite_migration::{M, Migrations};

use crate::search;

/// Every step, in order: the core's first, then each view's own.
pub(super) fn migrations() -> Migrations<'static> {
    Migrations::new(steps())
}

fn steps() -> Vec<M<'static>> {
    vec![
        M::up(include_str!("1_core.sql")),
        M::up(include_str!("2_view.sql")),
        M::up(include_str!("3_office.sql")),
        M::up(include_str!("4_posts.sql")),
        M::up(include_str!("9_assess.sql")),
        M::up(include_str!("5_running.sql")),
        M::up(include_str!("6_bulletin.sql")),
        M::up(include_str!("8_kiosks.sql")),
        M::up_with_hook(include_str!("7_search.sql"), |c: &Transaction| Ok(search::keep_all(c)?)),
        M::up(include_str!("A_tokens.sql")),
        M::up(include_str!("B_signin.sql")),
        M::up(include_str!("C_question.sql")),
        M::up(include_str!("D_wechat.sql")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::content::Content;
    use rusqlite::{Connection, params};

    #[test]
    fn all_steps_apply_to_an_empty_database() {
        migrations().validate().unwrap();
    }

    #[test]
    fn what_came_in_before_there_was_a_search_is_found() {
        let steps = steps();
        let is_search = |step: &M| format!("{step:?}").contains("VIRTUAL TABLE search");
        let at = steps.iter().position(is_search).unwrap();
        let mut c = Connection::open_in_memory().unwrap();
        Migrations::new(steps[..at].to_vec()).to_latest(&mut c).unwrap();
        let body = String::from_utf8(crate::testing::content(1, &[]).to_bytes().0).unwrap();
        c.execute(
            "INSERT INTO submission (seq, id, kind, village, period, signer, note, body, state,
                 received, changed)
             VALUES (7, 'x', 'receipt', '341181107201', '2026-05', 'a', '', ?1, 'received', '', '')",
            params![body],
        )
        .unwrap();
        Migrations::new(steps[..=at].to_vec()).to_latest(&mut c).unwrap();
        let sql = "SELECT rowid FROM search WHERE search MATCH '\"灯维\" AND \"村341181107201\"'";
        assert_eq!(c.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 7);
    }
}
