//! tmp
fn main() {
    let mut n = 0;
    mingbai_uploader::guard::hush_decoders();
    for f in std::env::args().skip(1) {
        if let Ok(p) = mingbai_uploader::photo::PhotoFile::read(f.as_ref()).and_then(|p| p.decode())
        {
            let t = mingbai_uploader::reading::first_look(&p.gray());
            if !t.is_empty() {
                n += 1;
                println!("{f}\t{:?}", t);
            }
        }
    }
    println!("{n}");
}
