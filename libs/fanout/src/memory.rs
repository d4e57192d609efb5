use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_trait::async_trait;
use bytes::Bytes;

use crate::ear::Ear;
use crate::{Fanout, FanoutError, Happening, Listener, Subject};

/// Live events within one process.
#[derive(Debug)]
pub struct MemoryFanout {
    ears: Mutex<Vec<Weak<Ear>>>,
    queue: usize,
}

impl MemoryFanout {
    /// Each listener has a queue of `queue` events; when it is full, a gap takes their place.
    pub fn new(queue: usize) -> Self {
        Self { ears: Mutex::default(), queue }
    }
}

#[async_trait]
impl Fanout for MemoryFanout {
    async fn publish(&self, subject: Subject, payload: Bytes) -> Result<(), FanoutError> {
        metrics::counter!("fanout_published_total").increment(1);
        self.ears.lock().unwrap_or_else(PoisonError::into_inner).retain(|ear| {
            let ear = ear.upgrade();
            if let Some(ear) = &ear {
                ear.hear(subject, payload.clone());
            }
            ear.is_some()
        });
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, FanoutError> {
        let ear = Arc::new(Ear::new(self.queue));
        let mut ears = self.ears.lock().unwrap_or_else(PoisonError::into_inner);
        ears.push(Arc::downgrade(&ear));
        Ok(Box::new(MemoryListener(ear)))
    }

    async fn ping(&self) -> Result<(), FanoutError> {
        Ok(())
    }
}

impl Drop for MemoryFanout {
    fn drop(&mut self) {
        let ears = self.ears.get_mut().unwrap_or_else(PoisonError::into_inner);
        ears.iter().filter_map(Weak::upgrade).for_each(|ear| ear.close());
    }
}

#[derive(Debug)]
struct MemoryListener(Arc<Ear>);

#[async_trait]
impl Listener for MemoryListener {
    async fn watch(&self, subjects: &[Subject]) -> Result<(), FanoutError> {
        self.0.watch(subjects);
        Ok(())
    }

    async fn unwatch(&self, subjects: &[Subject]) {
        self.0.unwatch(subjects);
    }

    fn is_behind(&self) -> bool {
        self.0.is_behind()
    }

    async fn next(&self) -> Option<Happening> {
        self.0.next().await
    }
}
