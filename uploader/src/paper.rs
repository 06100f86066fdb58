//! The paper on a photo: found, straightened, its light evened.

mod even;
mod find;
mod flatten;
mod lines;

pub use even::even;
pub use find::find;
pub use flatten::Flattening;
