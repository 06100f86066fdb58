//! Which witnesses there are, and which of them must have cosigned a checkpoint before it is believed: a file of C2SP
//! tlog-policy.

use crate::key::{Algorithm, VerifierKey, cosignature_time};
use crate::note::Note;
use alloc::{borrow::ToOwned, collections::BTreeSet, string::String, vec::Vec};
use core::str::FromStr;

/// Bytes of the largest policy.
pub const POLICY_BYTES_MAX: u64 = 64 * 1024;
/// The most logs, witnesses and groups, all together.
const LINES_MAX: usize = 256;

/// A rule of witnesses, read and sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<VerifierKey>,
    /// Witnesses and groups in the order of their lines: a group's members stand before it.
    members: Vec<Member>,
    /// Which of them decides; `None` when no witness is asked for.
    quorum: Option<usize>,
}

/// A witness that a policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// What it is called here.
    pub name: String,
    /// Its key.
    pub key: VerifierKey,
    /// Where it takes checkpoints: the submission prefix of C2SP tlog-witness, without a slash at the end.
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Member {
    name: String,
    rule: Rule,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "a policy has a handful of them")]
enum Rule {
    Witness(VerifierKey, Option<String>),
    /// At least so many of these.
    Group(usize, Vec<usize>),
}

/// A witness who cosigned a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// The witness's name in the policy.
    pub name: String,
    /// Its key.
    pub key: VerifierKey,
    /// When it saw the checkpoint, in Unix seconds, as it signed.
    pub at: i64,
}

/// Why a policy was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPolicy {
    /// A line that cannot be read, or means nothing.
    #[error("见证规则第 {line} 行不对：{what} / bad witness policy, line {line}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// No line says what is enough.
    #[error("见证规则缺 quorum 一行 / the witness policy has no quorum line")]
    NoQuorum,
    /// Control characters, or far too much.
    #[error("见证规则不是规定格式的文本 / not a witness policy")]
    Form,
}

impl FromStr for Policy {
    type Err = BadPolicy;

    fn from_str(text: &str) -> Result<Self, BadPolicy> {
        if text.len() as u64 > POLICY_BYTES_MAX
            || text.bytes().any(|b| (b < 0x20 && b != b'\n' && b != b'\t') || b == 0x7f)
        {
            return Err(BadPolicy::Form);
        }
        let mut draft = Draft::default();
        for (line, text) in (1..).zip(text.split('\n')) {
            let items: Vec<&str> =
                text.split([' ', '\t']).filter(|item| !item.is_empty()).collect();
            if items.first().is_some_and(|first| !first.starts_with('#')) {
                draft.take(&items).map_err(|what| BadPolicy::Line { line, what })?;
            }
        }
        let Draft { logs, members, quorum, .. } = draft;
        Ok(Self { logs, members, quorum: quorum.ok_or(BadPolicy::NoQuorum)? })
    }
}

/// A policy that is being read.
#[derive(Default)]
struct Draft {
    logs: Vec<VerifierKey>,
    members: Vec<Member>,
    /// Members that a group has already.
    taken: BTreeSet<usize>,
    quorum: Option<Option<usize>>,
}

impl Draft {
    fn take(&mut self, items: &[&str]) -> Result<(), &'static str> {
        if self.logs.len() + self.members.len() >= LINES_MAX {
            return Err("太多了");
        }
        match *items {
            ["log", vkey] | ["log", vkey, _] => {
                let key = key(vkey, Algorithm::Ed25519)?;
                if self.logs.iter().any(|log| log.public() == key.public()) {
                    return Err("同一个账本写了两次");
                }
                self.logs.push(key);
            }
            ["witness", name, vkey, ref url @ ..] if url.len() <= 1 => {
                let key = key(vkey, Algorithm::Cosignature)?;
                let twice = |member: &Member| matches!(&member.rule, Rule::Witness(other, _) if other.public() == key.public());
                if self.members.iter().any(twice) {
                    return Err("同一个见证人写了两次");
                }
                let url = url.first().map(|url| url.trim_end_matches('/').to_owned());
                self.define(name, Rule::Witness(key, url))?;
            }
            ["group", name, enough, ref members @ ..] if !members.is_empty() => {
                let mut group = Vec::new();
                for member in members {
                    let at = self.find(member)?;
                    if !self.taken.insert(at) {
                        return Err("一个名字进了两个组");
                    }
                    group.push(at);
                }
                let enough = match enough {
                    "any" => 1,
                    "all" => group.len(),
                    k => k.parse().map_err(|_| "不知道要几个")?,
                };
                if !(1..=group.len()).contains(&enough) {
                    return Err("要的个数比成员多，或者是零");
                }
                self.define(name, Rule::Group(enough, group))?;
            }
            ["quorum", name] => {
                if self.quorum.is_some() {
                    return Err("quorum 只能有一行");
                }
                self.quorum = Some(if name == "none" { None } else { Some(self.find(name)?) });
            }
            _ => return Err("看不懂"),
        }
        Ok(())
    }

    fn define(&mut self, name: &str, rule: Rule) -> Result<(), &'static str> {
        if name == "none" || self.find(name).is_ok() {
            return Err("这个名字用过了");
        }
        self.members.push(Member { name: name.to_owned(), rule });
        Ok(())
    }

    fn find(&self, name: &str) -> Result<usize, &'static str> {
        self.members.iter().position(|member| member.name == name).ok_or("前面没有这个名字")
    }
}

fn key(vkey: &str, algorithm: Algorithm) -> Result<VerifierKey, &'static str> {
    let key: VerifierKey = vkey.parse().map_err(|_| "公钥不对，请重新完整复制")?;
    (key.algorithm() == algorithm).then_some(key).ok_or("公钥的种类不对")
}

