//! How the machine ends or begins anew, and what happens when the program cannot go on: a line that says why, then anew.

use crate::{mmio, println};

/// QEMU's switch for that.
const SWITCH: usize = 0x0010_0000;
const OFF: u32 = 0x5555;
const FAILED: u32 = 0x3333;
const RESET: u32 = 0x7777;

/// Starts the board anew.
pub fn reset() -> ! {
    turn(RESET)
}

/// Ends the emulation; QEMU's own exit status is the code.
pub fn exit(code: u16) -> ! {
    turn(if code == 0 { OFF } else { u32::from(code) << 16 | FAILED })
}

fn turn(value: u32) -> ! {
    mmio::write(SWITCH, value);
    loop {
        riscv::asm::wfi();
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    println!("panic: {}", OneLine(info));
    reset()
}

/// A panic's place and words on one line.
struct OneLine<'a>(&'a core::panic::PanicInfo<'a>);

impl core::fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
        write!(f, "{}", self.0.message())?;
        self.0.location().map_or(Ok(()), |place| write!(f, " ({place})"))
    }
}

/// What the processor cannot do: an address where there is nothing, an instruction that it does not know.
#[unsafe(export_name = "ExceptionHandler")]
extern "C" fn trap(frame: &riscv_rt::TrapFrame) -> ! {
    let cause = riscv::register::mcause::read().code();
    let (at, value) = (riscv::register::mepc::read(), riscv::register::mtval::read());
    println!("trap: cause {cause} at {at:#x}, value {value:#x}, from {:#x}", frame.ra);
    reset()
}
