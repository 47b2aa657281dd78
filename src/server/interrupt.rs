//! Anything that may interrupt a connection (the server stops, a timeout, a graceful end) waits beside it without
//! being polled at every request: it is polled only when it was woken itself.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// A future that is rarely ready, beside one that is polled often.
pub(super) struct Interruption<F> {
    future: Pin<Box<F>>,
    bell: Arc<Bell>,
    waker: Waker,
}

/// Notes that the future was woken, and wakes the task that both belong to.
struct Bell {
    has_rung: AtomicBool,
    task: Mutex<Waker>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        self.task.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
    }
}

impl<F: Future> Interruption<F> {
    pub(super) fn new(future: F) -> Self {
        // The first poll is always due.
        let bell =
            Arc::new(Bell { has_rung: AtomicBool::new(true), task: Mutex::new(Waker::noop().clone()) });
        Self { future: Box::pin(future), waker: Arc::clone(&bell).into(), bell }
    }

    /// Polls the future if it was woken since. Both belong to one task, whose waker stays the same.
    pub(super) fn poll(&mut self, context: &Context<'_>) -> Poll<F::Output> {
        if !self.bell.has_rung.swap(false, Ordering::Acquire) {
            return Poll::Pending;
        }
        self.bell.task.lock().unwrap_or_else(PoisonError::into_inner).clone_from(context.waker());
        self.future.as_mut().poll(&mut Context::from_waker(&self.waker))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    struct WakeCounter(AtomicUsize);

    impl Wake for WakeCounter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn it_is_polled_when_it_was_woken_and_at_no_other_time() {
        let (polls, inner) = (AtomicUsize::new(0), Mutex::new(None::<Waker>));
        let mut interruption = Interruption::new(poll_fn(|context| {
            *inner.lock().unwrap() = Some(context.waker().clone());
            if polls.fetch_add(1, Ordering::Relaxed) == 1 { Poll::Ready("now") } else { Poll::Pending }
        }));
        let woken = Arc::new(WakeCounter(AtomicUsize::new(0)));
        let waker = Arc::clone(&woken).into();
        let context = Context::from_waker(&waker);
        for _ in 0..3 {
            assert_eq!(interruption.poll(&context), Poll::Pending);
        }
        assert_eq!((polls.load(Ordering::Relaxed), woken.0.load(Ordering::Relaxed)), (1, 0));
        inner.lock().unwrap().take().unwrap().wake();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert_eq!(interruption.poll(&context), Poll::Ready("now"));
    }
}
