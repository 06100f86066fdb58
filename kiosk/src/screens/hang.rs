//! Where the darkroom's prints go when they are ready.

use slint::{ComponentHandle, Image, Model, ModelRc, VecModel};

use super::ui::{self, Api, AppWindow};
use crate::scan::darkroom::Print;

/// Hangs a print where it belongs, unless its page was left meanwhile.
pub(super) fn hang(ui: &AppWindow, serial: i32, print: Print) {
    let api = ui.global::<Api>();
    if api.get_serial() != serial {
        return;
    }
    let dots = api.get_dots();
    match print {
        Print::Thumb { row, pixels } => {
            let rows = api.get_receipts();
            if let Some(mut line) = rows.row_data(row) {
                (line.thumb, line.has_picture) = (Image::from_rgb8(pixels), true);
                rows.set_row_data(row, line);
            }
        }
        Print::Figure { row, pixels } => {
            let picture = Image::from_rgb8(pixels);
            if api.get_page() == ui::Page::Attract {
                let slide = ui::Slide { has_picture: true, picture, ..api.get_slide() };
                return api.set_slide(slide);
            }
            let rows = api.get_bulletin_pictures();
            if row < rows.row_count() {
                rows.set_row_data(row, ui::BulletinPicture { picture, has_picture: true });
            }
        }
        Print::Opened(levels) => {
            let Some(whole) = levels.first() else { return };
            let scan = ui::Scan {
                ready: true,
                width: whole.width() as f32,
                height: whole.height() as f32,
                ..ui::Scan::default()
            };
            let levels: Vec<Image> = levels.into_iter().map(Image::from_rgb8).collect();
            api.set_scan_level(levels.last().cloned().unwrap_or_default());
            api.set_scan_levels(ModelRc::new(VecModel::from(levels)));
            api.set_scan(scan);
        }
        Print::Missing => api.set_scan(ui::Scan { missing: true, ..ui::Scan::default() }),
        Print::Sharp { turn, sharp } if turn == api.get_scan_turn() => {
            let mut scan = api.get_scan();
            scan.sharp_x = sharp.x as f32 / dots;
            scan.sharp_y = sharp.y as f32 / dots;
            scan.sharp_width = sharp.pixels.width() as f32 / dots;
            scan.sharp_height = sharp.pixels.height() as f32 / dots;
            scan.sharp = Image::from_rgb8(sharp.pixels);
            scan.sharp_shown = true;
            api.set_scan(scan);
        }
        Print::Sharp { .. } => {}
    }
}
