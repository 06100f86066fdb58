//! The pages for phones: what everyone finds, what feeds and maps name, and one code a page.

use ledger::statement::{Reason, Source};

use super::*;

async fn published(office: &Office, app: &Arc<App>, n: u8) -> u64 {
    let id = office.submit_whole(app, n).await.id;
    review::publish(app, &[id], &office.reviewer).await.unwrap()[0].index
}

fn hits(text: &str) -> Vec<u64> {
    let rows = text.split("class=\"row\" href=\"/r/").skip(1);
    rows.map(|row| row.split(['"', '?']).next().unwrap().parse().unwrap()).collect()
}

#[test]
fn everyone_finds_what_is_disclosed_by_two_characters_amount_number_village_and_month() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        let (first, second) =
            (published(&office, &app, 1).await, published(&office, &app, 2).await);
        office.submit_whole(&app, 3).await; // waits for review
        let gone = published(&office, &app, 4).await;
        review::withdraw(&app, gone, Reason::Personal, Source::Original, &office.reviewer)
            .await
            .unwrap();
        let bulletin = office_bulletin(&office, &app).await;
        let both = vec![second, first];
        for (query, found) in [
            ("q=%E8%B7%AF%E7%81%AF", both.clone()), // 路灯
            ("q=%E7%81%AF%E7%BB%B4", both.clone()), // 灯维
            ("q=1.01", vec![first]),
            (&format!("q={second}"), vec![second]),
            (&format!("q={gone}"), vec![]),
            ("village=341181107201", both.clone()),
            ("village=341181107201&month=2026-05", both.clone()),
            ("month=2026-04", vec![]),
            ("q=%E7%81%AF&lang=en", both),
            ("q=", vec![]),
            ("q=%22%20OR%20*", vec![]),
            ("village=x&month=y&page=0", vec![]),
        ] {
            let text = page(&app, &format!("/search?{query}")).await;
            assert_eq!(hits(&text), found, "{query}");
        }
        let text = page(&app, "/search?q=%E5%81%9C%E6%B0%B4").await; // 停水
        assert!(text.contains(&format!("href=\"/b/{bulletin}\"")), "{text}");
        let bad = ask(&app, "GET", "/search?page=-1", &[], "").await;
        assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    });
}

async fn office_bulletin(office: &Office, app: &Arc<App>) -> u64 {
    let (login, name) = ("zhou".to_owned(), "周编辑".to_owned());
    let editor = people::Who { login, name, role: Role::Editor, ..office.reviewer.clone() };
    let written = crate::bulletin::Written {
        column: "tongzhi".into(),
        title: "停水通知".into(),
        body: "明天停水 <b>&".into(),
        ..crate::bulletin::Written::default()
    };
    let id = crate::bulletin::emergency(app, &editor, written, 1).await.unwrap();
    review::publish(app, &[id], &office.reviewer).await.unwrap()[0].index
}

#[test]
fn feeds_and_the_map_name_what_stands_and_pages_have_one_code_each() {
    let office = Office::new();
    let app = office.open();
    wait(async {
        let n = published(&office, &app, 1).await;
        let gone = published(&office, &app, 2).await;
        review::withdraw(&app, gone, Reason::Personal, Source::Original, &office.reviewer)
            .await
            .unwrap();
        let bulletin = office_bulletin(&office, &app).await;
        let feed = ask(&app, "GET", "/v/341181107201/feed.atom", &[], "").await;
        assert!(feed.headers[header::CONTENT_TYPE].to_str().unwrap().contains("atom+xml"));
        let id = format!("<id>tag:xinjie.example,2026:log/r/{n}</id>");
        assert!(feed.text.contains(&id), "{}", feed.text);
        assert!(!feed.text.contains(&format!("/r/{gone}<")), "what was withdrawn is not in it");
        let all = page(&app, "/b/feed.atom").await;
        assert!(all.contains(&format!("2026:log/b/{bulletin}</id>")), "{all}");
        assert!(!all.contains("<b>&"), "{all}");
        for nowhere in ["/v/341181107299/feed.atom", "/b/feed.atom?column=nowhere"] {
            assert_eq!(ask(&app, "GET", nowhere, &[], "").await.status, StatusCode::NOT_FOUND);
        }
        let map = page(&app, "/sitemap.xml").await;
        let month = "/v/341181107201/2026-05".to_owned();
        for path in ["/".into(), month.clone(), format!("/r/{n}"), format!("/b/{bulletin}")] {
            assert!(map.contains(&format!("<loc>http://test{path}</loc>")), "{path} {map}");
        }
        assert!(!map.contains(&format!("/r/{gone}<")));
        assert!(page(&app, "/robots.txt").await.contains("Sitemap: http://test/sitemap.xml"));
        let village = "/v/341181107201".to_owned();
        let pages = ["/".into(), village, month, format!("/r/{n}"), format!("/b/{bulletin}")];
        for path in pages {
            let text = page(&app, &path).await;
            let codes: Vec<&str> =
                text.split("<img src=\"").filter(|part| part.contains("qr.png")).collect();
            let one =
                codes.iter().filter(|part| part.split('"').next().unwrap().ends_with("qr.png"));
            let one: Vec<_> = one.map(|part| part.split('"').next().unwrap()).collect();
            assert_eq!(one.len(), 1, "{path}");
            assert_eq!(ask(&app, "GET", one[0], &[], "").await.status, StatusCode::OK, "{path}");
            for property in
                ["og:title", "og:description", "og:url", "og:image", "og:locale", "og:type"]
            {
                assert!(
                    text.contains(&format!("<meta property=\"{property}\"")),
                    "{path} {property}"
                );
            }
        }
        let nowhere = ask(&app, "GET", "/v/341181107299/qr.png", &[], "").await;
        assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    });
}
