//! A fence round decoders: foreign bytes may make them panic or run for a minute, and neither may end the program.

use std::panic;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Threads of this name panic without a word on the terminal.
const NAME: &str = "decoder";
/// Bytes of stack for a decoder.
const STACK: usize = 8 << 20;

/// The work ended without an answer, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// It panicked.
    Panicked,
    /// It had not ended by the deadline. Its thread goes on until the program ends: Rust cannot stop one.
    Late,
}

/// Runs `work` on a thread of its own and waits for it until `deadline`.
///
/// # Errors
/// [`Lost`].
pub fn within<T: Send + 'static>(
    deadline: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Lost> {
    let (answer, answered) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name(NAME.into()).stack_size(STACK);
    let started = thread.spawn(move || {
        // Nobody listens any more after the deadline.
        let _ = answer.send(work());
    });
    started.map_err(|_| Lost::Panicked)?;
    answered.recv_timeout(deadline).map_err(|error| match error {
        mpsc::RecvTimeoutError::Disconnected => Lost::Panicked,
        mpsc::RecvTimeoutError::Timeout => Lost::Late,
    })
}

/// Runs `work` here; a panic in it ends it alone.
///
/// # Errors
/// [`Lost::Panicked`].
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Lost> {
    // What the work left half done is dropped with it: nothing is shared that could be seen broken.
    panic::catch_unwind(panic::AssertUnwindSafe(work)).map_err(|_| Lost::Panicked)
}

/// Makes panics of decoders silent for the whole program; other panics speak as before.
pub fn hush_decoders() {
    let speak = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if thread::current().name() != Some(NAME) {
            speak(panic);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_and_a_stall_are_survived() {
        assert_eq!(within(Duration::from_secs(60), || 7), Ok(7));
        assert_eq!(caught(|| 7), Ok(7));
        assert_eq!(caught(|| -> i32 { panic::resume_unwind(Box::new(())) }), Err(Lost::Panicked));
        assert_eq!(
            within(Duration::from_secs(60), || -> i32 { panic::resume_unwind(Box::new(())) }),
            Err(Lost::Panicked)
        );
        let (hold, held) = mpsc::channel::<()>();
        let late = within(Duration::from_millis(1), move || held.recv().is_ok());
        assert_eq!(late, Err(Lost::Late));
        drop(hold);
    }
}
