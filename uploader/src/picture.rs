//! The public picture: a photo with its edit applied, what is covered burned in, encoded anew.
