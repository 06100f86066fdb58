//! Bulletins through the real router: written, sent, returned, corrected, paired, shown, and over.

use ledger::content::{BulletinContent, Importance, VideoRef};

use super::*;
use crate::bulletin::drafts::{self, Standing};
use crate::bulletin::{Written, media};
use crate::photo::tests::jpeg;
use crate::publish::{NewEntry, office_note};
use crate::{clock, markdown, pdf, video};

/// Someone of the office at their browser.
struct Desk {
    app: Arc<App>,
    cookie: String,
    token: String,
}

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn encoded(pairs: Pairs<'_>) -> String {
    let safe = |text: &str| -> String {
        text.bytes()
            .map(|b| {
                if b.is_ascii_alphanumeric() {
                    char::from(b).to_string()
                } else {
                    format!("%{b:02X}")
                }
            })
            .collect()
    };
    pairs.iter().map(|(k, v)| format!("{k}={}", safe(v))).collect::<Vec<_>>().join("&")
}

impl Desk {
    async fn of(app: &Arc<App>, login: &str) -> Self {
        let (cookie, token) = sign_in(app, login).await;
        Self { app: Arc::clone(app), cookie, token }
    }

    async fn get(&self, path: &str) -> Answer {
        ask(&self.app, "GET", path, &[("cookie", &self.cookie)], "").await
    }

    async fn post(&self, path: &str, pairs: Pairs<'_>) -> Answer {
        self.post_as(path, "text/html", pairs).await
    }

    async fn post_as(&self, path: &str, accept: &str, pairs: Pairs<'_>) -> Answer {
        let form = format!("token={}&{}", self.token, encoded(pairs));
        let headers = [("cookie", self.cookie.as_str()), ("accept", accept)];
        ask(&self.app, "POST", path, &headers, &form).await
    }

