//! An accountant's key in a test's hand: signs receipts as fast as a machine can, with pictures or without.

use crate::Result;
use ledger::content::{Content, Direction, ImageRef, Invoice, Openness, ReceiptContent, Salt};
use ledger::hash::sha256;
use ledger::key::SigningKey;
use ledger::money::Fen;
use ledger::{note, statement::Statement};
use std::path::Path;

/// A key and the village it signs for.
pub struct Pen {
    key: SigningKey,
    village: String,
}

/// A submission as it goes to the server.
#[derive(Debug, Clone)]
pub struct Submission {
    /// What the server will call it.
    pub id: String,
    /// The signed note.
    pub statement: String,
    /// The content object.
    pub content: String,
}

impl Submission {
    /// The body of `POST /api/submissions`.
    pub fn body(&self) -> String {
        serde_json::json!({ "statement": self.statement, "content": self.content }).to_string()
    }
}

const PURPOSES: [&str; 6] =
    ["路灯维修", "办公用品", "清运垃圾", "防汛物资", "村道修补", "水泵电费"];
const PAYEES: [&str; 5] = ["新街五金店", "合心农资站", "县供电公司", "大庙建材", "柳塘加油站"];
const CATEGORIES: [&str; 4] = ["维修费", "办公费", "公益事业", "水电费"];

impl Pen {
    /// Takes the key that `mingbai-uploader init` left below this folder.
    pub fn take(uploader: &Path, village: &str) -> Result<Pen> {
        let mut folders = vec![uploader.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(text) = std::fs::read_to_string(&path)
                    && let Ok(key) = text.trim().parse()
                {
                    return Ok(Pen { key, village: village.into() });
                }
            }
        }
        Err(format!("no key below {}", uploader.display()).into())
    }

    /// The `n`th receipt of a long list, in one of six months: see [`Pen::receipt_of`].
    pub fn receipt(&self, n: u64) -> Result<Submission> {
        self.receipt_of(n, &format!("2026-{:02}", 5 + n % 6))
    }

    /// The `n`th receipt of a long list, of a month (`YYYY-MM`): every one with its own salt, amount, day and, half of
    /// them, invoice number.
    pub fn receipt_of(&self, n: u64, month: &str) -> Result<Submission> {
        self.pictured(n, month, Vec::new())
    }

    /// The same with pictures, which have still to be sent.
    pub fn pictured(&self, n: u64, month: &str, images: Vec<ImageRef>) -> Result<Submission> {
        let mut random = [0; 24];
        getrandom::fill(&mut random)?;
        let (salt, number) = random.split_at(16);
        let number = number.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte)) >> 8;
        let pick = |list: &[&str]| list[n as usize % list.len()].to_string();
        let content = ReceiptContent {
            salt: Salt(salt.try_into()?),
            direction: Direction::Out,
            amount: Fen(1 + (n * 7_919 % 1_000_000) as i64),
            date: format!("{month}-{:02}", 1 + n % 28).parse()?,
            purpose: format!("{}（第{n}笔）", pick(&PURPOSES)),
            payee: pick(&PAYEES),
            category: pick(&CATEGORIES),
            handler: pick(&["李明", "王芳", "赵强"]),
            witness: pick(&["孙丽", "周勇"]),
            approver: "吴建国".into(),
            recipient: String::new(),
            supervisor: String::new(),
            payment: None,
            resolution: String::new(),
            invoice: n.is_multiple_of(2).then(|| Invoice {
                type_code: "32".into(),
                code: String::new(),
                number: format!("26{number:018}"),
                check: String::new(),
            }),
            openness: Some(Openness::Open {}),
            no_voucher: String::new(),
            images,
        };
        let (bytes, hash) = content.to_bytes();
        let statement = Statement::Receipt {
            village: self.village.parse()?,
            period: month.parse()?,
            time: "2026-11-03T09:12:00+08:00".parse()?,
            content: hash,
        };
        let text = statement.to_text();
        Ok(Submission {
            id: sha256(text.as_bytes()).to_string(),
            statement: note::compose(&text, &[self.key.sign(&text)]),
            content: String::from_utf8(bytes)?,
        })
    }
}
