//! Compiles the pages. They bring no font: Rust makes one of the glyph pack, or of the spare one.

use slint_build::{CompilerConfiguration, EmbedResourcesKind};

fn main() {
    let config = CompilerConfiguration::new()
        .with_style("fluent-light".into())
        .embed_resources(EmbedResourcesKind::EmbedFiles);
    if let Err(error) = slint_build::compile_with_config("ui/app.slint", config) {
        println!("cargo::error={error}");
    }
}
