//! What a board is told when it is set up: lines of `name=value` in a part of its flash, up to the first erased byte. The
//! firmware only reads it.

/// The configuration.
#[derive(Clone, Copy, Debug)]
pub struct Config<'f>(&'f str);

impl<'f> Config<'f> {
    /// Reads it; what is not text is none.
    #[must_use]
    pub fn new(flash: &'f [u8]) -> Config<'f> {
        let text = flash.split(|byte| *byte == 0xff).next().unwrap_or_default();
        Config(core::str::from_utf8(text).unwrap_or_default())
    }

    /// A value by its name.
    #[must_use]
    pub fn get(self, name: &str) -> Option<&'f str> {
        let mut values = self.0.lines().filter_map(|line| line.split_once('='));
        values.find(|(one, _)| *one == name).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_end_where_the_flash_is_erased() {
        let config = Config::new(b"server=http://h:1/a=b\nvillage=1\n\xff\nlog=x\n");
        assert_eq!(config.get("server"), Some("http://h:1/a=b"));
        assert_eq!(config.get("village"), Some("1"));
        assert_eq!(config.get("log"), None);
    }

    #[test]
    fn what_is_erased_or_no_text_says_nothing() {
        assert_eq!(Config::new(&[0xff; 8]).get("server"), None);
        assert_eq!(Config::new(b"server=\xc0\n").get("server"), None);
        assert_eq!(Config::new(b"").get(""), None);
    }
}
