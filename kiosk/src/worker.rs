//! A thread for work that the screen must not wait for, and how much of it is still to be done.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// The way to such a thread, which is given `T`s to work on; it ends when this goes.
pub(crate) struct Worker<T> {
    orders: Sender<T>,
    open: Arc<AtomicUsize>,
}

impl<T: Send + 'static> Worker<T> {
    /// Starts the thread. `work` takes one off the count for every order that is done or moot.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(crate) fn start(
        name: &str,
        work: impl FnOnce(&Receiver<T>, &AtomicUsize) + Send + 'static,
    ) -> io::Result<Self> {
        let (orders, queue) = channel();
        let open = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&open);
        thread::Builder::new().name(name.into()).spawn(move || work(&queue, &counter))?;
        Ok(Self { orders, open })
    }

    /// Orders something; never waits.
    pub(crate) fn order(&self, order: T) {
        self.open.fetch_add(1, Ordering::SeqCst);
        if self.orders.send(order).is_err() {
            self.open.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// True while something that was ordered is not done.
    pub(crate) fn is_busy(&self) -> bool {
        self.open.load(Ordering::SeqCst) > 0
    }
}
