//! The paper on a photo: found, straightened, its light evened.
