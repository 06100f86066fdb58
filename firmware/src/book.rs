//! The account book: what the verified entries come to, in memory, and the pages made of it. Whole contents stay in the
//! store.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use ledger::board::Head;
use ledger::checkpoint::Checkpoint;
use ledger::content::{
    BulletinContent, ClosingContent, Content, Direction, DirectoryContent, ImageRef, KeyContent,
    ReceiptContent,
};
use ledger::hash::{Hash, sha256};
use ledger::note::Note;
use ledger::place::Village;
use ledger::statement::{Act, Role, Statement};
use ledger::time::{Period, Timestamp};
use ledger::tree::leaf_hash;

use crate::board::Flash;
use crate::pages::{
    Bulletin, BulletinLine, Home, Month, MonthLine, Receipt, ReceiptLine, Seal, SignedBy, Standing,
    Status,
};
use crate::picture;
use crate::plain::plain;
use crate::store::{Entry, Store, StoreError};

/// Digits of a statement's hash that people compare.
const FINGERPRINT_DIGITS: usize = 16;

/// A receipt and the entry that stands for it now.
#[derive(Clone, Debug)]
struct ReceiptRow {
    period: Period,
    line: ReceiptLine,
    /// Every version, the one that stands last.
    versions: Vec<u64>,
    thumbs: Vec<Hash>,
}

/// The same for a bulletin.
#[derive(Clone, Debug)]
struct BulletinRow {
    line: BulletinLine,
    versions: Vec<u64>,
    thumbs: Vec<Hash>,
}

/// Whose a key is or was.
#[derive(Clone, Debug)]
struct Holder {
    role: Role,
    who: Option<(String, String)>,
}

/// The book.
#[derive(Clone, Debug)]
pub struct Book {
    village: Village,
    /// Where phones read the same.
    public: String,
    township_name: String,
    village_name: String,
    columns: BTreeMap<String, String>,
    receipts: BTreeMap<u64, ReceiptRow>,
    bulletins: BTreeMap<u64, BulletinRow>,
    /// Months that the village stated to be empty.
    empty: Vec<Period>,
    /// How many receipts the office said a month has, and in which entry.
    closed: BTreeMap<Period, (u64, u32)>,
    /// The entry of the directory that counts.
    directory: u64,
    /// Contents that have not come yet, by log index.
    lacking: BTreeMap<u64, Hash>,
    keys: BTreeMap<(String, u32), Holder>,
    newest: Option<Timestamp>,
    origin: String,
    size: u64,
}

impl Book {
    /// The empty book of a village; `public` is the address that its codes lead to, without a slash at its end.
    pub fn new(village: Village, public: &str) -> Book {
        Book {
            village,
            public: public.into(),
            township_name: String::new(),
            village_name: String::new(),
            columns: BTreeMap::new(),
            receipts: BTreeMap::new(),
            bulletins: BTreeMap::new(),
            empty: Vec::new(),
            closed: BTreeMap::new(),
            directory: 0,
            lacking: BTreeMap::new(),
            keys: BTreeMap::new(),
            newest: None,
            origin: String::new(),
            size: 0,
        }
    }

