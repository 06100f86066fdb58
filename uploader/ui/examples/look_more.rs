//! Draws signing, sending, returned, phone, keys and the first start into files, to look at them:
//! `look_more FOLDER WIDTH HEIGHT PHOTO…`.
use mingbai_uploader_ui::{
    Api, Delivery, Desk, Month, Page, Paper, Returned, SendRow, Shot, SignRow, Standing,
};
use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{
    Platform, WindowAdapter, WindowEvent, set_platform, update_timers_and_animations,
};
use slint::{
    ComponentHandle, Image, ModelRc, PhysicalSize, PlatformError, Rgb8Pixel, SharedPixelBuffer,
    SharedString, VecModel,
};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::rc::Rc;

struct Memory(Rc<MinimalSoftwareWindow>);

impl Platform for Memory {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(self.0.clone())
    }
}

fn thumb(file: &Path) -> Result<Image, Box<dyn Error>> {
    let small = image::open(file)?.thumbnail(240, 320).to_rgb8();
    let (width, height) = small.dimensions();
    Ok(Image::from_rgb8(SharedPixelBuffer::clone_from_slice(small.as_raw(), width, height)))
}

/// Something of a code's looks and size; no phone could read it.
fn code(side: u32) -> Image {
    let mut pixels = SharedPixelBuffer::<Rgb8Pixel>::new(side, side);
    let mut noise = 7_u32;
    for pixel in pixels.make_mut_slice() {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let shade = if noise >> 31 == 0 { 0 } else { 255 };
        *pixel = Rgb8Pixel { r: shade, g: shade, b: shade };
    }
    Image::from_rgb8(pixels)
}

fn papers(photos: &[PathBuf]) -> Result<Vec<Paper>, Box<dyn Error>> {
    let known = [
        ("1,286.00", "天长市秦栏镇惠民超市", "七月份办公用品"),
        ("350.00", "中国石化天长加油站", "抽水抗旱用柴油"),
        ("12,480.50", "滁州市政工程有限公司", "村部至三组道路维修第二期工程款"),
        ("", "", ""),
        ("86,000.00", "秦栏镇财政所", "上级拨付村级运转经费"),
        ("4,200.00", "王秀英等 6 人", "河道保洁劳务费"),
        ("980.00", "天长市供电公司", "村部电费"),
        ("265.00", "秦栏镇老张五金店", "水泵配件"),
        ("1,103,286.35", "安徽省天长市水利建筑安装工程有限责任公司", "高标准农田灌溉渠"),
    ];
    let mut all = Vec::new();
    for (n, (amount, payee, purpose)) in known.into_iter().enumerate() {
        let photo = photos.get(n % photos.len().max(1));
        all.push(Paper {
            id: n as i32 + 1,
            has_thumb: photo.is_some(),
            thumb: photo.map(|file| thumb(file)).transpose()?.unwrap_or_default(),
            amount: amount.into(),
            payee: payee.into(),
            purpose: purpose.into(),
            income: payee.ends_with("财政所"),
            standing: Standing::Ready,
            ..Paper::default()
        });
    }
    Ok(all)
}

fn model<T: Clone + 'static>(rows: Vec<T>) -> ModelRc<T> {
    ModelRc::new(VecModel::from(rows))
}

