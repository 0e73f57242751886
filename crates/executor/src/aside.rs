//! A thread beside the broker's, on which large texts are looked at: a run that printed megabytes must not keep every other one from being
//! answered. It is started when it is first needed, does one job after the other in the order in which they came, and gives way to the broker.
//!
//! What waits is bounded by the workers: a run keeps its own until its job is done, so that no more jobs wait than there are workers, each with
//! what one run may print and return. The job of a run that was given up is dropped at once, with all that it holds.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
};
use tokio::sync::oneshot;

/// From which size on a text is worth a change of threads, in bytes. Below, it is looked at in less time than a short run takes.
pub(crate) const LARGE_BYTES: usize = 256 * 1024;

type Job = Box<dyn FnOnce() + Send>;

/// The thread, once there is one. It ends when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Aside(Mutex<Option<mpsc::Sender<Job>>>);

/// Why there is no result. The next job is done all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undone {
    /// The job panicked.
    #[error("looking at it panicked")]
    Panicked,
    /// The system has no thread for it.
    #[error("the thread that looks at large texts could not be started")]
    NoThread,
}

impl Aside {
    /// Does the work on the thread. Dropping the future drops the work too, unless it is being done.
    pub(crate) async fn of<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Undone> {
        let (sender, done) = oneshot::channel();
        let work = Arc::new(Mutex::new(Some(work)));
        let waits = Waits(Arc::clone(&work));
        self.send(Box::new(move || {
            if let Some(work) = take(&work) {
                // Nobody may be waiting any more.
                let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
            }
        }))?;
        let result = done.await;
        drop(waits);
        result.map_err(|_| Undone::Panicked)?.map_err(|_| Undone::Panicked)
    }

    fn send(&self, job: Job) -> Result<(), Undone> {
        let mut thread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let jobs = match thread.take() {
            Some(jobs) => jobs,
            None => start()?,
        };
        jobs.send(job).map_err(|_| Undone::NoThread)?;
        *thread = Some(jobs);
        Ok(())
    }
}

/// A job that has not begun is given up with this.
struct Waits<W>(Arc<Mutex<Option<W>>>);

impl<W> Drop for Waits<W> {
    fn drop(&mut self) {
        drop(take(&self.0));
    }
}

fn take<W>(work: &Mutex<Option<W>>) -> Option<W> {
    work.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn start() -> Result<mpsc::Sender<Job>, Undone> {
    let (jobs, waiting) = mpsc::channel::<Job>();
    let thread = std::thread::Builder::new().name("aside".to_owned()).spawn(move || {
        if let Err(error) = sandbox::give_way() {
            tracing::warn!(%error, "the thread that looks at large texts does not give way");
        }
        waiting.into_iter().for_each(|job| job());
    });
    match thread {
        Ok(_) => Ok(jobs),
        Err(error) => {
            tracing::error!(%error, "no thread for looking at large texts");
            Err(Undone::NoThread)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Weak;

    /// A job that goes on until it is told what to say.
    fn held(aside: &Arc<Aside>) -> (mpsc::Sender<u32>, tokio::task::JoinHandle<Result<u32, Undone>>) {
        let (say, word) = mpsc::channel();
        let aside = Arc::clone(aside);
        (say, tokio::spawn(async move { aside.of(move || word.recv().unwrap()).await }))
    }

    // One thread, as the broker has.
    #[tokio::test]
    async fn others_are_answered_while_a_large_text_is_looked_at() {
        let aside = Arc::new(Aside::default());
        let (say, large) = held(&aside);
        // It has begun, and waits for what only another task of this thread says.
        let small = tokio::spawn(async { 1 }).await.unwrap();
        assert!(!large.is_finished());
        say.send(small + 1).unwrap();
        assert_eq!(large.await.unwrap(), Ok(2));
    }

    #[tokio::test]
    async fn jobs_are_done_in_their_order_and_a_panic_ends_only_its_own() {
        let aside = Arc::new(Aside::default());
        let (say, first) = held(&aside);
        tokio::task::yield_now().await;
        let done = Arc::new(Mutex::new(Vec::new()));
        let job = |n: u32| {
            let (aside, done) = (Arc::clone(&aside), Arc::clone(&done));
            tokio::spawn(async move {
                aside
                    .of(move || {
                        assert_ne!(n, 2, "a job that panics");
                        done.lock().unwrap().push(n);
                    })
                    .await
            })
        };
        let jobs = [job(1), job(2), job(3)];
        tokio::task::yield_now().await;
        say.send(0).unwrap();
        assert_eq!(first.await.unwrap(), Ok(0));
        let mut results = Vec::new();
        for job in jobs {
            results.push(job.await.unwrap());
        }
        assert_eq!(results, [Ok(()), Err(Undone::Panicked), Ok(())]);
        assert_eq!(*done.lock().unwrap(), [1, 3]);
    }

    #[tokio::test]
    async fn the_job_of_a_run_that_was_given_up_holds_nothing_and_is_not_done() {
        let aside = Arc::new(Aside::default());
        let (say, first) = held(&aside);
        tokio::task::yield_now().await;
        let text = Arc::new(Mutex::new(0));
        let seen: Weak<_> = Arc::downgrade(&text);
        let given_up = tokio::spawn({
            let aside = Arc::clone(&aside);
            async move { aside.of(move || *text.lock().unwrap() = 1).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(seen.strong_count(), 1, "the job holds its text");
        given_up.abort();
        assert!(given_up.await.unwrap_err().is_cancelled());
        // The first is still being done.
        assert_eq!(seen.strong_count(), 0, "what nobody waits for is not held");
        say.send(0).unwrap();
        assert_eq!(first.await.unwrap(), Ok(0));
        assert_eq!(aside.of(|| 2).await, Ok(2));
    }

    #[tokio::test]
    async fn the_thread_gives_way_and_the_brokers_does_not() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        assert_eq!(Aside::default().of(nice).await, Ok(before.max(10)));
        assert_eq!(nice(), before);
    }
}