    /// The book of a store. One that cannot be read is emptied and begins anew: all but the board's key can be fetched again, and
    /// a screen that shows nothing for ever is worse.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open<F: Flash>(
        village: Village,
        public: &str,
        store: &mut Store<F>,
    ) -> Result<Book, StoreError> {
        let mut book = Book::new(village, public);
        if book.load(store).await == Err(StoreError::Flash) {
            store.erase().await?;
            book = Book::new(village, public);
            book.load(store).await?;
        }
        Ok(book)
    }

    /// Reads the book from what the store holds under its head. What lies beyond was never verified and goes; so does the
    /// content of what was withdrawn, if a cut kept that from happening before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn load<F: Flash>(&mut self, store: &mut Store<F>) -> Result<(), StoreError> {
        let (head, mut from) = (store.head().await?, 0);
        loop {
            let entries = store.entries(from).await?;
            let Some((last, _)) = entries.last() else { break };
            from = last + 1;
            for (index, entry) in entries {
                match entry {
                    Some(entry) if index < head.frontier.size() => {
                        self.take_read(store, index, &entry).await?;
                    }
                    None if index < head.frontier.size() => {}
                    _ => store.drop_entry(index).await?,
                }
            }
        }
        self.reached(&head);
        Ok(())
    }

    /// The head now counts.
    pub fn reached(&mut self, head: &Head) {
        self.size = head.frontier.size();
        let note = Note::parse(head.checkpoint.as_bytes()).ok();
        if let Some(checkpoint) = note.and_then(|note| Checkpoint::parse(note.text()).ok()) {
            self.origin = checkpoint.origin;
        }
    }

    /// Takes an entry from the store that was verified; entries come in order, but one whose content came later is taken
    /// again. The content of what it withdraws goes from the store.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take<F: Flash>(
        &mut self,
        store: &mut Store<F>,
        index: u64,
    ) -> Result<(), StoreError> {
        match store.entry(index).await? {
            Some(entry) => self.take_read(store, index, &entry).await,
            None => Ok(()),
        }
    }

    async fn take_read<F: Flash>(
        &mut self,
        store: &mut Store<F>,
        index: u64,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        let Some((_, statement)) = read(entry) else { return Ok(()) };
        let content = entry.content_of(&statement);
        match statement.content().filter(|_| content.is_empty()) {
            Some(hash) => drop(self.lacking.insert(index, hash)),
            None => drop(self.lacking.remove(&index)),
        }
        for gone in self.admit(index, &statement, content) {
            self.lacking.remove(&gone);
            store.drop_content(gone).await?;
        }
        Ok(())
    }

    /// Contents that have not come yet, by log index.
    pub fn lacking(&self) -> &BTreeMap<u64, Hash> {
        &self.lacking
    }

    /// Takes and keeps the content of an entry that lacks it; whoever calls has compared their hashes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn fill<F: Flash>(
        &mut self,
        store: &mut Store<F>,
        index: u64,
        content: Vec<u8>,
    ) -> Result<(), StoreError> {
        if let Some(Entry { note, .. }) = store.entry(index).await? {
            store.put_entry(index, &Entry { note, content }).await?;
        }
        self.take(store, index).await
    }

    /// Takes what a statement says; answers the entries whose content has to go.
    fn admit(&mut self, index: u64, statement: &Statement, content: &[u8]) -> Vec<u64> {
        let time = statement.time();
        if self.newest.as_ref().is_none_or(|at| at.unix_seconds() < time.unix_seconds()) {
            self.newest = Some(time.clone());
        }
        match statement {
            Statement::Receipt { period, .. } => self.receipt(index, *period, content),
            Statement::Nothing { period, .. } => self.empty.push(*period),
            Statement::Bulletin { time, .. } => self.bulletin(index, time, content),
            Statement::Correction { of, .. } => return self.correct(index, *of, content),
            Statement::Withdrawal { of, reason, ground, .. } => {
                let standing = match ground {
                    Some(ground) => Standing::Withheld(*ground),
                    None => Standing::Withdrawn(*reason),
                };
                return self.withdraw(*of, standing);
            }
            Statement::Closing { period, .. } => {
                if let Ok(closing) = ClosingContent::parse(content) {
                    let count = u32::try_from(closing.receipts).unwrap_or(u32::MAX);
                    let known = self.closed.entry(*period).or_default();
                    *known = (*known).max((index, count));
                }
            }
            Statement::Key { act: Act::Enrol, role, key, .. } => {
                let who = KeyContent::parse(content).ok().map(|key| (key.holder, key.post));
                let id = (key.name().to_string(), key.id());
                self.keys.insert(id, Holder { role: *role, who });
            }
            Statement::Directory { .. } => self.direct(index, content),
            // Who signed while a key counted is still said.
            Statement::Key { act: Act::Revoke, .. }
            | Statement::Question { .. }
            | Statement::Answer { .. }
            | Statement::Audit { .. } => {}
        }
        Vec::new()
    }

    fn receipt(&mut self, n: u64, period: Period, content: &[u8]) {
        let mut row = ReceiptRow {
            period,
            line: ReceiptLine::waiting(n),
            versions: Vec::from([n]),
            thumbs: Vec::new(),
        };
        row.read(content, Standing::Stands);
        self.receipts.insert(n, row);
    }

    fn bulletin(&mut self, n: u64, time: &Timestamp, content: &[u8]) {
        let line = BulletinLine {
            n,
            title: String::new(),
            column: String::new(),
            time: time.clone(),
            standing: Standing::Waiting,
        };
        let mut row = BulletinRow { line, versions: Vec::from([n]), thumbs: Vec::new() };
        row.read(content, Standing::Stands);
        self.bulletins.insert(n, row);
    }

    /// The version before is of no more use: its content goes; and so does that of a version of what is not here.
    fn correct(&mut self, index: u64, of: u64, content: &[u8]) -> Vec<u64> {
        if let Some(row) = self.receipts.get_mut(&of) {
            row.read(content, Standing::Corrected);
            return before(&mut row.versions, index);
        }
        if let Some(row) = self.bulletins.get_mut(&of) {
            row.read(content, Standing::Corrected);
            return before(&mut row.versions, index);
        }
        Vec::from([index])
    }

    fn withdraw(&mut self, of: u64, standing: Standing) -> Vec<u64> {
        if let Some(row) = self.receipts.get_mut(&of) {
            row.line = ReceiptLine { standing, ..ReceiptLine::waiting(of) };
            row.thumbs.clear();
            return row.versions.clone();
        }
        if let Some(row) = self.bulletins.get_mut(&of) {
            row.line = BulletinLine {
                title: String::new(),
                column: String::new(),
                standing,
                ..row.line.clone()
            };
            row.thumbs.clear();
            return row.versions.clone();
        }
        Vec::new()
    }

    fn direct(&mut self, index: u64, content: &[u8]) {
        let Ok(directory) = DirectoryContent::parse(content) else { return };
        if index < self.directory {
            return;
        }
        self.directory = index;
        let mine = directory.villages.into_iter().find(|one| one.code == self.village);
        self.village_name = mine.map_or_else(|| directory.township.clone(), |one| one.name);
        self.township_name = directory.township;
        self.columns = directory.columns.into_iter().map(|one| (one.id, one.name)).collect();
    }

    /// Drops the oldest month of receipts to make room; none if there is but one month.
    pub fn drop_oldest(&mut self) -> Option<Vec<u64>> {
        let oldest = self.receipts.values().map(|row| row.period).min()?;
        if self.receipts.values().all(|row| row.period == oldest) {
            return None;
        }
        let gone = self.receipts.values().filter(|row| row.period == oldest);
        let versions: Vec<u64> = gone.flat_map(|row| row.versions.clone()).collect();
        self.receipts.retain(|_, row| row.period != oldest);
        self.lacking.retain(|index, _| !versions.contains(index));
        Some(versions)
    }

    /// The thumbnails that pages show, those of the newest receipts first.
    pub fn thumbs(&self) -> Vec<Hash> {
        let mut rows: Vec<(Period, u64, &[Hash])> =
            self.receipts.iter().map(|(n, row)| (row.period, *n, row.thumbs.as_slice())).collect();
        rows.sort_unstable_by(|a, b| b.cmp(a));
        let bulletins = self.bulletins.values().rev().map(|row| row.thumbs.as_slice());
        rows.into_iter().map(|(_, _, thumbs)| thumbs).chain(bulletins).flatten().copied().collect()
    }

    /// Every character that a page may show.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let receipts = self.receipts.values().map(|row| &row.line);
        let receipts = receipts.flat_map(|line| [line.purpose.as_str(), line.payee.as_str()]);
        let bulletins = self.bulletins.values().map(|row| row.line.title.as_str());
        let names = [self.township_name.as_str(), self.village_name.as_str()];
        receipts.chain(bulletins).chain(names)
    }
}

