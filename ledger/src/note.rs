//! Signed notes (C2SP signed-note): a text and the signatures under it.

use crate::encoding::from_base64;
use crate::key::VerifierKey;
use alloc::{
    string::{String, ToString},
    vec::Vec,
};

/// Bytes of the largest note that is read.
pub const NOTE_BYTES_MAX: usize = 65_535;
/// The most signatures that a note may carry.
pub const SIGNATURES_MAX: usize = 64;
/// What a signature line begins with.
pub(crate) const SIGNATURE_MARK: &str = "— ";

/// Why a note was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadNote {
    /// Too long, not UTF-8, control characters, no empty line, no signature, or a line that is no signature.
    #[error("not a signed note")]
    Form,
    /// A key that is known did not make the signature that carries its name.
    #[error("the signature of {0} is wrong")]
    Signature(String),
    /// No signature is by a key that is known.
    #[error("not signed by any key that is known")]
    Unsigned,
}

/// One line under a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    /// The name the signer goes by.
    pub name: String,
    /// The key's id.
    pub id: u32,
    /// The bytes after the id.
    pub signature: Vec<u8>,
}

/// A note that was read; its signatures are not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

/// The note of a text (ending in a newline) and signature lines made by [`crate::key::SigningKey::sign`].
pub fn compose(text: &str, signature_lines: &[String]) -> String {
    let mut note = String::from(text);
    note.push('\n');
    note.extend(signature_lines.iter().map(String::as_str));
    note
}

impl Note {
    /// Reads a note; says nothing yet of who signed it.
    ///
    /// # Errors
    /// [`BadNote::Form`].
    pub fn parse(bytes: &[u8]) -> Result<Note, BadNote> {
        let read = || {
            if bytes.len() > NOTE_BYTES_MAX || bytes.iter().any(|b| *b < 0x20 && *b != b'\n') {
                return None;
            }
            let note = core::str::from_utf8(bytes).ok()?;
            let cut = note.rfind("\n\n")? + 1;
            let (text, lines) = (&note[..cut], note[cut + 1..].strip_suffix('\n')?);
            let signatures: Vec<_> =
                lines.split('\n').take(SIGNATURES_MAX + 1).map(read_line).collect::<Option<_>>()?;
            (signatures.len() <= SIGNATURES_MAX)
                .then(|| Note { text: text.to_string(), signatures })
        };
        read().ok_or(BadNote::Form)
    }

    /// What is signed, with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures as they stand, verified or not.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Those of `keys` that signed, each once, in the order of their lines. Signatures by other keys are passed over.
    ///
    /// # Errors
    /// [`BadNote::Signature`] if one of `keys` is named by a signature that it did not make;
    /// [`BadNote::Unsigned`] if none of `keys` signed.
    pub fn verify<'k>(
        &self,
        keys: impl Iterator<Item = &'k VerifierKey> + Clone,
    ) -> Result<Vec<&'k VerifierKey>, BadNote> {
        let mut signers: Vec<&VerifierKey> = Vec::new();
        for line in &self.signatures {
            let mut known = keys.clone().filter(|k| k.name() == line.name && k.id() == line.id);
            let Some(key) = known.next() else { continue };
            if !key.verifies(&self.text, &line.signature) {
                return Err(BadNote::Signature(line.name.clone()));
            }
            if !signers.contains(&key) {
                signers.push(key);
            }
        }
        if signers.is_empty() { Err(BadNote::Unsigned) } else { Ok(signers) }
    }
}

