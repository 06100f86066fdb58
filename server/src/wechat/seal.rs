//! Safe mode: messages sealed with AES-256-CBC as WeChat's 消息加解密说明 lays them out: 16 random bytes, the length
//! (32 bits, big-endian), the message, the app id, padded to blocks of 32 bytes.

use aes::Aes256;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use ledger::encoding::{base64, from_base64};

/// Characters of an EncodingAESKey: 32 bytes in base64 without the `=` at their end.
const KEY_CHARS: usize = 43;
/// Bytes of a block of AES.
const BLOCK: usize = 16;
/// Bytes of a block of the padding: twice as many, so that usual programs cannot read it.
const PADDING: usize = 32;
/// Random bytes before the message.
const RANDOM: usize = 16;
/// Bytes before the message: the random ones and its length.
const HEAD: usize = RANDOM + 4;

/// What seals and opens the messages of one account.
pub struct Seal {
    key: [u8; 32],
    app_id: String,
}

impl Seal {
    /// The seal of an account; `None` when that is no EncodingAESKey.
    #[must_use]
    pub fn new(aes_key: &str, app_id: &str) -> Option<Self> {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        if aes_key.len() != KEY_CHARS || !aes_key.is_ascii() {
            return None;
        }
        // The account's page draws all 43 letters by lot, so the last one may carry two bits too many.
        let (first, last) = aes_key.split_at(KEY_CHARS - 1);
        let digit = DIGITS.iter().position(|digit| last.as_bytes() == [*digit])?;
        let last = char::from(*DIGITS.get(digit & !0b11)?);
        let key = from_base64(&format!("{first}{last}="))?;
        Some(Self { key: key.try_into().ok()?, app_id: app_id.to_owned() })
    }

    /// The message in a seal; `None` when it was broken or made for another account.
    #[must_use]
    pub fn open(&self, sealed: &str) -> Option<String> {
        let mut bytes = from_base64(sealed)?;
        if bytes.is_empty() || !bytes.len().is_multiple_of(BLOCK) {
            return None;
        }
        let mut cipher = cbc::Decryptor::<Aes256>::new(&self.key.into(), &self.iv().into());
        for block in bytes.chunks_exact_mut(BLOCK) {
            cipher.decrypt_block(block.try_into().ok()?);
        }
        let padding = usize::from(*bytes.last()?);
        let end = bytes.len().checked_sub(padding)?;
        let (plain, tail) = bytes.split_at(end);
        if !(1..=PADDING).contains(&padding) || tail.iter().any(|b| usize::from(*b) != padding) {
            return None;
        }
        let length: [u8; 4] = plain.get(RANDOM..HEAD)?.try_into().ok()?;
        let rest = plain.get(HEAD..)?;
        let (message, app_id) =
            rest.split_at_checked(usize::try_from(u32::from_be_bytes(length)).ok()?)?;
        let ours = app_id == self.app_id.as_bytes();
        ours.then(|| String::from_utf8(message.to_vec()).ok()).flatten()
    }

    /// Seals a message behind random bytes.
    #[must_use]
    pub fn close(&self, message: &str, random: [u8; RANDOM]) -> String {
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
        let mut bytes = [&random[..], &length, message.as_bytes(), self.app_id.as_bytes()].concat();
        let padding = PADDING - bytes.len() % PADDING;
        bytes.extend(std::iter::repeat_n(u8::try_from(padding).unwrap_or_default(), padding));
        let mut cipher = cbc::Encryptor::<Aes256>::new(&self.key.into(), &self.iv().into());
        for block in bytes.chunks_exact_mut(BLOCK) {
            if let Ok(block) = block.try_into() {
                cipher.encrypt_block(block);
            }
        }
        base64(&bytes)
    }

    /// The protocol takes the first half of the key; the random bytes in front make two seals differ.
    fn iv(&self) -> [u8; BLOCK] {
        let mut iv = [0; BLOCK];
        iv.copy_from_slice(&self.key[..BLOCK]);
        iv
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

    fn seal() -> Seal {
        Seal::new(KEY, "wx5823bf96d3bd56c7").unwrap()
    }

    #[test]
    fn the_published_example_is_opened() {
        let sealed = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==";
        assert_eq!(seal().open(sealed).unwrap(), "1616140317555161061");
        assert!(Seal::new(KEY, "wx0000000000000000").unwrap().open(sealed).is_none());
    }

    #[test]
    fn a_key_is_43_letters_and_two_bits_of_the_last_do_not_count() {
        let message = seal().close("一样", [7; 16]);
        for last in ["A", "B", "C", "D"] {
            let key = format!("{}{last}", &KEY[..42]);
            assert_eq!(
                Seal::new(&key, "wx5823bf96d3bd56c7").unwrap().open(&message).unwrap(),
                "一样"
            );
        }
        for bad in
            ["", &KEY[..42], &format!("{KEY}C"), &format!("{}=", &KEY[..42]), &"中".repeat(43)]
        {
            assert!(Seal::new(bad, "wx5823bf96d3bd56c7").is_none(), "{bad}");
        }
    }

    #[test]
    fn every_bit_of_the_last_blocks_counts() {
        let sealed = from_base64(&seal().close("新街村 10月", [9; 16])).unwrap();
        for at in sealed.len() - 32..sealed.len() {
            let mut broken = sealed.clone();
            broken[at] ^= 1;
            assert_ne!(seal().open(&base64(&broken)).as_deref(), Some("新街村 10月"), "byte {at}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_was_sealed_is_opened(text in "\\PC{0,80}", random: [u8; 16]) {
            let sealed = seal().close(&text, random);
            proptest::prop_assert_eq!(from_base64(&sealed).unwrap().len() % 32, 0);
            proptest::prop_assert_eq!(seal().open(&sealed), Some(text));
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = seal().open(&base64(&bytes));
            let blocks = bytes.len() / 16 * 16;
            let _ = seal().open(&base64(&bytes[..blocks]));
        }
    }
}