/// Puts a version behind all others; answers those.
fn before(versions: &mut Vec<u64>, last: u64) -> Vec<u64> {
    versions.retain(|version| *version != last);
    let before = versions.clone();
    versions.push(last);
    before
}

impl ReceiptLine {
    fn waiting(n: u64) -> ReceiptLine {
        ReceiptLine {
            n,
            purpose: String::new(),
            payee: String::new(),
            amount: 0,
            income: false,
            date: None,
            standing: Standing::Waiting,
        }
    }
}

impl ReceiptRow {
    fn read(&mut self, content: &[u8], standing: Standing) {
        let n = self.line.n;
        self.line = ReceiptLine::waiting(n);
        self.thumbs.clear();
        let Ok(content) = ReceiptContent::parse(content) else { return };
        self.thumbs = content.images.iter().map(|image| image.thumb).collect();
        self.line = ReceiptLine {
            n,
            purpose: content.purpose,
            payee: content.payee,
            amount: content.amount.0,
            income: content.direction == Direction::In,
            date: Some(content.date),
            standing,
        };
    }

    fn counts(&self) -> bool {
        matches!(self.line.standing, Standing::Stands | Standing::Corrected)
    }
}

impl BulletinRow {
    fn read(&mut self, content: &[u8], standing: Standing) {
        self.line.title.clear();
        self.line.column.clear();
        self.line.standing = Standing::Waiting;
        self.thumbs.clear();
        let Ok(content) = BulletinContent::parse(content) else { return };
        self.thumbs = content.images.iter().map(|image| image.thumb).collect();
        self.line.title = content.title;
        self.line.column = content.column;
        self.line.standing = standing;
    }
}

