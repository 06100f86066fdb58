//! Any bytes as a photo: decoded, its paper found, measured, and made into the public picture.
#![no_main]
use libfuzzer_sys::fuzz_target;
use mingbai_uploader::edit::Edit;
use mingbai_uploader::photo::PhotoFile;
use mingbai_uploader::{paper, picture, sharpness};

fuzz_target!(|bytes: &[u8]| {
    let Ok(photo) = PhotoFile::of(bytes.to_vec()).and_then(PhotoFile::decode) else { return };
    let photo = photo.upright();
    let corners = paper::find(&photo);
    let gray = image::imageops::grayscale(&photo);
    let _ = sharpness::verdict(&sharpness::measure(&gray, corners.as_ref()));
    let edit = Edit { corners, even: true, ..Edit::default() };
    assert!(picture::render(photo, &edit).is_ok());
});
