//! Draws the window's pages into files, to look at them: `look FOLDER WIDTH HEIGHT PHOTO…`.
use mingbai_uploader_ui::{Api, Desk, Month, Paper, Standing, Undo};
use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{Platform, WindowAdapter, set_platform, update_timers_and_animations};
use slint::{
    ComponentHandle, ModelRc, PhysicalSize, PlatformError, Rgb8Pixel, SharedPixelBuffer, VecModel,
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

fn thumb(file: &Path) -> Result<slint::Image, Box<dyn Error>> {
    let small = image::open(file)?.thumbnail(240, 320).to_rgb8();
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
        thumb: thumb(file)?,
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
    let shoot = |name: &str| -> Result<(), Box<dyn Error>> {
        update_timers_and_animations();
        let mut pixels = vec![Rgb8Pixel::default(); (width * height) as usize];
        window.request_redraw();
        window.draw_if_needed(|renderer| {
            renderer.render(&mut pixels, width as usize);
        });
        let bytes: Vec<u8> = pixels.iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
        let file = folder.join(format!("{name}.png"));
        Ok(image::save_buffer(file, &bytes, width, height, image::ExtendedColorType::Rgb8)?)
    };
    let api = desk.global::<Api>();
    api.set_village("竹园村".into());
    api.set_month(Month { year: 2026, month: 7 });
    api.set_income("0.00".into());
    api.set_spending("0.00".into());
    shoot("month-empty")?;
    let papers =
        photos.iter().enumerate().map(|(n, file)| paper(n, file)).collect::<Result<Vec<_>, _>>()?;
    api.set_papers(ModelRc::new(VecModel::from(papers)));
    api.set_income("86,000.00".into());
    api.set_spending("14,116.50".into());
    api.set_open_count(3);
    api.set_ready_count(12);
    api.set_signed_count(5);
    api.set_returned_count(2);
    api.set_work_done(12);
    api.set_work_of(40);
    api.set_undo(Undo::Removed);
    shoot("month")?;
    api.set_practice(true);
    api.set_toast("已删去第 7 号".into());
    api.set_english(true);
    slint::select_bundled_translation("en")?;
    shoot("month-en")?;
    Ok(())
}
