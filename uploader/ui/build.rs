//! Compiles the screens, with the English words beside the Chinese ones they are written in.

use slint_build::{CompilerConfiguration, DefaultTranslationContext};

fn main() {
    println!(
        "cargo::rerun-if-changed=../../assets/words/uploader/en/LC_MESSAGES/mingbai-uploader-ui.po"
    );
    let config = CompilerConfiguration::new()
        .with_style("fluent-light".into())
        .with_bundled_translations("../../assets/words/uploader")
        .with_default_translation_context(DefaultTranslationContext::None);
    if let Err(error) = slint_build::compile_with_config("ui/app.slint", config) {
        println!("cargo::error={error}");
        std::process::exit(1);
    }
}