fn read_line(line: &str) -> Option<SignatureLine> {
    let (name, encoded) = line.strip_prefix(SIGNATURE_MARK)?.split_once(' ')?;
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+') {
        return None;
    }
    let bytes = from_base64(encoded)?;
    let (id, signature) = bytes.split_first_chunk::<4>()?;
    (!signature.is_empty()).then(|| SignatureLine {
        name: name.to_string(),
        id: u32::from_be_bytes(*id),
        signature: signature.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{SigningKey, cosignature_time};
    use alloc::format;

    /// Vectors of the C2SP texts and of Go's sumdb/note.
    const FOO: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const FOO_NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    const NEUMANN: &str =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const COSIGNER: &str =
        "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O";
    const COSIGNED: &str = "rome2026h1.example.org\n300\ngw31yQrqZZCcEOPrzX+bpy3nJ6QgngTKn8G1m0i62uU=\n\n— mirror.example.org P7FI7wAAAABpVGeAjA1S4pJm6MbcXjX7UUImu4azZtrfcVW2uyr/LXIYlwEJzXC0N0EiZkbqfLdXt/4gVEEuGmxJjAfXKMCISpsJAg==\n";

    fn verify<'k>(note: &str, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, BadNote> {
        Note::parse(note.as_bytes())?.verify(keys.iter())
    }

    #[test]
    fn published_vectors_verify() {
        let foo: VerifierKey = FOO.parse().unwrap();
        assert_eq!(foo.to_string(), FOO);
        assert_eq!(verify(FOO_NOTE, &[foo]).unwrap().len(), 1);
        let cosigner: VerifierKey = COSIGNER.parse().unwrap();
        assert_eq!(cosigner.to_string(), COSIGNER);
        assert_eq!(verify(COSIGNED, &[cosigner]).unwrap().len(), 1);
        let line = &Note::parse(COSIGNED.as_bytes()).unwrap().signatures()[0].clone();
        assert_eq!(cosignature_time(&line.signature), Some(1_767_139_200));
    }

    #[test]
    fn a_witness_cosigns_what_any_reader_of_the_format_verifies_and_with_its_time() {
        use crate::key::CosigningKey;
        let key = CosigningKey::from_seed("witness.example", [5; 32]).unwrap();
        let verifier = key.verifier();
        assert_eq!(verifier.to_string().parse(), Ok(verifier.clone()));
        // The published note's text, cosigned: two cosigners stand side by side.
        let text = Note::parse(COSIGNED.as_bytes()).unwrap().text().to_string();
        let note = format!("{COSIGNED}{}", key.cosign(&text, 1_767_139_260));
        let published: VerifierKey = COSIGNER.parse().unwrap();
        assert_eq!(verify(&note, &[verifier.clone(), published]).unwrap().len(), 2);
        let own = &Note::parse(note.as_bytes()).unwrap().signatures()[1].clone();
        assert_eq!(cosignature_time(&own.signature), Some(1_767_139_260));
        assert_eq!(own.signature.len(), 8 + 64);
        // The time is signed too, and a plain signature by the same secret is no cosignature.
        let mut later = own.signature.clone();
        later[7] ^= 1;
        assert!(verifier.verifies(&text, &own.signature) && !verifier.verifies(&text, &later));
        let plain = SigningKey::from_seed("witness.example", [5; 32]).unwrap();
        assert_ne!(plain.verifier().id(), verifier.id());
        let secret = key.to_secret_text();
        assert_eq!(secret.parse::<CosigningKey>().unwrap().verifier(), verifier);
        assert!(secret.parse::<SigningKey>().is_err() && NEUMANN.parse::<CosigningKey>().is_err());
        assert!(!format!("{key:?}").contains("BAUF"), "a secret was printed");
    }

    #[test]
    fn a_published_key_signs_as_published() {
        let key: SigningKey = NEUMANN.parse().unwrap();
        assert_eq!(key.to_secret_text(), NEUMANN);
        let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        assert_eq!(
            key.sign(text),
            "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
        );
        assert!(!format!("{key:?}").contains("AYEK"), "a secret was printed");
    }

    /// RFC 8032 section 7.1, tests 1 and 2: seed, public key, message, signature.
    #[test]
    fn rfc_8032_vectors_sign() {
        use crate::encoding::{from_hex, hex};
        for (seed, public, message, signature) in [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                "r",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
        ] {
            let key = SigningKey::from_seed("rfc8032", from_hex(seed).unwrap()).unwrap();
            assert_eq!(hex(key.verifier().public()), public);
            let line = key.sign(message);
            let bytes = from_base64(line.trim_end().rsplit(' ').next().unwrap()).unwrap();
            assert_eq!(hex(&bytes[4..]), signature);
        }
    }

    #[test]
    fn a_changed_text_name_or_signature_is_refused() {
        let keys = [FOO.parse().unwrap()];
        let wrong = BadNote::Signature("example.com/foo".into());
        assert_eq!(
            verify(&FOO_NOTE.replace("example message", "exemple message"), &keys),
            Err(wrong.clone())
        );
        assert_eq!(verify(&FOO_NOTE.replace("Uw2QOkn8", "Uw2QOkn9"), &keys), Err(wrong));
        assert_eq!(verify(&FOO_NOTE.replace("foo Uw2", "bar Uw2"), &keys), Err(BadNote::Unsigned));
        for bad in [
            "",
            "\n",
            "text\n\n",
            "text\n\n— name\n",
            "text\n\n— name AAAA\n",
            "text\n\n- name AAAAAAA=\n",
            "te\txt\n\n— n AAAAAAA=\n",
            FOO_NOTE.trim_end(),
            &FOO_NOTE.replace("aQM=", "aQN="),
            &format!("{FOO_NOTE}\n"),
        ] {
            assert_eq!(verify(bad, &keys), Err(BadNote::Form), "{bad:?}");
        }
    }

    #[test]
    fn several_signatures_and_unknown_ones_are_read() {
        let keys: Vec<_> =
            [1, 2, 3].map(|n| SigningKey::from_seed(&format!("k{n}"), [n; 32]).unwrap()).into();
        let lines: Vec<String> = keys.iter().map(|k| k.sign("text\n\nmore\n")).collect();
        let note = compose("text\n\nmore\n", &lines);
        let known: Vec<_> = keys[..2].iter().map(SigningKey::verifier).collect();
        assert_eq!(Note::parse(note.as_bytes()).unwrap().text(), "text\n\nmore\n");
        assert_eq!(verify(&note, &known).unwrap().len(), 2);
        let many = compose("text\n", &alloc::vec![keys[0].sign("text\n"); SIGNATURES_MAX + 1]);
        assert_eq!(verify(&many, &known), Err(BadNote::Form));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_the_reader(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = Note::parse(&bytes);
            let text = String::from_utf8_lossy(&bytes);
            let _ = (text.parse::<VerifierKey>(), text.parse::<SigningKey>().is_ok());
            let _ = text.parse::<crate::key::CosigningKey>().is_ok();
        }

        #[test]
        fn any_flipped_byte_of_a_note_is_noticed(at in 0..FOO_NOTE.len(), bit in 0..8) {
            let mut bytes = FOO_NOTE.as_bytes().to_vec();
            bytes[at] ^= 1u8 << bit;
            let keys: [VerifierKey; 1] = [FOO.parse().unwrap()];
            let opened = Note::parse(&bytes).and_then(|n| n.verify(keys.iter()).map(|_| ()));
            proptest::prop_assert!(opened.is_err());
        }
    }
}
