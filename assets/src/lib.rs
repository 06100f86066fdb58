//! A sample township, drawn from a seed: the papers of its villages as photos, its bulletins, and the
//! list of what they say. Every name in it is made up.

pub mod books;
pub mod bulletins;
pub mod capitals;
pub mod dice;
pub mod drawing;
pub mod endorsement;
pub mod exif;
pub mod fuel;
pub mod grain;
pub mod hand;
pub mod income;
pub mod invoice;
pub mod light;
pub mod make;
pub mod paper;
pub mod payroll;
pub mod people;
pub mod photo;
pub mod print;
pub mod qr;
pub mod sheet;
pub mod slip;
pub mod spending;
pub mod stamp;
pub mod table;
pub mod township;
pub mod typeface;
pub mod voucher;

use std::path::PathBuf;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A typeface is not installed.
    #[error("缺少字体 {0}：请安装 fonts-noto-cjk（apt-get install fonts-noto-cjk）")]
    Font(PathBuf),
    /// A picture could not be encoded.
    #[error("图片写不成：{0}")]
    Picture(#[source] image::ImageError),
    /// The list could not be written as JSON.
    #[error("清单写不成：{0}")]
    List(#[source] serde_json::Error),
    /// A file or folder could not be written.
    #[error("写不进 {0}：{1}")]
    Write(PathBuf, #[source] std::io::Error),
    /// The folder holds something that is not a sample.
    #[error("目录 {0} 里已有别的东西：请换一个空目录")]
    Occupied(PathBuf),
    /// A drawing thread ended before its time.
    #[error("画图线程意外中断")]
    Thread,
}
