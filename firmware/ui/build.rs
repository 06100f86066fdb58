//! Compiles the pages, with the glyphs of their fixed words at the sizes that they use; and lists the characters of
//! these words, so that Rust knows what can be said without a glyph pack.

use slint_build::{CompilerConfiguration, EmbedResourcesKind};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Debian's fonts-noto-cjk. Without it Slint would take whatever font is there.
const FONT: &str = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";

fn main() {
    if let Err(error) = build() {
        println!("cargo::error={error}");
        std::process::exit(1);
    }
}

fn build() -> Result<(), Box<dyn std::error::Error>> {
    if !Path::new(FONT).exists() {
        return Err(format!("{FONT} is not there: apt-get install fonts-noto-cjk").into());
    }
    let config = CompilerConfiguration::new()
        .with_style("fluent-light".into())
        .embed_resources(EmbedResourcesKind::EmbedForSoftwareRenderer);
    slint_build::compile_with_config("ui/app.slint", config)?;

    let mut words = BTreeSet::new();
    for folder in ["ui", "ui/pages", "ui/widgets"] {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "slint") {
                // Every second piece between quotation marks is a literal; comments hold none.
                let text = std::fs::read_to_string(path)?;
                words.extend(text.split('"').skip(1).step_by(2).flat_map(str::chars));
            }
        }
    }
    let words: String = words.into_iter().collect();
    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("words.rs");
    let text =
        format!("/// The characters of the fixed words.\npub const WORDS: &str = {words:?};\n");
    std::fs::write(out, text)?;
    Ok(())
}
