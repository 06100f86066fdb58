//! The phone as camera: a page on the local network that takes photo after photo.
