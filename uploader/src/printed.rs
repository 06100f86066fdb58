//! What the printed words of a paper say: the fields that OCR's lines hold.
