//! Personal numbers in text: identity cards, mobile phones, bank cards.
