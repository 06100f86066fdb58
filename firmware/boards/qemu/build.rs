//! Says where in the machine's memory each program lies.

use std::path::Path;

/// A program's memory, and the stack. The firmware's is at the bottom of the machine's memory: one that outgrows it runs into
/// nothing, which traps. The boot loader must be at the bottom itself, and is gone when the firmware runs.
const MEMORY: [(&str, &str, &str); 2] = [
    ("boot", "ORIGIN = 0x80000000, LENGTH = 1536K", "ORIGIN = 0x80180000, LENGTH = 512K"),
    ("firmware", "ORIGIN = 0x80200000, LENGTH = 62M", "ORIGIN = 0x80000000, LENGTH = 128K"),
];
/// Whose memory each program has.
const PROGRAMS: [(&str, &str); 3] =
    [("board-qemu", "firmware"), ("board-qemu-parts", "firmware"), ("board-qemu-boot", "boot")];

fn main() {
    let folder = std::env::var("OUT_DIR").unwrap_or_default();
    for (name, memory, stack) in MEMORY {
        let mut script = format!("MEMORY {{\n  RAM : {memory}\n  STACK : {stack}\n}}\n");
        for region in ["TEXT", "RODATA", "DATA", "BSS", "HEAP"] {
            script += &format!("REGION_ALIAS(\"REGION_{region}\", RAM);\n");
        }
        script += "REGION_ALIAS(\"REGION_STACK\", STACK);\n";
        // Of the compiler's own library, which has it for unwinding.
        script += "SECTIONS { /DISCARD/ : { *(.eh_frame .eh_frame.*) } }\n";
        let file = Path::new(&folder).join(format!("{name}.x"));
        if let Err(error) = std::fs::write(&file, script) {
            println!("cargo::error={}: {error}", file.display());
        }
    }
    for (program, memory) in PROGRAMS {
        println!("cargo::rustc-link-arg-bin={program}=-T{folder}/{memory}.x");
        println!("cargo::rustc-link-arg-bin={program}=-Tlink.x");
        // Nothing is mapped page by page here: no gaps in the file.
        println!("cargo::rustc-link-arg-bin={program}=--nmagic");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
