//! A paper of any kind: what it is called, what it comes to, and how it is drawn.

use crate::dice::Dice;
use crate::endorsement::Endorsement;
use crate::fuel::FuelTicket;
use crate::income::IncomeReceipt;
use crate::invoice::Invoice;
use crate::payroll::Payroll;
use crate::sheet::Sheet;
use crate::slip::Slip;
use crate::township::InvoiceId;
use crate::typeface::Typefaces;

/// The paper.
#[derive(Clone, Debug)]
pub enum Paper {
    /// Invoice with a QR code.
    Invoice(Invoice),
    /// Handwritten slip.
    Slip(Slip),
    /// Fuel ticket.
    Fuel(FuelTicket),
    /// Payroll sheet.
    Payroll(Payroll),
    /// Receipt for money taken in.
    Income(IncomeReceipt),
}

impl Paper {
    /// One word for the kind, as in the names of the photos.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Invoice(_) => "invoice",
            Self::Slip(_) => "slip",
            Self::Fuel(_) => "fuel",
            Self::Payroll(_) => "payroll",
            Self::Income(_) => "income",
        }
    }

    /// Fen, tax included.
    #[must_use]
    pub fn amount(&self) -> i64 {
        match self {
            Self::Invoice(invoice) => invoice.gross(),
            Self::Slip(slip) => slip.amount,
            Self::Fuel(ticket) => ticket.amount(),
            Self::Payroll(sheet) => sheet.amount(),
            Self::Income(receipt) => receipt.amount,
        }
    }

    /// The invoice, when it is one.
    #[must_use]
    pub fn invoice(&self) -> Option<&Invoice> {
        if let Self::Invoice(invoice) = self { Some(invoice) } else { None }
    }

    /// What identifies the invoice, when it is one.
    #[must_use]
    pub fn invoice_id(&self) -> Option<InvoiceId> {
        self.invoice().map(|invoice| InvoiceId {
            kind: invoice.type_code().to_string(),
            code: invoice.code.clone(),
            number: invoice.number.clone(),
            check: invoice.check.clone(),
        })
    }

    /// Draws it, stamped and signed.
    #[must_use]
    pub fn draw(&self, types: &Typefaces, dice: &mut Dice, signed: &Endorsement) -> Sheet {
        match self {
            Self::Invoice(invoice) => invoice.draw(types, dice, signed),
            Self::Slip(slip) => slip.draw(types, dice, signed),
            Self::Fuel(ticket) => ticket.draw(types, dice, signed),
            Self::Payroll(sheet) => sheet.draw(types, dice, signed),
            Self::Income(receipt) => receipt.draw(types, dice, signed),
        }
    }
}
