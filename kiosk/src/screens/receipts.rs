//! Receipts as the rows of a list. A row's small picture is ordered when the row is first seen, and the one that was ordered
//! longest ago makes room for it: a month may have hundreds.

use std::any::Any;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use ledger::hash::Hash;
use slint::{Image, Model, ModelNotify, ModelTracker};

use super::draw::receipt_line;
use super::ui::ReceiptLine;
use crate::scan::darkroom::{Darkroom, Order};
use crate::shelf::ReceiptRow;

/// Pictures that are kept: more than any screen shows at once.
const KEPT: usize = 64;

/// The rows, and where their pictures come from.
pub(super) struct ReceiptList {
    rows: RefCell<Vec<Row>>,
    /// Rows whose picture is here or ordered, the newest last.
    pictured: RefCell<VecDeque<usize>>,
    darkroom: Rc<Darkroom>,
    serial: i32,
    side: u32,
    notify: ModelNotify,
}

struct Row {
    line: ReceiptLine,
    thumb: Option<Hash>,
}

impl ReceiptList {
    /// These receipts on the page `serial`; pictures fit into `side` by `side` pixels.
    pub(super) fn new(
        receipts: &[ReceiptRow],
        darkroom: Rc<Darkroom>,
        serial: i32,
        side: u32,
    ) -> Self {
        let row = |receipt| Row { line: receipt_line(receipt), thumb: receipt.thumb };
        Self {
            rows: RefCell::new(receipts.iter().map(row).collect()),
            pictured: RefCell::default(),
            darkroom,
            serial,
            side,
            notify: ModelNotify::default(),
        }
    }

    /// Takes what pictures another list has of the same receipts, so that news does not make them vanish for a moment.
    pub(super) fn take_pictures(&self, other: &Self) {
        if other.side != self.side {
            return;
        }
        let theirs = other.rows.borrow();
        let mut there: HashMap<Hash, &Image> = HashMap::new();
        for row in theirs.iter().filter(|row| row.line.has_picture) {
            there.extend(row.thumb.map(|hash| (hash, &row.line.thumb)));
        }
        for (at, row) in self.rows.borrow_mut().iter_mut().enumerate() {
            if let Some(picture) = row.thumb.and_then(|hash| there.get(&hash)) {
                (row.line.thumb, row.line.has_picture) = ((*picture).clone(), true);
                self.pictured.borrow_mut().push_back(at);
            }
        }
    }

    /// Orders the picture of a row that is seen.
    fn want(&self, row: usize, hash: Hash) {
        let mut pictured = self.pictured.borrow_mut();
        if pictured.contains(&row) {
            return;
        }
        pictured.push_back(row);
        if pictured.len() > KEPT {
            let left = pictured.pop_front().unwrap_or(row);
            if let Some(left) = self.rows.borrow_mut().get_mut(left) {
                (left.line.thumb, left.line.has_picture) = (Image::default(), false);
            }
        }
        let (serial, side) = (self.serial, self.side);
        self.darkroom.order(Order::Thumb { serial, row, hash, side });
    }
}

impl Model for ReceiptList {
    type Data = ReceiptLine;

    fn row_count(&self) -> usize {
        self.rows.borrow().len()
    }

    fn row_data(&self, row: usize) -> Option<ReceiptLine> {
        let (line, thumb) = self.rows.borrow().get(row).map(|row| (row.line.clone(), row.thumb))?;
        if let Some(hash) = thumb.filter(|_| !line.has_picture) {
            self.want(row, hash);
        }
        Some(line)
    }

    fn set_row_data(&self, row: usize, line: ReceiptLine) {
        if let Some(held) = self.rows.borrow_mut().get_mut(row) {
            held.line = line;
        }
        self.notify.row_changed(row);
    }

    fn model_tracker(&self) -> &dyn ModelTracker {
        &self.notify
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
