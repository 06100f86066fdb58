//! What each page says, to be read from its pixels; not a word of it may be cut.

use super::common::{Seen, pack_bytes};
use firmware::board::Display;
use sim::reading;
use sim::sample::{PAGES, Sample};

/// Words of a page at 32 and at 24 px.
type Said = (&'static str, &'static [&'static str], &'static [&'static str]);

const SAID: &[Said] = &[
    ("empty", &["明白账", "连不上镇里的服务器。", "登记这块屏", "看状态"], &["手机扫码"]),
    (
        "home",
        &["新街村 · 明白账", "2026年6月", "35,500.00元", "10,887.85元", "小发票", "村务公开"],
        &[
            "新街镇",
            "15 张",
            "收入",
            "支出",
            "共 327 张",
            "共 58 篇",
            "手机扫码看",
            "3 小时前更新 ›",
        ],
    ),
    ("home-trouble", &["小发票"], &["送来的账本和这里的对不上。2 天前更新 ›"]),
    ("home-new", &["小发票"], &["共 0 张", "共 0 篇"]),
    (
        "months",
        &["‹ 返回", "首页", "小发票 · 按月看", "2026年6月", "15 张", "17 张"],
        &["收入 35,500.00元，支出 10,887.85元", "镇里说有 18 张", "村里声明：这个月没有收支"],
    ),
    (
        "month",
        &["2026年6月", "修东头水渠的水泥和沙子", "3,680.00元", "23,500.00元"],
        &[
            "收入 35,500.00元　支出 10,887.85元　共 15 张",
            "6月3日  新街建材店",
            "支出",
            "收入",
            "有 1 个字无法显示",
        ],
    ),
    ("month-nothing", &["2026年3月"], &["村里声明：这个月没有收支", "这个月没有票据"]),
    (
        "receipt",
        &["修东头水渠的水泥和沙子", "2026年6月3日，", "核验"],
        &["点开，共 2 张", "类别", "公益事业支出", "签名", "报账员李桂兰、", "照片上有 3 处遮住："],
    ),
    ("receipt-waiting-picture", &["端午慰问老人的粽子和鸡蛋"], &["照片还没有传到"]),
    ("receipt-rare", &["鱼塘承包费"], &["有 1 个字无法显示", "其他收入"]),
    ("receipt-no-picture", &["会计培训的交通费"], &["没有照片", "零星支出，没有取得发票"]),
    ("receipt-corrected", &["办公室茶叶", "这张票据已经更正，"], &[]),
    ("receipt-withdrawn", &["第 113 号票据", "这张票据已撤下，"], &["没有照片"]),
    ("receipt-withheld", &["第 114 号票据", "依法不公开"], &[]),
    ("receipt-waiting", &["第 115 号票据", "过一会儿再来看。"], &[]),
    (
        "bulletins",
        &["村务公开", "关于东头水渠清淤加固的公告", "第 203 号：已撤下"],
        &["村务公告  2026年7月5日", "里面有个人隐私"],
    ),
    (
        "bulletin",
        &["关于东头水渠清淤加固的公告", "各位村民：", "✓ 核验"],
        &["村务公告  2026年7月5日  镇办公室签"],
    ),
    ("bulletin-withdrawn", &["第 203 号公告"], &["公示  2026年7月3日  镇办公室签"]),
    (
        "seal",
        &["为什么说它没被改过？", "报账员李桂兰、", "它在全镇的账本里排第 101 号", "这块屏自己把"],
        &["这一条的指纹：4f2a 90c1 77de 03b8", "手机再核"],
    ),
    (
        "status",
        &["这块屏上的账本", "一切正常：", "登记这块屏"],
        &["最近一次更新", "3 小时前更新", "2026年7月4日 16:05", "2318 条", "2026年7月5日 10:30"],
    ),
    ("status-offline", &["暂时连不上镇里的服务器，", "登记这块屏"], &[]),
    ("status-forged", &["送来的内容没有通过核验："], &[]),
    ("status-rolled-back", &["镇里的服务器这次拿出的账本，"], &[]),
    ("status-forked", &["镇里的服务器这次拿出的账本，"], &[]),
    ("status-full", &["这块屏的存储满了，"], &[]),
    (
        "enrol",
        &["到镇里登记这块屏"],
        &["登记码：请在镇里的网页上输入", "核对码：请和网页上显示的比一比，一样才点同意"],
    ),
    ("enrol-waiting", &["正在向镇里要登记码，"], &[]),
    ("enrol-done", &["已经登记，名字是：新街村口"], &[]),
];

/// Pages that have no address of their own; all others show its code.
const UNADDRESSED: &[&str] = &["month", "bulletins", "enrol"];

pub fn every_page_is_whole(size: (u32, u32)) {
    let mut seen = Seen::new(size);
    let sample = Sample::new(pack_bytes());
    for (name, make) in PAGES {
        seen.stage.show(make(&sample));
        println!("{name}");
        if let Some((_, large, small)) = SAID.iter().find(|(page, _, _)| page == name) {
            large.iter().for_each(|said| seen.expect(said, 32));
            small.iter().for_each(|said| seen.expect(said, 24));
        }
        let addressed = !UNADDRESSED.iter().any(|page| name.starts_with(page));
        let qr = seen.qr();
        assert_eq!(qr.is_some(), addressed, "{name}");
        assert!(qr.is_none_or(|url| url.starts_with("https://xinjie.example/")), "{name}");
        edges_are_free(&seen, name);
        lines_begin_right(&seen, name);
    }
}

/// Nothing runs off the glass: no ink in its outermost pixels.
fn edges_are_free(seen: &Seen, name: &str) {
    let glass = &seen.stage.glass;
    let (width, height) = glass.size();
    let (width, height) = (width as i32, height as i32);
    let sides = (0..height).flat_map(|y| [(0, y), (1, y), (width - 2, y), (width - 1, y)]);
    let bottom = (0..width).flat_map(|x| [(x, height - 2), (x, height - 1)]);
    for (x, y) in sides.chain(bottom) {
        assert!(glass.at(x, y)[1] > 0xd0, "{name}: ink at {x}, {y}");
    }
}

/// No line begins with a mark that belongs to the end of the one before.
fn lines_begin_right(seen: &Seen, name: &str) {
    for mark in ["，", "。", "、", "；"] {
        let found = reading::find(&seen.stage.glass, &seen.pack, mark, 32);
        // A mark at the beginning of a line has nothing to its left: 40 px of one colour.
        for (x, y) in found {
            let glass = &seen.stage.glass;
            let left = (x - 40).max(0)..x;
            let ground = glass.at(x - 1, y - 20);
            let bare = left.into_iter().all(|x| (y - 24..y + 3).all(|y| glass.at(x, y) == ground));
            assert!(!bare, "{name}: “{mark}” begins a line at {x}, {y}");
        }
    }
}