fn fill(api: &Api<'_>, papers: &[Paper]) {
    let lists = papers.iter().enumerate();
    let sign = lists.clone().map(|(n, paper)| SignRow {
        paper: paper.clone(),
        lacking: if n == 3 { "金额、日期、事由、收款人".into() } else { "".into() },
        warning: match n {
            1 => "与第 17 号相像，可能重复".into(),
            5 => "这个金额还要有人签：村民理财小组组长".into(),
            _ => "".into(),
        },
        ticked: n == 1,
    });
    api.set_sign_rows(model(sign.collect()));
    api.set_sign_income("86,000.00".into());
    api.set_sign_spending("1,118,647.85".into());
    api.set_sign_count(7);
    let send = lists.clone().filter(|(n, _)| *n != 3).map(|(n, paper)| SendRow {
        paper: paper.clone(),
        sent: n < 3,
        refused: if n > 2 {
            "钥匙还没有登记，请先把登记文字交给办公室".into()
        } else {
            "".into()
        },
    });
    api.set_send_rows(model(send.collect()));
    let reasons = [
        "发票号码看不清，请把发票重新拍一张",
        "金额 12,480.50 和合同对不上；请附上第二期工程的验收单，并请村民理财小组的张大爷也签字，再重新报送",
        "缺审批人",
    ];
    let returned = lists.zip(reasons).map(|((_, paper), reason)| Returned {
        paper: paper.clone(),
        reason: reason.into(),
        source: "秦栏镇“三资”办公室".into(),
        day: "7月28日".into(),
    });
    api.set_returned(model(returned.collect()));
    let shots = [
        ("14:12", true, "第 41 号，发票，金额 1,286.00 元"),
        ("14:11", false, "照片不清楚，请拿稳手机再拍一张"),
        ("14:11", true, "第 40 号，收据，没有二维码"),
        ("14:10", true, "第 39 号，发票，金额 350.00 元"),
        ("14:09", false, "这张和第 17 号是同一张发票"),
        ("14:09", true, "第 38 号"),
        ("14:08", true, "第 37 号"),
    ];
    let shots = shots.map(|(time, good, verdict)| Shot {
        time: time.into(),
        good,
        verdict: verdict.into(),
    });
    api.set_shots(model(shots.to_vec()));
    api.set_qr(code(37));
    api.set_enrolment_qr(code(45));
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let folder = PathBuf::from(words.next().ok_or("FOLDER")?);
    let width: u32 = words.next().ok_or("WIDTH")?.parse()?;
    let height: u32 = words.next().ok_or("HEIGHT")?.parse()?;
    let photos: Vec<PathBuf> = words.map(PathBuf::from).collect();
    let window = MinimalSoftwareWindow::new(RepaintBufferType::NewBuffer);
    set_platform(Box::new(Memory(window.clone())))?;
    let desk = Desk::new()?;
    desk.show()?;
    window.set_size(PhysicalSize::new(width, height));
    let api = desk.global::<Api>();
    api.set_village("竹园村".into());
    api.set_month(Month { year: 2026, month: 7 });
    let papers = papers(&photos)?;
    fill(&api, &papers);
    api.set_papers(model(papers));
    let shoot = |name: &str, page: Page| -> Result<(), Box<dyn Error>> {
        api.set_page(page);
        let mut pixels = vec![Rgb8Pixel::default(); (width * height) as usize];
        // The first drawing makes the page, the second has the keyboard where it belongs.
        for _ in 0..2 {
            update_timers_and_animations();
            window.request_redraw();
            window.draw_if_needed(|renderer| {
                renderer.render(&mut pixels, width as usize);
            });
        }
        let bytes: Vec<u8> = pixels.iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
        let end = if api.get_english() { "-en" } else { "" };
        let file = folder.join(format!("{name}{end}.png"));
        Ok(image::save_buffer(file, &bytes, width, height, image::ExtendedColorType::Rgb8)?)
    };
    let press = |text: &str| {
        for text in text.chars().map(SharedString::from) {
            desk.window().dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
            desk.window().dispatch_event(WindowEvent::KeyReleased { text });
        }
    };
    api.on_tick(|row, ticked| println!("tick {row} {ticked}"));
    api.on_see(|paper| println!("see {paper}"));
    api.on_redo(|paper| println!("redo {paper}"));
    api.on_sign(|| println!("sign"));
    api.on_back(|| println!("back"));
    api.on_pair_phone(|| println!("pair"));
    api.on_backup(|word| println!("backup {word}"));
    api.on_enrol(|village, name, post, server| println!("enrol {village} {name} {post} {server}"));
    api.on_open_paper(|place| println!("open {place}"));
    let (down, f5, f9, escape) = ("\u{F701}", "\u{F708}", "\u{F70C}", "\u{1b}");
    for language in ["zh", "en"] {
        api.set_english(language == "en");
        slint::select_bundled_translation(if language == "en" { "en" } else { "" })?;
        // English is looked at where there is least room: with the bar of practice, and at the end of the list.
        api.set_practice(language == "en");
        api.set_row(if language == "en" { 8 } else { 0 });
        shoot("sign", Page::Sign)?;
        press(&format!("{down} \n{f9}{escape}"));
        shoot("sign-pressed", Page::Sign)?;
        api.set_delivery(Delivery::Running);
        api.set_sent(3);
        shoot("send-running", Page::Send)?;
        api.set_delivery(Delivery::Cut);
        api.set_cut("连不上，服务器可能没有开".into());
        shoot("send-cut", Page::Send)?;
        api.set_delivery(Delivery::Done);
        shoot("send-done", Page::Send)?;
        api.set_row(1);
        shoot("returned", Page::Returned)?;
        press(&format!("{down}\n"));
        api.set_address("http://192.168.31.107:8420/#7d1c…".into());
        shoot("phone", Page::Phone)?;
        press(f5);
        api.set_paired(true);
        api.set_shots_in(7);
        shoot("phone-paired", Page::Phone)?;
        api.set_paired(false);
        api.set_pairing_over("码已过期，请扫新码".into());
        shoot("phone-over", Page::Phone)?;
        api.set_pairing_over("".into());
        shoot("setup", Page::Setup)?;
        press("3411811");
        shoot("setup-wrong", Page::Setup)?;
        press("07201\n王秀英\n\nhttps://mingbai.example\n");
        shoot("setup-full", Page::Setup)?;
        let vkey = "enrol: 341181107201 341181107201+6f2a19c3+AZ4n0s3vT1m8XkqkJ5y2Qb0pW7uHc9dLrEfGxYtNaPoi";
        api.set_enrolment(vkey.into());
        shoot("setup-done", Page::Setup)?;
        shoot("keys", Page::Keys)?;
        press("correct horse\ncorrect house");
        shoot("keys-wrong", Page::Keys)?;
        press("\u{8}\u{8}\u{8}rse\n");
        shoot("keys-kept", Page::Keys)?;
        shoot("month", Page::Month)?;
        press("\n");
        api.set_enrolment("".into());
    }
    Ok(())
}
