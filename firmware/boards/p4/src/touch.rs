//! The glass: a GT911 on I2C, which is asked 50 times a second (the board does not lead its interrupt to the chip).

use embassy_time::{Duration, Ticker};
use esp_hal::Async;
use esp_hal::i2c::master::{Config, ConfigError, I2c};
use esp_hal::peripherals::{GPIO7, GPIO8, I2C0};
use esp_hal::time::Rate;
use firmware::board::Finger;

/// Its address is one of these, as its pins were when it got power.
const ADDRESSES: [u8; 2] = [0x5d, 0x14];
/// Its registers: how many fingers, and where the first one is.
const FINGERS: [u8; 2] = [0x81, 0x4e];
const PLACE: [u8; 2] = [0x81, 0x50];
/// In the first: there is something new; and the number.
const NEW: u8 = 0x80;
const NUMBER: u8 = 0x0f;

/// The glass.
pub struct Touch {
    bus: I2c<'static, Async>,
    address: u8,
    ticker: Ticker,
    down: bool,
}

impl Touch {
    /// Finds it.
    pub async fn start(
        bus: I2C0<'static>,
        data: GPIO7<'static>,
        clock: GPIO8<'static>,
    ) -> Result<Touch, ConfigError> {
        let config = Config::default().with_frequency(Rate::from_khz(400));
        let mut bus = I2c::new(bus, config)?.with_sda(data).with_scl(clock).into_async();
        let mut address = ADDRESSES[0];
        for one in ADDRESSES {
            if bus.write_async(one, &FINGERS).await.is_ok() {
                address = one;
                break;
            }
        }
        Ok(Touch { bus, address, ticker: Ticker::every(Duration::from_millis(20)), down: false })
    }

    /// Where the first finger is, if there is one; nothing where nothing is new, or nobody answers.
    async fn look(&mut self) -> Option<Option<(i32, i32)>> {
        let mut state = [0];
        self.bus.write_read_async(self.address, &FINGERS, &mut state).await.ok()?;
        if state[0] & NEW == 0 {
            return None;
        }
        let mut place = [0; 4];
        let some = state[0] & NUMBER > 0;
        if some {
            self.bus.write_read_async(self.address, &PLACE, &mut place).await.ok()?;
        }
        let [high, low] = FINGERS;
        self.bus.write_async(self.address, &[high, low, 0]).await.ok()?;
        let [x0, x1, y0, y1] = place;
        let at = (i32::from(u16::from_le_bytes([x0, x1])), i32::from(u16::from_le_bytes([y0, y1])));
        Some(some.then_some(at))
    }
}

impl firmware::board::Touch for Touch {
    async fn next(&mut self) -> Finger {
        loop {
            match self.look().await {
                Some(Some((x, y))) => {
                    self.down = true;
                    return Finger::At(x, y);
                }
                Some(None) if self.down => {
                    self.down = false;
                    return Finger::Up;
                }
                _ => self.ticker.next().await,
            }
        }
    }
}
