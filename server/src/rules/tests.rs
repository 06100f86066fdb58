use proptest::prelude::*;

use super::*;

fn shipped() -> Rules {
    Rules::shipped().unwrap()
}

/// The shipped file with one text in it, which must be there, changed to another.
fn changed(from: &str, to: &str) -> String {
    assert!(SHIPPED.contains(from), "{from}");
    SHIPPED.replacen(from, to, 1)
}

fn refused(text: &str) -> String {
    Rules::read(text.as_bytes()).unwrap_err().to_string()
}

/// The line, counted from 1, that a text begins on.
fn line_of(text: &str, part: &str) -> usize {
    text[..text.find(part).unwrap()].matches('\n').count() + 1
}

#[test]
fn what_the_program_came_with_is_what_the_law_says() {
    let rules = shipped();
    let terms =
        [&rules.publication.ad_hoc, &rules.publication.display, &rules.publication.proactive];
    assert_eq!(terms.map(|term| term.days.get()), [10, 10, 20]);
    assert_eq!(rules.publication.proactive.unit, Unit::WorkingDay);
    assert_eq!(rules.publication.monthly.day.get(), 15);
    assert_eq!(rules.publication.monthly.if_off, IfOff::SameDay);
    assert_eq!((rules.answers.village.days.get(), rules.answers.township.days.get()), (3, 10));
    assert_eq!(rules.reminders(), [10, 5, 2, 0]);
    assert_eq!(rules.kiosk_silent_hours(), 26);
    assert_eq!(rules.grounds().map(|(id, _)| id).collect::<Vec<_>>(), GROUNDS);
    assert!(rules.ground("privacy").unwrap().basis.as_str().contains("第十五条"));
    assert!(rules.ground("whim").is_none());
    assert_eq!(
        Indicator::ALL.map(|indicator| rules.assessment.of(indicator)).iter().sum::<u32>(),
        100
    );
}

#[test]
fn the_larger_the_amount_the_more_people_agree() {
    let rules = shipped();
    let one = Approval { supervisors: 1, leader: false, resolution: false };
    let two = Approval { supervisors: 2, ..one };
    let all = Approval { supervisors: 2, leader: true, resolution: true };
    for (fen, approval) in [
        (1, one),
        (499_999, one),
        (500_000, two),
        (4_999_999, two),
        (5_000_000, all),
        (Fen::MAX.0, all),
    ] {
        assert_eq!(rules.approval(Fen(fen)), approval, "{fen}");
    }
}

#[test]
fn a_profile_may_ask_for_no_signature_at_all() {
    let start = SHIPPED.find("[[approval.steps]]").unwrap();
    let end = SHIPPED.find("# 超过这个数").unwrap();
    let steps = "[[approval.steps]]\nsupervisors = 0\nleader = false\nresolution = false\n";
    let text = format!("{}{steps}{}", &SHIPPED[..start], &SHIPPED[end..]);
    let rules = Rules::read(text.as_bytes()).unwrap();
    let none = Approval { supervisors: 0, leader: false, resolution: false };
    assert_eq!(rules.approval(Fen::MAX), none);
}

#[test]
fn cash_above_the_limit_is_noticed() {
    let rules = shipped();
    assert!(rules.should_be_transferred(Fen(100_001), Some(Payment::Cash)));
    assert!(!rules.should_be_transferred(Fen(100_000), Some(Payment::Cash)));
    assert!(!rules.should_be_transferred(Fen(100_001), Some(Payment::Transfer)));
    assert!(!rules.should_be_transferred(Fen(100_001), None));
}