impl Policy {
    /// True when the policy is about this log, or about any.
    #[must_use]
    pub fn is_for(&self, log: &VerifierKey) -> bool {
        self.logs.is_empty() || self.logs.contains(log)
    }

    /// The witnesses that the policy names, in its order.
    pub fn witnesses(&self) -> impl Iterator<Item = Witness> + '_ {
        self.members.iter().filter_map(|member| match &member.rule {
            Rule::Witness(key, url) => {
                Some(Witness { name: member.name.clone(), key: key.clone(), url: url.clone() })
            }
            Rule::Group(..) => None,
        })
    }

    /// The witnesses of the policy who cosigned a checkpoint, each once, with the newest time that it signed.
    #[must_use]
    pub fn cosigned(&self, checkpoint: &[u8]) -> Vec<Cosigned> {
        let Ok(note) = Note::parse(checkpoint) else { return Vec::new() };
        let signed = |Witness { name, key, .. }: Witness| {
            let lines = note.signatures().iter();
            let own = lines.filter(|line| line.name == key.name() && line.id == key.id());
            let at = own
                .filter(|line| key.verifies(note.text(), &line.signature))
                .filter_map(|line| cosignature_time(&line.signature))
                .max();
            at.map(|at| Cosigned { name, key, at })
        };
        self.witnesses().filter_map(signed).collect()
    }

    /// True when these witnesses are enough.
    #[must_use]
    pub fn is_met_by(&self, cosigned: &[Cosigned]) -> bool {
        let mut met: Vec<bool> = Vec::new();
        for member in &self.members {
            met.push(match &member.rule {
                Rule::Witness(key, _) => cosigned.iter().any(|c| c.key == *key),
                Rule::Group(enough, members) => {
                    members.iter().filter(|at| met.get(**at) == Some(&true)).count() >= *enough
                }
            });
        }
        self.quorum.is_none_or(|at| met.get(at) == Some(&true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString};

    /// A published mirror's key, and a checkpoint that it cosigned.
    const COSIGNER: &str =
        "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O";
    const COSIGNED: &str = "rome2026h1.example.org\n300\ngw31yQrqZZCcEOPrzX+bpy3nJ6QgngTKn8G1m0i62uU=\n\n— mirror.example.org P7FI7wAAAABpVGeAjA1S4pJm6MbcXjX7UUImu4azZtrfcVW2uyr/LXIYlwEJzXC0N0EiZkbqfLdXt/4gVEEuGmxJjAfXKMCISpsJAg==\n";

    #[test]
    fn a_published_cosignature_is_told_with_its_time() {
        let policy: Policy =
            format!("witness 县档案馆 {COSIGNER}\nquorum 县档案馆\n").parse().unwrap();
        let cosigned = policy.cosigned(COSIGNED.as_bytes());
        assert_eq!((cosigned[0].name.as_str(), cosigned[0].at), ("县档案馆", 1_767_139_200));
        assert!(policy.is_met_by(&cosigned) && !policy.is_met_by(&[]));
        let changed = COSIGNED.replace("\n300\n", "\n301\n");
        assert!(policy.cosigned(changed.as_bytes()).is_empty());
    }

    #[test]
    fn a_witness_is_told_with_where_it_is_asked() {
        let text = format!("witness 县档案馆 {COSIGNER} http://127.0.0.1:8090/\nquorum none\n");
        let policy: Policy = text.parse().unwrap();
        let witness = policy.witnesses().next().unwrap();
        assert_eq!(witness.url.as_deref(), Some("http://127.0.0.1:8090"));
        assert_eq!((witness.name.as_str(), witness.key.to_string()), ("县档案馆", COSIGNER.into()));
        let twice = text.replace("8090/", "8090/ http://b");
        assert!(matches!(twice.parse::<Policy>(), Err(BadPolicy::Line { line: 1, .. })));
    }

    #[test]
    fn a_policy_that_is_not_sound_is_refused_by_its_line() {
        let refused = |text: &str, at: usize| {
            let bad = text.parse::<Policy>().unwrap_err();
            assert!(matches!(bad, BadPolicy::Line { line, .. } if line == at), "{text}: {bad}");
        };
        let witness = format!("witness W {COSIGNER}");
        refused(&format!("{witness}\n{witness}\n"), 2);
        refused(&format!("{witness}\nwitness V {COSIGNER}\n"), 2);
        refused("quorum W\n", 1);
        refused("quorum none\nquorum none\n", 2);
        refused(&format!("\n# a comment\n{witness}\ngroup G 2 W\n"), 4);
        refused(&format!("{witness}\ngroup G 0 W\n"), 2);
        refused(&format!("{witness}\ngroup G any W W\n"), 2);
        refused(&format!("{witness}\ngroup G any W\ngroup H any W\n"), 3);
        refused(&format!("{witness}\ngroup none any W\n"), 2);
        refused(&format!("{witness}\ngroup G any X\n"), 2);
        refused(&format!("log {COSIGNER}\n"), 1);
        refused(&witness.replace("3fb148ef", "3fb148ee"), 1);
        refused("rumour X\n", 1);
        assert_eq!(witness.parse::<Policy>(), Err(BadPolicy::NoQuorum));
        assert_eq!("quorum none\r\n".parse::<Policy>(), Err(BadPolicy::Form));
        assert!("  \t# words\n\tquorum  none \n".parse::<Policy>().unwrap().is_met_by(&[]));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_the_reader(text in "((log|witness|group|quorum|[a-z+0-9]{0,9})[ \n]){0,30}") {
            let _ = text.parse::<Policy>();
        }
    }
}
