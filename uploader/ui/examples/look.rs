//! Draws the window's pages into files, to look at them, and says what a hand on them asks of the program:
//! `look FOLDER WIDTH HEIGHT PHOTO…`.
use mingbai_uploader_ui::{
    Api, Corner, CoverBox, Desk, Duplicate, Fact, FieldName, FieldRow, Ground, Month, Page, Paper,
    Standing, Undo, WarningRow,
};
use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{
    Key, Platform, PointerEventButton, WindowAdapter, WindowEvent, set_platform,
    update_timers_and_animations,
};
use slint::{
    ComponentHandle, LogicalPosition, ModelRc, PhysicalSize, PlatformError, Rgb8Pixel,
    SharedPixelBuffer, VecModel,
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

fn model<T: Clone + 'static>(rows: Vec<T>) -> ModelRc<T> {
    ModelRc::new(VecModel::from(rows))
}

fn picture(file: &Path, side: u32) -> Result<slint::Image, Box<dyn Error>> {
    let small = image::open(file)?.thumbnail(side, side).to_rgb8();
    let (width, height) = small.dimensions();
    Ok(slint::Image::from_rgb8(SharedPixelBuffer::clone_from_slice(small.as_raw(), width, height)))
}

fn paper(n: usize, file: &Path) -> Result<Paper, Box<dyn Error>> {
    let known = [
        ("1,286.00", "天长市秦栏镇惠民超市", Standing::Ready),
        ("", "", Standing::Open),
        ("12,480.50", "滁州市政工程有限公司", Standing::Signed),
        ("350.00", "中国石化天长加油站", Standing::Returned),
        ("86,000.00", "镇财政所", Standing::Published),
    ];
    let (amount, payee, standing) = known[n % known.len()];
    Ok(Paper {
        id: n as i32 + 1,
        has_thumb: true,
        thumb: picture(file, 320)?,
        amount: amount.into(),
        payee: payee.into(),
        income: standing == Standing::Published,
        missing: if standing == Standing::Open { 4 } else { 0 },
        warnings: (n % 3 == 1).into(),
        pages: 1 + i32::from(n % 4 == 2),
        standing,
        ..Paper::default()
    })
}

fn row(name: FieldName, value: &str) -> FieldRow {
    FieldRow { name, value: value.into(), ..FieldRow::default() }
}

fn words(words: &[&str]) -> ModelRc<slint::SharedString> {
    model(words.iter().map(|&word| word.into()).collect())
}

fn fields() -> Vec<FieldRow> {
    vec![
        FieldRow { machine: true, ..row(FieldName::Amount, "1,286.00") },
        FieldRow {
            options: words(&["收入", "支出"]),
            closed: true,
            ..row(FieldName::Direction, "支出")
        },
        FieldRow { machine: true, ..row(FieldName::Date, "2026-07-12") },
        row(FieldName::Purpose, "购买防汛物资：编织袋五百条、铁锹二十把、雨衣三十件"),
        FieldRow {
            missing: true,
            options: words(&["天长市秦栏镇惠民超市", "中国石化天长加油站", "张建国"]),
            ..row(FieldName::Payee, "")
        },
        FieldRow {
            missing: true,
            options: words(&["办公费", "差旅费", "维修费", "公益支出", "农业补贴", "误工补贴"]),
            ..row(FieldName::Category, "")
        },
        row(FieldName::Handler, "李秀兰"),
        FieldRow { missing: true, ..row(FieldName::Witness, "") },
        row(FieldName::Approver, "王德明"),
        FieldRow {
            options: words(&["转账", "现金"]),
            closed: true,
            ..row(FieldName::Payment, "转账")
        },
        FieldRow {
            wrong: "发票号码是 8 位或 20 位数字".into(),
            ..row(FieldName::InvoiceNumber, "2634200")
        },
        row(FieldName::Period, "2026-07"),
    ]
}

