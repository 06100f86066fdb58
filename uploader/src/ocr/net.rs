//! One model: loaded, and run on one core.

use super::OcrError;
use image::RgbImage;
use rten::{Model, ModelOptions, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use std::sync::Arc;

/// A model and the thread it runs on.
pub struct Net {
    model: Model,
    pool: Arc<ThreadPool>,
}

impl Net {
    /// Loads a model from the bytes of its file.
    ///
    /// # Errors
    /// [`OcrError::Broken`].
    pub fn load(bytes: Vec<u8>) -> Result<Net, OcrError> {
        let mut options = ModelOptions::with_all_ops();
        let model = options.prepack_weights(true).load(bytes).map_err(broken)?;
        Ok(Net { model, pool: Arc::new(ThreadPool::with_num_threads(1)) })
    }

    /// The letters that a recogniser tells apart: what stands for none first, a blank last.
    pub fn letters(&self) -> Option<Vec<String>> {
        let written = self.model.metadata().get("character")?;
        let letters = written.lines().map(str::to_owned);
        Some([String::new()].into_iter().chain(letters).chain([" ".to_owned()]).collect())
    }

    /// Runs the model on pixels.
    ///
    /// # Errors
    /// [`OcrError::Broken`].
    pub fn run<const N: usize>(
        &self,
        input: NdTensor<f32, 4>,
    ) -> Result<NdTensor<f32, N>, OcrError> {
        let options = RunOptions::default().with_thread_pool(Some(self.pool.clone()));
        let output = self.model.run_one(input.view().into(), Some(options)).map_err(broken)?;
        output.try_into().map_err(|_| OcrError::Broken("shape".into()))
    }
}

fn broken(why: impl std::fmt::Display) -> OcrError {
    OcrError::Broken(why.to_string())
}

/// Pixels as the models want them: planes blue, green, red, from -1 to 1; the rest of `width` and `height` is 0.
pub fn planes(picture: &RgbImage, width: usize, height: usize) -> NdTensor<f32, 4> {
    let mut data = vec![0.0; 3 * width * height];
    for (y, row) in picture.chunks_exact(3 * picture.width() as usize).take(height).enumerate() {
        for (x, pixel) in row.chunks_exact(3).take(width).enumerate() {
            for (plane, value) in pixel.iter().rev().enumerate() {
                data[(plane * height + y) * width + x] = f32::from(*value) / 127.5 - 1.0;
            }
        }
    }
    NdTensor::from_data([1, 3, height, width], data)
}
