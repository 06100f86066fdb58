//! Checking a bundle from one key that the reader already has: log, entries, signatures, content, pictures.

use std::collections::{BTreeMap, BTreeSet};

use ledger::checkpoint::Checkpoint;
use ledger::hash::{Hash, sha256};
use ledger::key::VerifierKey;
use ledger::proof::Proof;
use ledger::roster::{Admitted, Roster};
use ledger::statement::Statement;

use super::{Bundle, Entry};
use crate::error::{Error, Result};
use crate::intake;

fn refused(why: impl Into<String>) -> Error {
    Error::refused("bad-bundle", why)
}

/// Checks everything; `say` hears of each step that was right.
///
/// # Errors
/// `bad-bundle`, with a sentence about the first step that was not.
pub fn check(bundle: &Bundle, log: &VerifierKey, mut say: impl FnMut(String)) -> Result<()> {
    if bundle.vkey != log.to_string() {
        return Err(refused("这个包是另一本登记册的：包里写的公钥不是您给的那一把"));
    }
    let mut newest: Option<Checkpoint> = None;
    for (index, entry) in &bundle.entries {
        let head = stands(*index, entry, log)?;
        if newest.as_ref().is_none_or(|newest| newest.size < head.size) {
            newest = Some(head);
        }
    }
    let head = newest.ok_or_else(|| refused("包里没有任何登记"))?;
    let (size, root) = (head.size, head.root);
    say(format!("登记册的签名是真的：共 {size} 条，指纹 {root}"));
    let admitted = admit(bundle)?;
    let record = admitted.get(&bundle.index).ok_or_else(|| refused("包里没有这一条的登记"))?;
    say(format!("这一条在登记册里：第 {} 号", bundle.index));
    let signers: Vec<&str> = record.signers.iter().map(|signer| signer.key.name()).collect();
    say(format!("签名是真的，签名的密钥登记过：{}", signers.join("、")));
    let withdrawn = withdrawn(bundle.index, &record.statement, &admitted);
    match (&bundle.content, record.statement.content()) {
        (Some(content), Some(hash)) if sha256(content) == hash => {
            say(format!("内容没有改过：指纹 {hash}"));
        }
        (None, None) => say("这一条没有另外的内容".into()),
        (None, Some(_)) if withdrawn => say("内容已撤回，不再公开；撤回也登记过".into()),
        (None, Some(_)) => return Err(refused("包里缺少这一条的内容")),
        (Some(_), _) => return Err(refused("内容被改动过：与签名的指纹不符")),
    }
    pictures(bundle).map(|count| say(format!("图片没有改过：{count} 个文件")))
}

/// The entry stands at its index of the log that this key signs.
fn stands(index: u64, entry: &Entry, log: &VerifierKey) -> Result<Checkpoint> {
    let wrong = |why: String| refused(format!("第 {index} 号的登记证明不对：{why}"));
    let proof = Proof::parse(&entry.proof).map_err(|error| wrong(error.to_string()))?;
    if proof.index != index {
        return Err(wrong("它是另一条的".into()));
    }
    proof.verify(entry.note.as_bytes(), log).map_err(|error| wrong(error.to_string()))
}

/// Takes the entries in their order, as a reader of the whole log does: keys count from where they were enrolled, and
/// every other statement needs one that may sign it.
fn admit(bundle: &Bundle) -> Result<BTreeMap<u64, Admitted>> {
    let mut roster = Roster::default();
    let mut admitted: BTreeMap<u64, Admitted> = BTreeMap::new();
    if bundle.entries.keys().next() != Some(&0) {
        return Err(refused("包里缺少第 0 号登记：镇政府自己的密钥"));
    }
    for (index, entry) in &bundle.entries {
        let earlier = |of| admitted.get(&of).map(|earlier| earlier.statement.clone());
        let one = roster
            .admit(entry.note.as_bytes(), earlier)
            .map_err(|refusal| refused(format!("第 {index} 号的签名不对：{refusal}")))?;
        admitted.insert(*index, one);
    }
    Ok(admitted)
}

/// Whether one of the entries withdraws the record, or what it corrects.
fn withdrawn(index: u64, record: &Statement, admitted: &BTreeMap<u64, Admitted>) -> bool {
    let target = match record {
        Statement::Correction { of, .. } => *of,
        _ => index,
    };
    admitted.values().any(|one| match &one.statement {
        Statement::Withdrawal { of, .. } => *of == target || *of == index,
        _ => false,
    })
}

/// The pictures are those that the content names, all of them and no other.
fn pictures(bundle: &Bundle) -> Result<usize> {
    let content = bundle.content.as_deref().unwrap_or_default();
    let named = intake::images_of(&String::from_utf8_lossy(content));
    let named: BTreeSet<Hash> =
        named.iter().flat_map(|image| [image.sha256, image.thumb]).collect();
    for (hash, image) in &bundle.images {
        if sha256(image) != *hash {
            return Err(refused(format!("图片被改动过：{hash}")));
        }
    }
    if named.iter().ne(bundle.images.keys()) {
        return Err(refused("包里的图片不是内容里写的那些"));
    }
    Ok(bundle.images.len())
}
