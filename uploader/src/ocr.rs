//! Printed words on a photo, read by PP-OCR's models.
