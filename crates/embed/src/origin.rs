//! What this process says of itself in the heaps that are captured in it.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::time::SystemTime;

use pyo3::Python;
use refroots_core::{Origin, Process, Values};

use crate::capture::Moment;

/// This process.
pub(crate) fn this_process() -> Process {
    static TOKEN: OnceLock<u64> = OnceLock::new();
    // The standard library seeds its hashes from the system's random numbers.
    Process { pid: std::process::id(), token: *TOKEN.get_or_init(|| RandomState::new().hash_one(0)) }
}

/// Where a heap comes from that is captured now. Makes no Python object.
pub(crate) fn origin(moment: Option<&Moment>) -> Origin {
    let version = Python::version_str();
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Origin {
        values: Values::Short,
        python: format!("CPython {}", version.split(' ').next().unwrap_or(version)),
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        process: Some(this_process()),
        captured_at: since_1970.ok().map(|time| time.as_secs()),
        marks: moment.map(Moment::marks),
    }
}
