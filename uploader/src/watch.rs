//! A folder whose new photos are taken in by themselves.