impl Entry {
    /// The content, if it is what the statement names.
    fn content_of(&self, statement: &Statement) -> &[u8] {
        let right = statement.content() == Some(sha256(&self.content));
        if right { &self.content } else { &[] }
    }
}

fn read(entry: &Entry) -> Option<(Note, Statement)> {
    let note = Note::parse(&entry.note).ok()?;
    let statement = Statement::parse(note.text()).ok()?;
    Some((note, statement))
}

/// Pages.
impl Book {
    /// The first page.
    pub fn home(&self, status: Status) -> Home {
        let readable =
            |standing: &Standing| matches!(standing, Standing::Stands | Standing::Corrected);
        let bulletins = self.bulletins.values().filter(|row| readable(&row.line.standing)).count();
        let receipts = self.receipts.values().filter(|row| row.counts()).count();
        Home {
            township: self.township_name.clone(),
            village: self.village_name.clone(),
            newest: self.months().into_iter().next(),
            receipts: u32::try_from(receipts).unwrap_or(u32::MAX),
            bulletins: u32::try_from(bulletins).unwrap_or(u32::MAX),
            status,
        }
    }

    /// How old all this is; what the caller knows besides is in `known`.
    pub fn status(&self, known: Status) -> Status {
        Status {
            newest: self.newest.clone(),
            size: self.size,
            url: format!("{}/v/{}", self.public, self.village),
            ..known
        }
    }

    /// Whether anything was verified yet.
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// The months, the newest first.
    pub fn months(&self) -> Vec<MonthLine> {
        let mut months: BTreeMap<Period, MonthLine> = BTreeMap::new();
        let periods = self.receipts.values().map(|row| row.period);
        for period in periods.chain(self.empty.iter().copied()) {
            months.entry(period).or_insert_with(|| self.month_line(period));
        }
        months.into_values().rev().collect()
    }

    fn month_line(&self, period: Period) -> MonthLine {
        let rows = || self.receipts.values().filter(|row| row.period == period && row.counts());
        let sum = |income: bool| {
            let lines = rows().filter(|row| row.line.income == income);
            lines.fold(0i64, |sum, row| sum.saturating_add(row.line.amount))
        };
        MonthLine {
            period,
            income: sum(true),
            spending: sum(false),
            receipts: u32::try_from(rows().count()).unwrap_or(u32::MAX),
            nothing: self.empty.contains(&period),
            closed: self.closed.get(&period).map(|(_, count)| *count),
        }
    }

    /// A month; none of it is there if nobody ever spoke of it.
    pub fn month(&self, period: Period) -> Month {
        let rows = self.receipts.values().filter(|row| row.period == period);
        let mut receipts: Vec<ReceiptLine> = rows.map(|row| row.line.clone()).collect();
        receipts.sort_by_key(|line| (line.date, line.n));
        Month { line: self.month_line(period), receipts }
    }

    /// The bulletins, the newest first.
    pub fn bulletins(&self) -> Vec<BulletinLine> {
        let mut lines: Vec<BulletinLine> =
            self.bulletins.values().map(|row| self.named(&row.line)).collect();
        lines.sort_by_key(|line| core::cmp::Reverse((line.time.unix_seconds(), line.n)));
        lines
    }

    /// With its column's name.
    fn named(&self, line: &BulletinLine) -> BulletinLine {
        let column = self.columns.get(&line.column).unwrap_or(&line.column).clone();
        BulletinLine { column, ..line.clone() }
    }

