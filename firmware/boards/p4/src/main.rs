//! The firmware on the ESP32-P4-Function-EV-Board.
#![no_std]
#![no_main]

extern crate alloc;

mod chip;
mod display;
mod flash;
mod net;
mod touch;

use alloc::format;
use alloc::string::{String, ToString};
use chip::{Chance, Clock, Low, Watchdog};
use core::cell::RefCell;
use display::Display;
use embassy_executor::Spawner;
use esp_hal::clock::CpuClock;
use esp_hal::ethernet::RmiiPinBundle;
use esp_hal::ethernet::clock::ExternalRefClock;
use esp_hal::psram::Psram;
use esp_hal::rng::Rng;
use esp_hal::rtc_cntl::Rtc;
use esp_hal::timer::timg::TimerGroup;
use esp_println::println;
use esp_storage::FlashStorage;
use firmware::board::Chance as _;
use firmware::config::Config as Told;
use firmware::http::Net;
use firmware::run::{Config, Parts};
use firmware::screen::Link;
use firmware::store::Layout;
use flash::{Chip, Slots, Store};
use static_cell::StaticCell;
use touch::Touch;

esp_bootloader_esp_idf::esp_app_desc!();

/// Bytes of the heap, which is in external memory like the frame: beside that, the chip's own memory is for what is fast.
const HEAP: usize = 4 << 20;
/// Of the store: records, and what is left for pictures; bytes.
const RECORDS: u32 = 512 << 10;

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    println!("panic: {info}");
    esp_hal::system::software_reset()
}

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let Err(why) = start(spawner).await;
    println!("board: {why}");
    esp_hal::system::software_reset()
}

/// Runs the board for ever, or says why it cannot.
async fn start(spawner: Spawner) -> Result<core::convert::Infallible, String> {
    static LINK: Link = Link::new();
    static CHIP: StaticCell<Chip> = StaticCell::new();
    static LOW: StaticCell<Low> = StaticCell::new();
    let p = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    esp_rtos::start(TimerGroup::new(p.TIMG0).timer0, p.FROM_CPU_INTR0);
    let low = LOW.init(RefCell::new(Rtc::new(p.RTC_TIMER)));
    let mut watchdog = Watchdog::start(low);
    let (frame, rest) = memory(Psram::new(p.PSRAM, Default::default()))?;
    let chip = CHIP.init(RefCell::new(FlashStorage::new(p.FLASH)));
    let pack = flash::glyphs(chip, rest).map_err(|error| error.to_string())?;
    let told = Told::new(flash::told(chip).map_err(|error| error.to_string())?);
    let layout = Layout { records: 0..RECORDS, pictures: RECORDS..Store::SIZE };
    let config = Config::told(told, layout, "p4", env!("CARGO_PKG_VERSION"), pack);
    let config = config.map_err(|error| error.to_string())?;
    let mut chance = Chance(Rng::new());
    let mut seed = [0; 8];
    chance.fill(&mut seed);
    let pins = RmiiPinBundle {
        clock: ExternalRefClock::new(p.GPIO50),
        rxd0: p.GPIO29,
        rxd1: p.GPIO30,
        rx_dv: p.GPIO28,
        txd0: p.GPIO34,
        txd1: p.GPIO35,
        tx_en: p.GPIO49,
        mdc: p.GPIO31,
        mdio: p.GPIO52,
    };
    let net = net::start(spawner, p.ETH, p.GPIO51, pins, u64::from_le_bytes(seed)).await;
    let net = net.map_err(|error| format!("no network: {error:?}"))?;
    let pins = display::Pins { dsi: p.MIPI_DSI, dma: p.VDMA_CH0, reset: p.GPIO27, light: p.GPIO26 };
    let display = Display::start(pins, frame).await;
    let mut display = display.map_err(|error| format!("no screen: {error:?}"))?;
    let touch = Touch::start(p.I2C0, p.GPIO7, p.GPIO8).await;
    let mut touch = touch.map_err(|error| format!("no glass: {error:?}"))?;
    println!("board: village {}", config.source.village);
    let parts = Parts {
        display: &mut display,
        touch: &mut touch,
        net: Net { tcp: &net, dns: &net },
        flash: Store::new(chip),
        slots: &mut Slots::new(chip),
        clock: &mut Clock(low),
        chance: &mut chance,
        watchdog: &mut watchdog,
    };
    firmware::run::run(parts, &config, &LINK).await.map_err(|error| error.to_string())
}

/// Divides the external memory: the heap, the frame, and what is left.
fn memory(psram: Psram) -> Result<(&'static mut [u8], &'static mut [u8]), String> {
    let (start, size) = psram.raw_parts();
    if size < HEAP + display::FRAME {
        return Err("the external memory is not there".into());
    }
    // SAFETY: this memory is nobody else's, stays as long as the chip runs, and any bits are bytes; it is divided once, here, and its
    // parts do not overlap.
    let rest = unsafe {
        esp_alloc::HEAP.add_region(esp_alloc::HeapRegion::new(
            start,
            HEAP,
            esp_alloc::MemoryCapability::External.into(),
        ));
        core::slice::from_raw_parts_mut(start.add(HEAP), size - HEAP)
    };
    Ok(rest.split_at_mut(display::FRAME))
}
