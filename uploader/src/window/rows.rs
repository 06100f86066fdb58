//! Filling lists row by row: what did not change is left alone, so that what is drawn from it stays as it is.

use slint::{Model, ModelRc, SharedString, VecModel};

/// Makes a list of an [`init`] hold these rows.
pub fn fill<T: Clone + PartialEq + 'static>(list: &ModelRc<T>, rows: Vec<T>) {
    let Some(list) = list.as_any().downcast_ref::<VecModel<T>>() else { return };
    while list.row_count() > rows.len() {
        list.remove(list.row_count() - 1);
    }
    for (n, row) in rows.into_iter().enumerate() {
        match list.row_data(n) {
            Some(old) if old == row => {}
            Some(_) => list.set_row_data(n, row),
            None => list.push(row),
        }
    }
}

/// An empty list, to be filled later.
pub fn init<T: Clone + 'static>() -> ModelRc<T> {
    ModelRc::new(VecModel::default())
}

/// A list of words; the one that was there, if it is the same.
pub fn words(before: Option<ModelRc<SharedString>>, words: &[String]) -> ModelRc<SharedString> {
    let same = |list: &ModelRc<SharedString>| list.iter().eq(words.iter().map(SharedString::from));
    let list = || VecModel::from_iter(words.iter().map(SharedString::from));
    before.filter(same).unwrap_or_else(|| ModelRc::new(list()))
}
