//! Several requests under way at once, their results taken in by one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Does `work` for every job on at most `lanes` threads; `each` gets the results here, as they come. The first error of
/// `each` ends it: jobs under way are finished, others not begun.
///
/// # Errors
/// Those of `each`.
pub fn run<J: Sync, T: Send, E>(
    lanes: usize,
    jobs: &[J],
    work: impl Fn(&J) -> T + Sync,
    mut each: impl FnMut(&J, T) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..lanes.min(jobs.len()) {
            let (done, next, work) = (done.clone(), &next, &work);
            scope.spawn(move || {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if done.send((job, work(job))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        // Taken by value, so that an early end closes it and the lanes stop.
        results.into_iter().try_for_each(|(job, result)| each(job, result))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_job_is_done_once_and_an_error_ends_the_work() {
        let jobs: Vec<u32> = (0..100).collect();
        let mut done = Vec::new();
        run(
            4,
            &jobs,
            |job| job * 2,
            |job, twice| {
                assert_eq!(twice, job * 2);
                done.push(*job);
                Ok::<(), ()>(())
            },
        )
        .unwrap();
        done.sort_unstable();
        assert_eq!(done, jobs);
        assert_eq!(run(4, &jobs, |job| *job, |_, _| Err(7)), Err(7));
        assert_eq!(run(4, &[0; 0], |_: &i32| (), |_, ()| Ok::<(), ()>(())), Ok(()));
    }
}