fn paper_page(api: &Api<'_>, photo: &Path) -> Result<(), Box<dyn Error>> {
    api.set_page(Page::Paper);
    api.set_place(1);
    api.set_paper(Paper { id: 12, missing: 3, ..paper(1, photo)? });
    api.set_fields(model(fields()));
    api.set_warnings(model(vec![
        WarningRow {
            text: "可能与第 9 号是同一张：同一天付给同一人同样的金额".into(),
            other: 9,
            grave: false,
        },
        WarningRow {
            text: "事由里有一个身份证号码，大家都会看到".into(), grave: true, other: 0
        },
    ]));
    api.set_picture(picture(photo, 1400)?);
    let corner = |x, y| Corner { x, y };
    api.set_corners(model(vec![
        corner(0.06, 0.07),
        corner(0.95, 0.05),
        corner(0.97, 0.94),
        corner(0.04, 0.96),
    ]));
    let cover =
        |x, y, ground, machine| CoverBox { x, y, width: 0.3, height: 0.06, ground, machine };
    api.set_covers(model(vec![
        cover(0.4, 0.32, Ground::Identity, true),
        cover(0.2, 0.7, Ground::Phone, false),
    ]));
    Ok(())
}

fn compare_page(api: &Api<'_>, left: &Path, right: &Path) -> Result<(), Box<dyn Error>> {
    let fact =
        |name, left: &str, right: &str| Fact { name, left: left.into(), right: right.into() };
    api.set_page(Page::Compare);
    api.set_duplicate(Duplicate {
        left: Paper { id: 12, ..paper(0, left)? },
        right: Paper { id: 9, ..paper(2, right)? },
        left_picture: picture(left, 900)?,
        right_picture: picture(right, 900)?,
        why: "同一天付给同一人同样的金额".into(),
        facts: model(vec![
            fact(FieldName::Amount, "1,286.00", "1,286.00"),
            fact(FieldName::Date, "2026-07-12", "2026-07-12"),
            fact(FieldName::Payee, "天长市秦栏镇惠民超市", "天长市秦栏镇惠民超市"),
            fact(FieldName::InvoiceNumber, "", "26342000000058119034"),
        ]),
    });
    Ok(())
}

/// The window in memory, and the hand on it.
struct Studio {
    window: Rc<MinimalSoftwareWindow>,
    folder: PathBuf,
    width: u32,
    height: u32,
}

impl Studio {
    fn shoot(&self, name: &str) -> Result<(), Box<dyn Error>> {
        update_timers_and_animations();
        let mut pixels = vec![Rgb8Pixel::default(); (self.width * self.height) as usize];
        self.window.request_redraw();
        self.window.draw_if_needed(|renderer| {
            renderer.render(&mut pixels, self.width as usize);
        });
        let bytes: Vec<u8> = pixels.iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
        let file = self.folder.join(format!("{name}.png"));
        let kind = image::ExtendedColorType::Rgb8;
        Ok(image::save_buffer(file, &bytes, self.width, self.height, kind)?)
    }

    fn press(&self, x: f32, y: f32) {
        let (position, button) = (LogicalPosition::new(x, y), PointerEventButton::Left);
        self.window.dispatch_event(WindowEvent::PointerMoved { position });
        self.window.dispatch_event(WindowEvent::PointerPressed { position, button });
    }

    fn pull(&self, x: f32, y: f32) {
        let position = LogicalPosition::new(x, y);
        self.window.dispatch_event(WindowEvent::PointerMoved { position });
    }

    fn release(&self, x: f32, y: f32) {
        let (position, button) = (LogicalPosition::new(x, y), PointerEventButton::Left);
        self.window.dispatch_event(WindowEvent::PointerReleased { position, button });
    }

    fn wheel(&self, x: f32, y: f32, delta_y: f32) {
        let position = LogicalPosition::new(x, y);
        self.window.dispatch_event(WindowEvent::PointerScrolled {
            position,
            delta_x: 0.0,
            delta_y,
        });
    }

    fn key(&self, key: impl Into<slint::SharedString>) {
        let text = key.into();
        self.window.dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
        self.window.dispatch_event(WindowEvent::KeyReleased { text });
        update_timers_and_animations();
    }

    fn ctrl_z(&self) {
        self.window.dispatch_event(WindowEvent::KeyPressed { text: Key::Control.into() });
        self.key("z");
        self.window.dispatch_event(WindowEvent::KeyReleased { text: Key::Control.into() });
    }

    fn month(&self, api: &Api<'_>, photos: &[PathBuf]) -> Result<(), Box<dyn Error>> {
        api.set_page(Page::Month);
        api.set_papers(ModelRc::default());
        api.set_work_of(0);
        self.shoot("month-empty")?;
        let papers = photos.iter().enumerate().map(|(n, file)| paper(n, file));
        api.set_papers(model(papers.collect::<Result<Vec<_>, _>>()?));
        api.set_work_done(12);
        api.set_work_of(40);
        self.shoot("month")?;
        api.set_practice(true);
        api.set_toast("已删去第 7 号".into());
        self.shoot("month-practice")?;
        api.set_practice(false);
        api.set_toast("".into());
        Ok(())
    }