#[test]
fn a_leader_signs_by_importance_or_by_column() {
    let rules =
        Rules::read(changed("leader_columns = []", r#"leader_columns = ["zhengce"]"#).as_bytes())
            .unwrap();
    assert!(!rules.needs_leader("cunwu", "normal"));
    assert!(rules.needs_leader("zhengce", "normal"));
    assert!(rules.needs_leader("cunwu", "important"));
    assert!(rules.needs_leader("cunwu", "whatever"), "unknown: better ask");
}

#[test]
fn only_listed_hosts_and_those_below_them_may_be_repeated() {
    let rules = shipped();
    let good = [
        "https://www.gov.cn/a",
        "http://gov.cn",
        "HTTPS://XX.CQ.GOV.CN:8443/a?b#c",
        "https://news.cctv.com",
    ];
    for url in good {
        assert!(rules.source_of(url).is_some(), "{url}");
    }
    let bad = [
        "",
        "gov.cn",
        "ftp://gov.cn",
        "https://mygov.cn",
        "https://gov.cn.evil.com",
        "https://evil.com/gov.cn",
        "https://evil.com\\.gov.cn",
        "https://www.gov.cn@evil.com",
        "https://evil.com:x@gov.cn",
        "https://.gov.cn",
        "https:///gov.cn",
    ];
    for url in bad {
        assert!(rules.source_of(url).is_none(), "{url}");
    }
}

#[test]
fn a_mistake_is_refused_with_its_line_and_in_chinese() {
    for (from, to, why) in [
        ("days = 3\n", "days = 3\ncolour = 1\n", "没有这一项：`colour`"),
        ("days = 3\n", "days = 0\n", "应为 1 到 90 的整数"),
        ("days = 3\n", "days = -3\n", "应为 1 到 90 的整数"),
        ("days = 3\n", "days = \"3\"\n", "类型不对：string \"3\"，应为不加引号的整数"),
        ("days = 3\n", "days = 3\ndays = 4\n", "同一项写了两遍"),
        ("days = 3\n", "days = \n", "不是正确的 TOML 写法"),
        ("days = 3\n", "", "缺少`days`"),
        ("unit = \"working-day\"", "unit = \"week\"", "没有这种写法：`week`，应为"),
        ("leader = false", "leader = 0", "应为 true 或 false"),
        ("name = \"重庆市村务公开规则\"", "name = 3", "应为加引号的文字"),
        ("leader_columns = []", "leader_columns = \"a\"", "应为方括号里的一列"),
        ("day = 15", "day = 29", "应为 1 到 28 的整数"),
        ("reminders = [10, 5, 2, 0]", "reminders = [0, 2]", "应从多到少排"),
        ("silent_hours = 26", "silent_hours = 0", "应为 1 到 720"),
        ("label = \"国家秘密\"", "label = \" \"", "应为一行 1 到 200 字的文字"),
        ("on-time = 25 ", "on-time = 26 ", "考核权重加起来是 101，应为 100"),
        ("on-time = 25 ", "", "8 项考核权重都要写"),
        ("on-time = 25 ", "off-time = 25 ", "没有这种写法：`off-time`"),
        ("[grounds.safety]", "[grounds.whim]", "缺少 grounds.safety"),
        ("host = \"news.cn\"", "host = \"https://news.cn\"", "应是小写的主机名"),
        ("host = \"news.cn\"", "host = \"gov.cn\"", "来源的 host 重复"),
        ("id = \"important\"", "id = \"normal\"", "重要程度的 id 重复"),
        ("supervisors = 1", "supervisors = 6", "supervisors 应为 0 到 5"),
        ("supervisors = 1", "supervisors = 3", "要求不能比金额小的低"),
        ("below_yuan = 50000\n", "below_yuan = 5000\n", "从小到大"),
        ("below_yuan = 50000\n", "", "只有最后一档可以不写"),
        ("\n[kiosk]", "\n[kiosks]", "没有这一项：`kiosks`"),
    ] {
        let said = refused(&changed(from, to));
        assert!(said.contains(why), "{from:?} → {to:?}: {said}");
        assert!(!said.contains('\n'), "{said}");
    }
    let wrong = changed("unit = \"working-day\"", "unit = \"week\"");
    let line = line_of(&wrong, "unit = \"week\"");
    assert!(refused(&wrong).starts_with(&format!("第 {line} 行")), "{}", refused(&wrong));
    let wrong = changed("days = 3\n", "days = 300\n");
    let line = line_of(&wrong, "days = 300");
    assert!(refused(&wrong).starts_with(&format!("第 {line} 行")), "{}", refused(&wrong));
    let wrong = changed("days = 3\n", "days = 3\ncolour = 1\n");
    let line = line_of(&wrong, "colour");
    assert!(refused(&wrong).starts_with(&format!("第 {line} 行")), "{}", refused(&wrong));
}

#[test]
fn a_file_of_another_encoding_or_size_is_refused() {
    assert_eq!(Rules::read(b"name = \"\xd6\xd8\xc7\xec\""), Err(BadRules::Encoding), "GBK");
    assert_eq!(Rules::read(&vec![b'#'; RULES_BYTES_MAX + 1]), Err(BadRules::TooLarge));
    let with_mark = format!("\u{feff}{}", SHIPPED.replace('\n', "\r\n"));
    assert_eq!(Rules::read(with_mark.as_bytes()), Ok(shipped()), "as Windows saves it");
    assert!(refused("").contains("缺少`name`"));
}

#[test]
fn an_imported_file_counts_and_a_bad_one_leaves_it() {
    let directory = tempfile::tempdir().unwrap();
    let data = DataDir::at(directory.path());
    assert_eq!(Rules::load(&data).unwrap(), shipped());
    let file = directory.path().join("new.toml");
    std::fs::write(&file, changed("silent_hours = 26", "silent_hours = 48")).unwrap();
    import(&data, &file).unwrap();
    assert_eq!(Rules::load(&data).unwrap().kiosk_silent_hours(), 48);
    std::fs::write(&file, changed("silent_hours = 26", "silent_hours = 0")).unwrap();
    let error = import(&data, &file).unwrap_err();
    assert_eq!(error.code(), "bad-rules");
    assert!(error.to_string().contains("请改正后再试"), "{error}");
    assert_eq!(Rules::load(&data).unwrap().kiosk_silent_hours(), 48);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Rules::read(&bytes);
    }

    #[test]
    fn any_damage_to_a_file_is_read_or_refused_in_one_line(
        at in 0..SHIPPED.len(), gone in 0usize..40, new in "[ -~\n]{0,12}",
    ) {
        let mut bytes = SHIPPED.as_bytes().to_vec();
        let end = (at + gone).min(bytes.len());
        bytes.splice(at..end, new.into_bytes());
        if let Err(bad) = Rules::read(&bytes) {
            prop_assert!(!bad.to_string().contains('\n'));
        }
    }

    #[test]
    fn any_address_has_a_source_or_none(url in ".{0,60}") {
        let _ = shipped().source_of(&url);
    }
}