    /// A receipt.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn receipt_page<F: Flash>(
        &self,
        store: &mut Store<F>,
        n: u64,
    ) -> Result<Option<Receipt>, StoreError> {
        let Some(row) = self.receipts.get(&n) else { return Ok(None) };
        let entry = self.stands(store, &row.versions).await?;
        let content = entry.as_ref().filter(|_| row.counts()).and_then(|(_, statement, entry)| {
            ReceiptContent::parse(entry.content_of(statement)).ok()
        });
        let images = content.as_ref().map(|content| content.images.as_slice()).unwrap_or_default();
        let covered = images.iter().flat_map(|image| image.covered.iter().map(|one| one.ground));
        Ok(Some(Receipt {
            line: row.line.clone(),
            covered: covered.collect(),
            pictures: pictures(store, images).await,
            category: content.as_ref().map(|one| one.category.clone()).unwrap_or_default(),
            no_voucher: content.as_ref().map(|one| one.no_voucher.clone()).unwrap_or_default(),
            signed: entry.map(|(note, ..)| self.signed(&note)).unwrap_or_default(),
            url: format!("{}/r/{n}", self.public),
        }))
    }

    /// A bulletin.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn bulletin_page<F: Flash>(
        &self,
        store: &mut Store<F>,
        n: u64,
    ) -> Result<Option<Bulletin>, StoreError> {
        let Some(row) = self.bulletins.get(&n) else { return Ok(None) };
        let entry = self.stands(store, &row.versions).await?;
        let counts = matches!(row.line.standing, Standing::Stands | Standing::Corrected);
        let content = entry.as_ref().filter(|_| counts).and_then(|(_, statement, entry)| {
            BulletinContent::parse(entry.content_of(statement)).ok()
        });
        let images = content.as_ref().map(|content| content.images.as_slice()).unwrap_or_default();
        Ok(Some(Bulletin {
            line: self.named(&row.line),
            pictures: pictures(store, images).await,
            text: content.as_ref().map(|content| plain(&content.body)).unwrap_or_default(),
            signed: entry.map(|(note, ..)| self.signed(&note)).unwrap_or_default(),
            url: format!("{}/b/{n}", self.public),
        }))
    }

    /// How it is known that a receipt or bulletin is what was signed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn seal<F: Flash>(
        &self,
        store: &mut Store<F>,
        n: u64,
    ) -> Result<Option<Seal>, StoreError> {
        let (versions, letter) = match (self.receipts.get(&n), self.bulletins.get(&n)) {
            (Some(row), _) => (&row.versions, 'r'),
            (_, Some(row)) => (&row.versions, 'b'),
            (None, None) => return Ok(None),
        };
        let Some((note, _, entry)) = self.stands(store, versions).await? else { return Ok(None) };
        let mut fingerprint = format!("{}", leaf_hash(&entry.note));
        fingerprint.truncate(FINGERPRINT_DIGITS);
        Ok(Some(Seal {
            n,
            size: self.size,
            origin: self.origin.clone(),
            fingerprint,
            signed: self.signed(&note),
            url: format!("{}/{letter}/{n}", self.public),
        }))
    }

    /// The version that stands.
    async fn stands<F: Flash>(
        &self,
        store: &mut Store<F>,
        versions: &[u64],
    ) -> Result<Option<(Note, Statement, Entry)>, StoreError> {
        let Some(last) = versions.last() else { return Ok(None) };
        let entry = store.entry(*last).await?;
        Ok(entry.and_then(|entry| {
            let (note, statement) = read(&entry)?;
            Some((note, statement, entry))
        }))
    }

    fn signed(&self, note: &Note) -> Vec<SignedBy> {
        let lines = note.signatures().iter();
        let known = lines.filter_map(|line| {
            let holder = self.keys.get(&(line.name.clone(), line.id))?;
            Some(SignedBy { role: holder.role, who: holder.who.clone(), key: line.name.clone() })
        });
        known.collect()
    }
}

async fn pictures<F: Flash>(
    store: &mut Store<F>,
    images: &[ImageRef],
) -> Vec<(Hash, Option<crate::pages::Picture>)> {
    let mut found = Vec::new();
    for image in images {
        let bytes = store.picture(&image.thumb).await;
        found.push((image.thumb, bytes.and_then(|bytes| picture::decode(&bytes))));
    }
    found
}
