//! The screen: an EK79007 of 1024 x 600 on MIPI-DSI, with its frame in external memory.

use embassy_time::Timer;
use esp_hal::gpio::{Level, Output, OutputConfig};
use esp_hal::mipi_dsi::dpi::{ColorFormat, DpiClockSource, DpiConfig, DsiDpi, FrameTiming};
use esp_hal::mipi_dsi::{Config, ConfigError, DataLanes, MipiDsi};
use esp_hal::peripherals::{GPIO26, GPIO27, MIPI_DSI, VDMA_CH0};
use slint::platform::software_renderer::Rgb565Pixel;

/// Width and height, pixels.
pub const SIZE: (u32, u32) = (1024, 600);
/// Bytes of a frame.
pub const FRAME: usize = (SIZE.0 * SIZE.1) as usize * size_of::<Rgb565Pixel>();

/// What the panel's maker has written into it before it is woken: two lanes, and its voltages.
const PANEL: [(u8, u8); 8] = [
    (0xb2, 0x10),
    (0x80, 0x8b),
    (0x81, 0x78),
    (0x82, 0x84),
    (0x83, 0x88),
    (0x84, 0xa8),
    (0x85, 0xe3),
    (0x86, 0x88),
];
/// Commands to every such panel.
const WAKE: u8 = 0x11;
const SHOW: u8 = 0x29;
/// The lanes' speed, Mbit/s, and that of pixels, MHz: about 60 frames a second.
const LANES: f32 = 1000.0;
const PIXELS: f32 = 52.0;

/// What the screen hangs on.
#[allow(missing_docs, reason = "the chip's own names")]
pub struct Pins {
    pub dsi: MIPI_DSI<'static>,
    pub dma: VDMA_CH0<'static>,
    pub reset: GPIO27<'static>,
    pub light: GPIO26<'static>,
}

/// The screen.
pub struct Display {
    dsi: DsiDpi<'static>,
    _light: Output<'static>,
}

impl Display {
    /// Wakes it. The frame is external memory on a multiple of 64, [`FRAME`] bytes.
    pub async fn start(pins: Pins, frame: &'static mut [u8]) -> Result<Display, ConfigError> {
        let mut reset = Output::new(pins.reset, Level::Low, OutputConfig::default());
        Timer::after_millis(10).await;
        reset.set_high();
        Timer::after_millis(120).await;
        let lanes =
            Config::default().with_num_data_lanes(DataLanes::_2).with_lane_bit_rate_mbps(LANES);
        let mut bus = MipiDsi::new(pins.dsi, pins.dma, lanes)?;
        let mut panel = bus.dbi(0);
        // Each of these is short: none can be too long.
        for (command, value) in PANEL {
            let _ = panel.write_cmd(command, &[value]);
        }
        let _ = panel.write_cmd(WAKE, &[]);
        Timer::after_millis(120).await;
        let _ = panel.write_cmd(SHOW, &[]);
        let dsi = bus.dpi(video(), &[frame])?;
        let light = Output::new(pins.light, Level::High, OutputConfig::default());
        Ok(Display { dsi, _light: light })
    }
}

fn video() -> DpiConfig {
    DpiConfig {
        virtual_channel: 0,
        pixel_clock_mhz: PIXELS,
        dpi_clk_src: DpiClockSource::PllF240m,
        in_color_format: ColorFormat::Rgb565,
        out_color_format: ColorFormat::Rgb565,
        timing: FrameTiming {
            h_active: SIZE.0,
            hsw: 10,
            hbp: 160,
            hfp: 160,
            v_active: SIZE.1,
            vsw: 1,
            vbp: 23,
            vfp: 12,
        },
    }
}

impl firmware::board::Display for Display {
    type Pixel = Rgb565Pixel;

    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn frame(&mut self) -> &mut [Rgb565Pixel] {
        let bytes = self.dsi.framebuffer_mut();
        // SAFETY: a pixel is a 16-bit number of any bits, and the frame begins on a multiple of 64.
        unsafe { bytes.align_to_mut().1 }
    }

    async fn present(&mut self, _area: (u32, u32, u32, u32)) {
        // There is one frame, which is on the glass all the time: what the processor still has in its cache goes there.
        self.dsi.commit();
    }
}
