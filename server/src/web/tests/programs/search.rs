//! The search: what the page finds a program finds, and nobody finds more.

use super::*;
use crate::search::PAGE_ROWS;

/// The ids that a question finds, and the next page.
async fn find(app: &Arc<App>, token: &str, asked: &str) -> (Vec<String>, Option<u64>) {
    let answer = ask_with(app, "GET", &format!("/api/office/search{asked}"), token, "").await;
    assert_eq!(answer.status, StatusCode::OK, "{asked} {}", answer.text);
    let said: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    let id = |one: &serde_json::Value| one["id"].as_str().unwrap().to_owned();
    let found = said["submissions"].as_array().unwrap().iter().map(id).collect();
    (found, said["next"].as_u64())
}

#[test]
fn programs_search_as_the_page_does_and_a_villages_people_find_their_own() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    neighbours(&app);
    wait(async {
        let mut ids = Vec::new();
        for n in 1..=PAGE_ROWS + 2 {
            ids.push(office.submit_whole(&app, u8::try_from(n).unwrap()).await.id);
        }
        ids.reverse();
        let token = token_of(&app, "assessor", None).await;
        let lamps = "%E8%B7%AF%E7%81%AF";
        let (first, next) = find(&app, &token, &format!("?q={lamps}")).await;
        assert_eq!((first.as_slice(), next), (&ids[..PAGE_ROWS], Some(1)));
        let (second, next) = find(&app, &token, &format!("?q={lamps}&page=1")).await;
        assert_eq!((second.as_slice(), next), (&ids[PAGE_ROWS..], None));
        let other = "341181107202";
        for (asked, count) in [
            ("", 0),
            ("?q=1.01", 1),
            (&*format!("?q=1.01&village={}&period=2026-05", village()), 1),
            ("?q=1.01&period=2026-06", 0),
            (&*format!("?q=1.01&village={other}"), 0),
        ] {
            assert_eq!(find(&app, &token, asked).await.0.len(), count, "{asked}");
        }
        for login in ["supervisor", "accountant"] {
            let ours = token_of(&app, login, None).await;
            let theirs = token_of(&app, &format!("{login}-2"), None).await;
            assert_eq!(find(&app, &ours, "?q=1.01").await.0.len(), 1, "{login}");
            for asked in ["?q=1.01".into(), format!("?q=1.01&village={}", village())] {
                assert_eq!(find(&app, &theirs, &asked).await.0, [""; 0], "{login} {asked}");
            }
        }
        let long = format!("?q={}", "x".repeat(101));
        for bad in ["?page=500", "?page=-1", "?village=1", "?period=2026-13", "?x=1", &long] {
            let path = format!("/api/office/search{bad}");
            let answer = ask_with(&app, "GET", &path, &token, "").await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} {}", answer.text);
        }
    });
}

#[test]
fn another_villages_double_is_told_but_not_which_it_is() {
    let office = Office::new();
    let app = office.open();
    people(&app);
    let (code, key) = office.neighbour(&app);
    neighbours_people(&app);
    wait(async {
        let ours = office.submit_whole(&app, 1).await.id;
        let (note, body) = crate::testing::signed(code, &key, &content(1, &[]));
        let theirs = intake::receive(&app, note, Some(body)).await.unwrap().id;
        let said = async |login: &str| {
            let token = token_of(&app, login, None).await;
            let path = format!("/api/office/submissions/{theirs}");
            let one = ask_with(&app, "GET", &path, &token, "").await;
            let list = ask_with(&app, "GET", "/api/office/submissions", &token, "").await;
            assert_eq!((one.status, list.status), (StatusCode::OK, StatusCode::OK));
            assert!(one.text.contains("alike") && list.text.contains("alike"), "{}", one.text);
            assert!(one.text.contains("\"verdict\":\"bad\""), "{}", one.text);
            (one.text.contains(&ours), list.text.contains(&format!("\"other\":\"{ours}")))
        };
        assert_eq!(said("accountant-2").await, (false, false));
        assert_eq!(said("reviewer").await, (true, true));
    });
}
