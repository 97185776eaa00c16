//! Columns of zeros, whose memory may be refused.

use std::collections::TryReserveError;

/// So many zeros, or what stands for them. Fresh memory of numbers is cleared by the thread that first writes to it.
///
/// # Errors
/// Where there is no room.
pub(crate) fn zeros<T: Clone + Default>(count: usize) -> Result<Vec<T>, TryReserveError> {
    // Asked for first, because memory that is asked for with its zeros cannot be refused.
    Vec::<T>::new().try_reserve_exact(count)?;
    Ok(vec![T::default(); count])
}