    /// Begins a bulletin; gives its address.
    async fn begin(&self, pairs: Pairs<'_>) -> String {
        let answer = self.post("/office/bulletins", pairs).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        answer.headers[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// The newest version's number, as the page says it.
    async fn version(&self, path: &str) -> String {
        let page = self.get(path).await.text;
        let (_, rest) = page.split_once("name=\"version\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// Sends a draft for review; gives the answer.
    async fn send(&self, path: &str, pairs: Pairs<'_>) -> Answer {
        let version = self.version(path).await;
        let mut all = vec![("version", version.as_str()), ("openness", "open")];
        all.extend(pairs.iter().filter(|(name, _)| *name != "openness"));
        if let Some(given) = pairs.iter().find(|(name, _)| *name == "openness") {
            all[1] = *given;
        }
        self.post(&format!("{path}/send"), &all).await
    }

    /// Sends a form with files.
    async fn upload(&self, path: &str, parts: &[Part<'_>]) -> Answer {
        const BOUNDARY: &str = "------------------------d74496d66958873e";
        let mut body = Vec::new();
        for Part(name, file, bytes) in parts {
            let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n"
            );
            body.extend([head.as_bytes(), bytes, b"\r\n"].concat());
        }
        body.extend(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.raw(path, &format!("multipart/form-data; boundary={BOUNDARY}"), body).await
    }

    async fn raw(&self, path: &str, kind: &str, body: Vec<u8>) -> Answer {
        let request = Request::builder().method("POST").uri(path).header("cookie", &self.cookie);
        let request = request.header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap();
        let service: Router = router(Arc::clone(&self.app));
        let answer = TowerToHyperService::new(service).call(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }
}

/// A part of a form: its name, its file's name, its bytes.
struct Part<'a>(&'a str, Option<&'a str>, &'a [u8]);

fn was_sent(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    assert_eq!(answer.headers[header::LOCATION], "/office/bulletins?sent=1");
}

fn pending(app: &App) -> Vec<review::Submission> {
    let operator = app.db.read(|c| crate::people::by_id(c, 1)).unwrap().unwrap();
    app.db.read(|c| review::list_pending(c, &operator)).unwrap()
}

async fn publish_all(office: &Office, app: &Arc<App>) -> Vec<u64> {
    let ids: Vec<String> = pending(app).into_iter().map(|one| one.id).collect();
    let done = review::publish(app, &ids, &office.reviewer).await.unwrap();
    done.into_iter().map(|one| one.index).collect()
}

const NOTICE: Pairs<'static> =
    &[("column", "tongzhi"), ("title", "停水通知"), ("body", "明天**停水**。")];

/// The notice with another title.
fn titled(title: &str) -> [(&str, &str); 3] {
    [NOTICE[0], ("title", title), NOTICE[2]]
}

fn start() -> (Office, Arc<App>) {
    let office = Office::new();
    let app = office.open();
    people(&app);
    (office, app)
}

#[test]
fn a_bulletin_is_written_sent_returned_sent_again_and_published() {
    let (office, app) = start();
    wait(async {
        let editor = Desk::of(&app, "editor").await;
        let path = editor.begin(&[]).await;
        let saved = [&[("version", "1")], NOTICE].concat();
        let answer = editor.post_as(&format!("{path}/save"), "application/json", &saved).await;
        assert!(answer.text.contains("\"version\":2"), "{}", answer.text);
        let preview = editor.post(&format!("{path}/preview"), NOTICE).await.text;
        assert!(
            preview.contains("<strong>停水</strong>") && preview.contains("还不能送审"),
            "{preview}"
        );
        let missing = editor.send(&path, &[NOTICE, &[("openness", "")]].concat()).await;
        assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            missing.text.contains("请选择公开属性") && missing.text.contains("写的内容已经保存")
        );
        was_sent(&editor.send(&path, NOTICE).await);
        // Nothing is written on what waits.
        let late = editor.post(&format!("{path}/save"), &saved).await;
        assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.text);
        assert!(editor.get("/office/bulletins").await.text.contains("停水通知"));
        let id = pending(&app)[0].id.clone();
        review::return_to(&app, &id, "标题写上日期", Source::Format, &office.reviewer)
            .await
            .unwrap();
        let page = editor.get(&path).await.text;
        assert!(page.contains("审核人员退回：</b>标题写上日期"), "{page}");
        was_sent(&editor.send(&path, &titled("6月停水通知")).await);
        let n = publish_all(&office, &app).await[0];
        let public = super::page(&app, &format!("/b/{n}")).await;
        for part in ["6月停水通知", "明天<strong>停水</strong>。", "（此件公开发布）", "已登记"]
        {
            assert!(public.contains(part), "{part}");
        }
        assert!(super::page(&app, "/").await.contains("6月停水通知"));
        assert_eq!(editor.get(&path).await.headers[header::LOCATION], "/office/bulletins");
    });
}

#[test]
fn an_older_window_writes_over_nothing_and_loses_nothing() {
    let (_office, app) = start();
    wait(async {
        let editor = Desk::of(&app, "editor").await;
        let path = editor.begin(&[]).await;
        let save = format!("{path}/save");
        let json = "application/json";
        editor
            .post_as(&save, json, &[("version", "1"), ("title", "新的"), ("body", "新正文")])
            .await;
        let older = editor.post_as(&save, json, &[("version", "1"), ("body", "旧正文")]).await;
        assert!(
            older.text.contains("\"version\":null") && older.text.contains("没有覆盖"),
            "{}",
            older.text
        );
        let page = editor.get(&path).await.text;
        assert!(page.contains("新正文") && page.contains("另一个窗口保存的"), "{page}");
        let by = Actor { login: "editor".into(), ..Actor::operator() };
        let id = path.rsplit('/').next().unwrap();
        let aside = |app: &App| {
            let versions = app.db.read(|c| drafts::versions(c, id)).unwrap();
            versions.into_iter().filter(|one| one.aside).collect::<Vec<_>>()
        };
        // The same window saves again: still one line beside.
        editor.post_as(&save, json, &[("version", "1"), ("body", "旧正文，又写了些")]).await;
        let kept = aside(&app);
        assert_eq!((kept.len(), kept[0].written.body.as_str()), (1, "旧正文，又写了些"));
        let (version, restored) = (editor.version(&path).await, kept[0].id.to_string());
        let form = [
            ("version", version.as_str()),
            ("title", "新的"),
            ("body", "新正文"),
            ("restore", &restored),
        ];
        editor.post(&format!("{path}/restore"), &form).await;
        let draft = app.db.read(|c| drafts::one(c, &by, id)).unwrap();
        assert_eq!(draft.written.body, "旧正文，又写了些");
        let bodies: Vec<String> = app
            .db
            .read(|c| drafts::versions(c, id))
            .unwrap()
            .into_iter()
            .map(|v| v.written.body)
            .collect();
        assert!(bodies.contains(&"新正文".to_owned()), "{bodies:?}");
        editor.post(&format!("{path}/delete"), &[]).await;
        assert!(app.db.read(|c| drafts::list(c, &by)).unwrap().is_empty());
        let page = editor.get(&format!("/office/bulletins?deleted={id}")).await.text;
        assert!(page.contains(&format!("{path}/undelete")));
        editor.post(&format!("{path}/undelete"), &[]).await;
        assert_eq!(app.db.read(|c| drafts::one(c, &by, id)).unwrap().standing, Standing::Writing);
    });
}

#[test]
fn another_editors_draft_is_as_if_it_were_not_there() {
    let (_office, app) = start();
    let new = NewAccount {
        login: "other".into(),
        name: "别人".into(),
        role: Role::Editor,
        village: None,
        password: PASSWORD.into(),
    };
    crate::people::add(&app.db, &new, &Actor::operator()).unwrap();
    wait(async {
        let path = Desk::of(&app, "editor").await.begin(NOTICE).await;
        let other = Desk::of(&app, "other").await;
        assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
        for deed in ["save", "preview", "send", "delete", "undelete", "restore", "remove"] {
            let answer = other.post(&format!("{path}/{deed}"), &[("version", "1")]).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{deed}");
        }
    });
}

#[test]
fn every_form_carries_the_token_and_only_the_editor_has_a_script() {
    let (office, app) = start();
    wait(async {
        let editor = Desk::of(&app, "editor").await;
        let path = editor.begin(&[("column", "wenjian")]).await;
        let other = editor.begin(NOTICE).await;
        was_sent(&editor.send(&other, NOTICE).await);
        let n = publish_all(&office, &app).await[0];
        let shown = format!("/office/shown/{n}");
        for path in [
            &path,
            "/office/bulletins",
            "/office/bulletins?deleted=abc",
            "/office/emergency",
            &shown,
        ] {
            let answer = editor.get(path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path} {}", answer.text);
            let forms: Vec<&str> = answer.text.split("<form").skip(1).collect();
            assert!(forms.len() > 1, "{path}");
            for form in forms {
                let form = form.split("</form>").next().unwrap();
                assert!(
                    form.contains(&format!("name=\"token\" value=\"{}\"", editor.token)),
                    "{form}"
                );
            }
            let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            let scripted = answer.text.contains("<script src=\"/office/editor.js\"");
            assert_eq!(scripted, path.len() > 40, "{path}");
            assert!(policy.contains("script-src 'self';"), "{policy}");
            assert!(!policy.contains("unsafe") && !answer.text.contains(" style="), "{path}");
        }
        for deed in ["save", "send", "delete", "restore", "remove", "preview", "undelete"] {
            let headers = [("cookie", editor.cookie.as_str())];
            let answer = ask(&app, "POST", &format!("{path}/{deed}"), &headers, "version=1").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{deed}");
        }
        assert!(editor.get("/office/editor.js").await.text.contains("use strict"));
    });
}

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)></style><b>";

#[test]
fn hostile_text_in_every_field_stays_text() {
    let (office, app) = start();
    wait(async {
        let editor = Desk::of(&app, "editor").await;
        let fields = [
            "title",
            "body",
            "unit",
            "source",
            "from",
            "until",
            "weekday",
            "explains",
            "no_explanation",
            "openness",
            "ground",
            "importance",
            "village",
            "column",
        ];
        let all: Vec<(&str, &str)> = fields.iter().map(|name| (*name, HOSTILE)).collect();
        let path = editor.begin(&all).await;
        let mut pages = vec![editor.post(&format!("{path}/preview"), &all).await.text];
        editor.post(&format!("{path}/save"), &[&[("version", "1")], &all[..]].concat()).await;
        pages.push(editor.get(&path).await.text);
        pages.push(editor.get("/office/bulletins").await.text);
        pages.push(editor.send(&path, &all).await.text);
        pages.push(editor.post("/office/emergency", &all).await.text);
        let good = [
            ("title", HOSTILE),
            ("body", HOSTILE),
            ("unit", HOSTILE.split_at(30).0),
            ("column", "wenjian"),
            ("no_explanation", HOSTILE),
            ("source", "https://www.gov.cn/?a='b"),
            ("importance", "normal"),
        ];
        let path = editor.begin(&[]).await;
        was_sent(&editor.send(&path, &good).await);
        pages.push(editor.get(&format!("/office/s/{}", pending(&app)[0].id)).await.text);
        let alarm = [("title", HOSTILE), ("body", HOSTILE), ("hours", "5"), ("column", "tongzhi")];
        was_sent(&editor.post("/office/emergency", &alarm).await);
        for n in publish_all(&office, &app).await {
            pages.push(super::page(&app, &format!("/b/{n}")).await);
            pages.push(editor.get(&format!("/office/shown/{n}")).await.text);
        }
        for path in ["/", "/b", "/b?lang=en"] {
            pages.push(super::page(&app, path).await);
        }
        for text in pages {
            let scripts = ["/office.js", "/office/editor.js"];
            let own = scripts.iter().fold(text, |text, script| {
                text.replace(&format!("<script src=\"{script}\" defer></script>"), "")
            });
            let own = own.replace("<script type=\"module\" src=\"/script/", "");
            for bad in ["<script", "<img src=x", "</style><b", "onerror=alert(2)>", "'b\""] {
                assert!(!own.contains(bad), "{bad} in {own}");
            }
        }
    });
}

/// A published video is served whole, in parts, and without what the camera said.
async fn plays(app: &Arc<App>, video: &VideoRef) {
    let film = format!("/blob/{}", video.sha256);
    let whole = ask(app, "GET", &film, &[], "").await;
    assert_eq!(whole.headers[header::CONTENT_TYPE], "video/mp4");
    assert!(!whole.text.contains("+32.3-118.3/"), "the camera's place is public");
    let length = video.bytes.to_string();
    assert_eq!(whole.headers[header::CONTENT_LENGTH], length);
    let part = ask(app, "GET", &film, &[("range", "bytes=4-7")], "").await;
    assert_eq!((part.status, part.text.as_str()), (StatusCode::PARTIAL_CONTENT, "ftyp"));
    assert_eq!(part.headers[header::CONTENT_RANGE], format!("bytes 4-7/{length}"));
    let beyond = ask(app, "GET", &film, &[("range", "bytes=99999999-")], "").await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    let tag = whole.headers[header::ETAG].to_str().unwrap();
    let again = ask(app, "GET", &film, &[("if-none-match", tag)], "").await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}

#[test]
fn pictures_pdfs_and_videos_are_taken_in_placed_removed_and_served() {
    let (office, app) = start();
    wait(async {
        let editor = Desk::of(&app, "editor").await;
        let path = editor.begin(&[]).await;
        let files = format!("{path}/files");
        let token = editor.token.clone();
        let token = Part("token", None, token.as_bytes());
        let (one, two, pages) = (jpeg(1), jpeg(2), pdf::tests::pdf(2));
        let parts = [
            token,
            Part("version", None, b"1"),
            Part("column", None, b"tongzhi"),
            Part("title", None, "通知".as_bytes()),
            Part("openness", None, b"open"),
            Part("body", None, "一 ![甲](图1) 二 ![乙](图2)".as_bytes()),
            Part("file", Some("../../../etc/passwd"), &one),
            Part("file", Some(""), b""),
            Part("file", Some("b.jpg"), &two),
            Part("file", Some("c.pdf"), &pages),
            Part("file", Some("d.mp4"), video::tests::REAL),
        ];
        let answer = editor.upload(&files, &parts).await;
        assert_eq!(
            answer.headers[header::LOCATION],
            format!("{path}?done=added"),
            "{}",
            answer.text
        );
        let by = Actor { login: "editor".into(), ..Actor::operator() };
        let id = path.rsplit('/').next().unwrap().to_owned();
        let written = || app.db.read(|c| drafts::one(c, &by, &id)).unwrap().written;
        let held = written();
        assert_eq!((held.images.len(), held.videos.len()), (4, 1));
        assert_eq!(held.title, "通知");
        let (version, gone) = (editor.version(&path).await, held.images[0].sha256.to_string());
        let form = [
            ("version", version.as_str()),
            ("body", &held.body),
            ("title", "通知"),
            ("column", "tongzhi"),
            ("sha256", &gone),
        ];
        editor.post(&format!("{path}/remove"), &form).await;
        let held = written();
        assert_eq!((held.images.len(), held.body.as_str()), (3, "一  二 ![乙](图1)"));
        let form = [("column", "tongzhi"), ("title", "通知"), ("body", held.body.as_str())];
        let page = editor.get(&path).await.text;
        assert!(page.contains(&format!("/office/blob/{}", held.videos[0].sha256)));
        was_sent(&editor.send(&path, &form).await);
        let n = publish_all(&office, &app).await[0];
        let public = super::page(&app, &format!("/b/{n}")).await;
        assert_eq!(public.matches("<img src=\"/blob/").count(), 3, "{public}");
        let film = format!("/blob/{}", held.videos[0].sha256);
        assert!(public.contains(&format!("<video src=\"{film}\"")) && !public.contains("autoplay"));
        plays(&app, &held.videos[0]).await;
        let (reason, source) = (Reason::Mistaken, Source::Format);
        review::withdraw(&app, n, reason, source, &office.reviewer).await.unwrap();
        assert_eq!(ask(&app, "GET", &film, &[], "").await.status, StatusCode::NOT_FOUND);
    });
}

async fn torn_forms_are_refused(editor: &Desk, files: &str) {
    let kind = "multipart/form-data; boundary=x";
    let mut torn = format!(
        "--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n{}\r\n--x\r\n",
        editor.token
    );
    torn.push_str("Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc");
    for (kind, body) in [
        (kind, "nothing of the kind".into()),
        (kind, String::new()),
        (kind, torn),
        ("multipart/form-data", "--x--".into()),
        ("application/x-www-form-urlencoded", format!("token={}", editor.token)),
    ] {
        let answer = editor.raw(files, kind, body.into_bytes()).await;
        assert!(answer.status.is_client_error(), "{kind} {}", answer.status);
    }
}

#[test]
fn a_bad_upload_changes_nothing_and_leaves_nothing() {
    let (office, app) = start();
    wait(async {
        let editor = Desk::of(&app, "editor").await;
        let path = editor.begin(&[]).await;
        let files = format!("{path}/files");
        let token = editor.token.clone();
        let token = || Part("token", None, token.as_bytes());
        let picture = jpeg(1);
        let file = || Part("file", Some("a.jpg"), &picture);
        for parts in
            [vec![file()], vec![file(), token()], vec![Part("token", None, b"x"), file()], vec![]]
        {
            assert_eq!(editor.upload(&files, &parts).await.status, StatusCode::FORBIDDEN);
        }
        let many: Vec<Part<'_>> = std::iter::once(token()).chain((0..30).map(|_| file())).collect();
        assert_eq!(editor.upload(&files, &many).await.status, StatusCode::PAYLOAD_TOO_LARGE);
        let text = vec![b'x'; 300 << 10];
        let long = [token(), Part("body", None, &text)];
        assert_eq!(editor.upload(&files, &long).await.status, StatusCode::PAYLOAD_TOO_LARGE);
        let large = vec![b'x'; usize::try_from(media::PICTURE_BYTES_MAX).unwrap() + 1];
        let large = editor.upload(&files, &[token(), Part("file", Some("x"), &large)]).await;
        assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(large.text.contains("20 MiB"), "{}", large.text);
        for (bytes, said) in [
            (&b"no picture"[..], "图片"),
            (b"%PDF-1.4 nothing", "PDF 打不开"),
            (b"\0\0\0\x0cftypisom\0\0\0\0", "损坏"),
        ] {
            let version = editor.version(&path).await;
            let answer = editor
                .upload(
                    &files,
                    &[
                        token(),
                        Part("version", None, version.as_bytes()),
                        Part("file", Some("x"), bytes),
                    ],
                )
                .await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(answer.text.contains(said), "{said}: {}", answer.text);
        }
        torn_forms_are_refused(&editor, &files).await;
        let left = std::fs::read_dir(office.data().path().join("private/upload")).unwrap().count();
        assert_eq!(left, 0);
        let by = Actor { login: "editor".into(), ..Actor::operator() };
        let id = path.rsplit('/').next().unwrap();
        let draft = app.db.read(|c| drafts::one(c, &by, id)).unwrap();
        assert!(draft.written.images.is_empty() && draft.written.videos.is_empty());
    });
}

/// Corrects the title of a published policy; gives the correction's index.
async fn correct(office: &Office, editor: &Desk, n: u64, title: &str) -> u64 {
    let begun = editor.post(&format!("/office/shown/{n}/correct"), &[("source", "format")]).await;
    let path = begun.headers[header::LOCATION].to_str().unwrap().to_owned();
    let form = [("column", "wenjian"), ("title", title), ("body", "正文"), ("unit", "党政办")];
    was_sent(&editor.send(&path, &form).await);
    publish_all(office, &editor.app).await[0]
}

/// An explanation of another unit than its policy's is not published.
async fn who_drafts_explains(office: &Office, editor: &Desk, waiting: &[review::Submission]) {
    let app = &editor.app;
    let other = editor.begin(&[]).await;
    let hash = waiting.iter().find(|one| one.body.as_ref().unwrap().contains("救助办法")).unwrap();
    let hash = ledger::hash::sha256(hash.body.as_ref().unwrap().as_bytes()).to_string();
    let form = [
        ("column", "zhengce"),
        ("title", "又一解读"),
        ("body", "x"),
        ("unit", "民政所"),
        ("explains", &hash),
    ];
    was_sent(&editor.send(&other, &form).await);
    let id = pending(app)[0].id.clone();
    let wrong = review::publish(app, &[id], &office.reviewer).await.unwrap_err();
    assert!(wrong.to_string().contains("谁起草、谁解读"), "{wrong}");
}

#[test]
fn a_policy_is_published_with_its_explanation_or_a_reason() {
    let (office, app) = start();
    wait(async {
        let editor = Desk::of(&app, "editor").await;
        let text = [("body", "正文"), ("unit", "党政办")];
        let policy = editor.begin(&[("column", "wenjian")]).await;
        let form = [&[("column", "wenjian"), ("title", "救助办法")], &text[..]].concat();
        let version = editor.version(&policy).await;
        editor
            .post(
                &format!("{policy}/save"),
                &[&[("version", version.as_str()), ("openness", "open")], &form[..]].concat(),
            )
            .await;
        let of = format!("draft:{}", policy.rsplit('/').next().unwrap());
        let explanation = editor.begin(&[("column", "zhengce"), ("explains", &of)]).await;
        assert!(editor.get(&explanation).await.text.contains("救助办法（草稿）"));
        let about =
            [&[("column", "zhengce"), ("title", "怎么申请"), ("explains", of.as_str())], &text[..]]
                .concat();
        // Sending the explanation sends its policy.
        was_sent(&editor.send(&explanation, &about).await);
        let waiting = pending(&app);
        assert_eq!(waiting.len(), 2);
        for one in &waiting {
            let alone =
                review::publish(&app, std::slice::from_ref(&one.id), &office.reviewer).await;
            assert_eq!(alone.unwrap_err().code(), "unpaired");
        }
        let reviewer = Desk::of(&app, "reviewer").await;
        let page = reviewer.get(&format!("/office/s/{}", waiting[0].id)).await.text;
        assert!(page.contains(&format!("name=\"id\" value=\"{}\"", waiting[1].id)), "{page}");
        let n = publish_all(&office, &app).await;
        let (first, second) = (
            super::page(&app, &format!("/b/{}", n[0])).await,
            super::page(&app, &format!("/b/{}", n[1])).await,
        );
        assert!(first.contains(&format!("<a href=\"/b/{}\">怎么申请</a>", n[1])), "{first}");
        assert!(second.contains(&format!("<a href=\"/b/{}\">救助办法</a>", n[0])), "{second}");
        let corrected = correct(&office, &editor, n[0], "救助办法（更正）").await;
        let text = super::page(&app, &format!("/b/{corrected}")).await;
        assert!(text.contains(&format!("<a href=\"/b/{}\">怎么申请</a>", n[1])), "{text}");
        let text = super::page(&app, &format!("/b/{}", n[1])).await;
        assert!(
            text.contains(&format!("<a href=\"/b/{corrected}\">救助办法（更正）</a>")),
            "{text}"
        );
        // A policy with a reason goes alone; without it does not.
        for (why, goes) in [("", false), ("只是转发通知", true)] {
            let path = editor.begin(&[]).await;
            was_sent(&editor.send(&path, &[&form[..], &[("no_explanation", why)]].concat()).await);
            let id = pending(&app)[0].id.clone();
            let done = review::publish(&app, std::slice::from_ref(&id), &office.reviewer).await;
            assert_eq!(done.is_ok(), goes, "{why}");
            if !goes {
                review::return_to(&app, &id, "缺解读", Source::Original, &office.reviewer)
                    .await
                    .unwrap();
            }
        }
        who_drafts_explains(&office, &editor, &waiting).await;
    });
}

#[test]
fn a_field_that_is_not_right_is_told_in_words() {
    let (_office, app) = start();
    wait(async {
        let editor = Desk::of(&app, "editor").await;
        let path = editor.begin(&[]).await;
        let (today, soon) =
            (clock::day_after(0).unwrap().to_string(), clock::day_after(5).unwrap().to_string());
        for (field, value, said) in [
            ("title", "", "标题要写"),
            ("column", "nowhere", "没有栏目 nowhere"),
            ("village", "341181107299", "没有代码为"),
            ("source", "https://evil.example/gov.cn", "名单里的政府网站"),
            ("until", soon.as_str(), "至少展示 10 天"),
            ("until", "2020-01-01", "早于第一天"),
            ("from", "某天", "展示日期写得不对"),
            ("openness", "withheld", "请选择法定理由"),
            ("no_explanation", "不用", "只有政策文件才填"),
            ("explains", "abc", "只有解读栏目"),
            ("body", "![x](图3)", "没有这张图片"),
            ("importance", "emergency", "紧急通知要写明展示到什么时候"),
        ] {
            let mut form = NOTICE.to_vec();
            form.retain(|(name, _)| *name != field);
            form.push((field, value));
            if field == "until" {
                form.push(("from", &today));
            }
            let answer = editor.send(&path, &form).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}={value}");
            assert!(answer.text.contains(said), "{field}={value}: {}", answer.text);
        }
        assert!(pending(&app).is_empty());
    });
}

#[test]
fn what_is_important_waits_for_the_leader() {
    let (office, app) = start();
    wait(async {
        let editor = Desk::of(&app, "editor").await;
        let path = editor.begin(&[]).await;
        was_sent(&editor.send(&path, &[NOTICE, &[("importance", "important")]].concat()).await);
        let id = pending(&app)[0].id.clone();
        let early = review::publish(&app, &[id], &office.reviewer).await.unwrap_err();
        assert!(early.to_string().contains("领导签批"), "{early}");
    });
}

#[test]
fn an_emergency_stands_above_the_pages_while_it_lasts() {
    let (office, app) = start();
    wait(async {
        let editor = Desk::of(&app, "editor").await;
        let form = |hours: &'static str, village: &'static str| {
            [
                ("title", "山洪预警"),
                ("body", "马上转移"),
                ("column", "tongzhi"),
                ("hours", hours),
                ("village", village),
            ]
        };
        for bad in ["0", "169", "x", "-1"] {
            let answer = editor.post("/office/emergency", &form(bad, "")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
            assert!(answer.text.contains("1 到 168 小时") && answer.text.contains("马上转移"));
        }
        was_sent(&editor.post("/office/emergency", &form("24", "341181107201")).await);
        let n = publish_all(&office, &app).await[0];
        for path in ["/", "/v/341181107201"] {
            let text = super::page(&app, path).await;
            let (alarm, rest) = (text.find("山洪预警").unwrap(), text.find("<h1>").unwrap());
            assert!(
                alarm < rest && text.contains("role=\"alert\"") && text.contains("马上转移"),
                "{path}"
            );
        }
        let (now, later) = (clock::unix_now(), clock::unix_now() + 25 * 3600);
        let at = |now| app.db.read(|c| view::emergencies(c, None, now)).unwrap().len();
        assert_eq!((at(now), at(later)), (1, 0));
        let elsewhere = app.db.read(|c| view::emergencies(c, Some("341181107202"), now)).unwrap();
        assert!(elsewhere.is_empty());
        let change = app.db.read(|c| view::next_change(c, now)).unwrap().unwrap();
        assert!((now + 23 * 3600..=now + 24 * 3600 + 2).contains(&change));
        assert!(super::page(&app, &format!("/b/{n}")).await.contains("紧急通知"));
    });
}

/// Publishes a content as it is, signed by the office.
fn publish_content(app: &App, content: &BulletinContent) -> u64 {
    let (body, hash) = content.to_bytes();
    let township = app.township.parse().unwrap();
    let time = clock::timestamp().unwrap();
    let statement = Statement::Bulletin { village: township, time, content: hash };
    let body = Some(String::from_utf8(body).unwrap());
    let entry =
        move |keys: &crate::publish::Keys| NewEntry::stated(office_note(keys, &statement), body);
    app.append(move |_, keys| Ok(vec![entry(keys)])).unwrap()[0].index
}

#[test]
fn what_is_over_stays_readable_and_what_is_shown_comes_first() {
    let (_office, app) = start();
    let plain =
        |n: u8, title: &str| BulletinContent::plain(Salt([n; 16]), "tongzhi", title, "正文");
    let day = |days| clock::edge_of(clock::day_after(days).unwrap(), true);
    publish_content(&app, &plain(1, "没有期限"));
    let over = publish_content(
        &app,
        &BulletinContent { from: day(-9), until: day(-2), ..plain(2, "过期的") },
    );
    publish_content(&app, &BulletinContent { from: day(2), until: day(20), ..plain(3, "以后的") });
    let alarm = BulletinContent {
        importance: Importance::Emergency,
        from: day(-3),
        until: day(-1),
        ..plain(4, "过了的警报")
    };
    publish_content(&app, &alarm);
    wait(async {
        let list = super::page(&app, "/b").await;
        let at = |text: &str| list.find(text).unwrap();
        assert!(at("没有期限") < at("过了的警报") && at("过了的警报") < at("以后的"), "{list}");
        assert!(at("以后的") < at("过期的"));
        assert!(list.contains("展示期已过") && list.contains("还没有开始展示"));
        assert!(!super::page(&app, "/").await.contains("role=\"alert\""));
        let text = super::page(&app, &format!("/b/{over}")).await;
        assert!(text.contains("展示期已过。") && text.contains("正文"));
        let past = super::page(&app, &format!("/b?before={over}&past=1")).await;
        assert!(!past.contains("过期的") && !past.contains("没有期限"));
    });
}

#[test]
fn a_correction_opens_as_a_draft_shows_both_and_takes_the_old_ones_place() {
    let (office, app) = start();
    wait(async {
        let editor = Desk::of(&app, "editor").await;
        let path = editor.begin(&[]).await;
        was_sent(&editor.send(&path, NOTICE).await);
        let first = publish_all(&office, &app).await[0];
        let mut newest = first;
        for (n, title) in ["停水通知（二）", "停水通知（三）"].into_iter().enumerate()
        {
            let shown = format!("/office/shown/{newest}");
            assert!(editor.get(&shown).await.text.contains("写更正"));
            let begun = editor.post(&format!("{shown}/correct"), &[("source", "original")]).await;
            let path = begun.headers[header::LOCATION].to_str().unwrap().to_owned();
            let page = editor.get(&path).await.text;
            assert!(
                page.contains("明天**停水**。") && page.contains(&format!("更正第 {first} 号")),
                "{page}"
            );
            was_sent(&editor.send(&path, &titled(title)).await);
            let id = pending(&app)[0].id.clone();
            let reviewed =
                Desk::of(&app, "reviewer").await.get(&format!("/office/s/{id}")).await.text;
            assert!(reviewed.contains("更正前") && reviewed.contains("更正后"), "{n} {reviewed}");
            newest = publish_all(&office, &app).await[0];
        }
        let list = super::page(&app, "/b").await;
        assert!(list.contains("停水通知（三）") && !list.contains("停水通知（二）"), "{list}");
        assert!(super::page(&app, &format!("/b/{first}")).await.contains(&format!("/b/{newest}")));
        let twice =
            editor.post(&format!("/office/shown/{first}/correct"), &[("source", "format")]).await;
        assert_eq!(twice.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn the_office_sees_where_a_bulletin_was_shown() {
    let (office, app) = start();
    wait(async {
        let editor = Desk::of(&app, "editor").await;
        let path = editor.begin(&[]).await;
        was_sent(&editor.send(&path, NOTICE).await);
        let n = publish_all(&office, &app).await[0];
        let shown = format!("/office/shown/{n}");
        assert!(editor.get(&shown).await.text.contains("已在 0 块屏上展示 0 天（至少 10 天）"));
        let screen = move |c: &rusqlite::Connection| {
            c.execute("INSERT INTO kiosk VALUES ('k', 'v', '新街村<b>', ?1, 0, NULL)", ["3411"])?;
            for day in 1..=11 {
                c.execute(
                    "INSERT INTO kiosk_display VALUES ('k', ?1, ?2, ?1 || 'T08:00:00+08:00',
                         ?1 || 'T20:00:00+08:00', 660)",
                    rusqlite::params![format!("2026-06-{day:02}"), n],
                )?;
            }
            Ok(())
        };
        app.db.write(screen).await.unwrap();
        for login in ["editor", "reviewer", "assessor", "accountant"] {
            let text = Desk::of(&app, login).await.get(&shown).await.text;
            assert!(
                text.contains("已在 1 块屏上展示 11 天（至少 10 天）") && text.contains("121"),
                "{text}"
            );
            assert!(text.contains("新街村&#60;b&#62;"));
        }
        assert_eq!(editor.get("/office/shown/999").await.status, StatusCode::NOT_FOUND);
        assert_eq!(editor.get("/office/shown/3").await.status, StatusCode::NOT_FOUND);
    });
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn no_draft_panics_its_preview(body in "[ -~\n图甲]{0,80}", from in "[0-9T:+-]{0,25}", url in "(https?://)?[ -~]{0,20}") {
        let written = Written { body, from, source: url, ..Written::default() };
        let content = written.sketch(&crate::rules::Rules::shipped().unwrap());
        let _ = markdown::render(&content.body, &content.images, "/blob/");
    }
}
