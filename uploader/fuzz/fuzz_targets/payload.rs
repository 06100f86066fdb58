//! Any text as an invoice's code: what is chosen of it is what is parsed of it.
#![no_main]
use libfuzzer_sys::fuzz_target;
use marks::invoice;

fuzz_target!(|text: &str| {
    let texts: Vec<String> = text.split('\n').map(str::to_owned).collect();
    if let Some((chosen, code)) = invoice::choose(&texts) {
        let _ = code.fields();
        assert!(texts.iter().any(|text| text == chosen));
    }
});