    fn paper(&self, api: &Api<'_>, first: &Path, second: &Path) -> Result<(), Box<dyn Error>> {
        paper_page(api, first)?;
        api.set_field(4);
        api.set_cover(-1);
        self.shoot("paper")?;
        api.set_cover(1);
        api.set_pages(model(vec![picture(first, 200)?, picture(second, 200)?]));
        self.shoot("paper-cover")?;
        api.set_pages(ModelRc::default());
        api.set_cover(-1);

        println!("typed, and Ctrl+Z in the box:");
        self.key("x");
        println!("  typing {} {:?}", api.get_typing(), api.get_typed());
        self.ctrl_z();
        println!("  typing {} {:?}", api.get_typing(), api.get_typed());
        println!("Enter, and Ctrl+Z:");
        self.key(Key::Return);
        self.ctrl_z();

        println!("a box is moved, removed, drawn:");
        let (width, height) = (self.width as f32, self.height as f32);
        let (x, y) = (width * 0.24, 86.0 + 0.73 * (height - 180.0));
        self.press(x, y);
        self.pull(x + 40.0, y + 20.0);
        self.release(x + 40.0, y + 20.0);
        self.shoot("paper-moved")?;
        self.key(Key::Delete);
        api.set_covering(true);
        self.shoot("paper-covering")?;
        self.press(250.0, 300.0);
        self.pull(360.0, 380.0);
        self.shoot("paper-covering")?;
        self.release(360.0, 380.0);
        api.set_cover(0);
        for _ in 0..5 {
            self.wheel(330.0, 300.0, 30.0);
        }
        self.shoot("paper-zoom")?;

        println!("a ring is dragged:");
        api.set_corner_view(true);
        self.shoot("paper-corners")?;
        let (left, bottom) = (width * 0.171, height - 165.0);
        self.press(left, bottom);
        self.pull(left + 14.0, bottom - 18.0);
        self.shoot("paper-loupe")?;
        self.release(left + 14.0, bottom - 18.0);
        api.set_corner_view(false);

        api.set_cover(-1);
        api.set_paper(Paper { id: 12, ..paper(2, first)? });
        self.shoot("paper-signed")
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let folder = PathBuf::from(words.next().ok_or("FOLDER")?);
    let width: u32 = words.next().ok_or("WIDTH")?.parse()?;
    let height: u32 = words.next().ok_or("HEIGHT")?.parse()?;
    let photos: Vec<PathBuf> = words.map(PathBuf::from).collect();
    let [first, second, ..] = &photos[..] else { return Err("PHOTO PHOTO".into()) };
    let window = MinimalSoftwareWindow::new(RepaintBufferType::NewBuffer);
    set_platform(Box::new(Memory(window.clone())))?;
    let desk = Desk::new()?;
    desk.show()?;
    window.set_size(PhysicalSize::new(width, height));
    let api = desk.global::<Api>();
    api.on_undo_last(|| println!("  the desk's undo"));
    api.on_add_cover(|x, y, w, h| println!("  add-cover {x:.3} {y:.3} {w:.3} {h:.3}"));
    api.on_place_cover(|n| println!("  place-cover {n}"));
    api.on_remove_cover(|n| println!("  remove-cover {n}"));
    api.on_place_corners(|| println!("  place-corners"));
    api.on_confirm_field(|name, value| println!("  confirm-field {name:?} {value:?}"));
    api.set_village("竹园村".into());
    api.set_month(Month { year: 2026, month: 7 });
    api.set_income("86,000.00".into());
    api.set_spending("14,116.50".into());
    api.set_open_count(3);
    api.set_ready_count(12);
    api.set_signed_count(5);
    api.set_returned_count(2);
    api.set_undo(Undo::Removed);
    for language in ["", "en"] {
        api.set_english(language == "en");
        slint::select_bundled_translation(language)?;
        let studio =
            Studio { window: window.clone(), folder: folder.join(language), width, height };
        std::fs::create_dir_all(&studio.folder)?;
        studio.month(&api, &photos)?;
        studio.paper(&api, first, second)?;
        compare_page(&api, first, second)?;
        studio.shoot("compare")?;
    }
    Ok(())
}
