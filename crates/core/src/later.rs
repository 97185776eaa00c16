//! A column that is there from the start, or that is filled when somebody first asks for it.

use std::sync::{Mutex, OnceLock, PoisonError};

/// What few questions need and takes time to fill; its memory is asked for at once, when it can be refused.
pub(crate) struct Later<T> {
    filled: OnceLock<T>,
    room: Mutex<Option<T>>,
}

impl<T> Later<T> {
    /// A column that is there.
    pub(crate) fn now(column: T) -> Self {
        Self { filled: OnceLock::from(column), room: Mutex::default() }
    }

    /// A column that will stand in `room`: zeros of fresh memory cost nothing before they are written.
    pub(crate) fn in_room(room: T) -> Self {
        Self { filled: OnceLock::new(), room: Mutex::new(Some(room)) }
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        self.filled.get()
    }

    /// Fills the room, or what `fresh` gives where another thread has that. Nobody waits for the other thread: in a
    /// process that was forked meanwhile there is none. Those that ask at the same time each fill a column, and the first
    /// one stays.
    #[cold]
    pub(crate) fn fill(&self, fresh: impl FnOnce() -> T, fill: impl FnOnce(&mut T)) -> &T {
        let room = self.room.try_lock().ok().and_then(|mut room| room.take());
        let mut column = room.unwrap_or_else(fresh);
        fill(&mut column);
        self.filled.get_or_init(|| column)
    }

    /// Bytes of the column, and of room for it.
    pub(crate) fn bytes(&self, of: impl Fn(&T) -> usize) -> usize {
        let room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        self.filled.get().map_or(0, &of) + room.as_ref().map_or(0, &of)
    }
}

impl<T: Default> Default for Later<T> {
    fn default() -> Self {
        Self::now(T::default())
    }
}

impl<T: Clone> Clone for Later<T> {
    fn clone(&self) -> Self {
        let room = self.room.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self { filled: self.filled.clone(), room: Mutex::new(room) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_filled_once_and_a_copy_by_itself() {
        let later = Later::in_room(vec![0; 3]);
        let copy = later.clone();
        assert!(later.get().is_none());
        let filled = later.fill(|| unreachable!("there is room"), |column| column[1] = 7);
        assert_eq!((filled, later.get()), (&vec![0, 7, 0], Some(&vec![0, 7, 0])));
        assert_eq!(copy.fill(Vec::new, |column| column[2] = 8), &[0, 0, 8]);
        assert_eq!(later.bytes(Vec::len) + copy.bytes(Vec::len), 6);
    }

    #[test]
    fn nobody_waits_for_one_that_does_not_come_back() {
        // As a child finds it that was forked while another thread took the room, and after it had taken it.
        let later = Later::in_room(vec![0]);
        let held = later.room.lock().unwrap();
        assert_eq!(later.fill(|| vec![1], |_| ()), &[1]);
        drop(held);
        let later = Later::in_room(vec![0]);
        drop(later.room.lock().unwrap().take());
        assert_eq!(later.fill(|| vec![1], |_| ()), &[1]);
    }
}
