//! Whether the graph of this heap fits into the memory that is left, asked before it is built: an
//! allocation that fails half-way would end the process.

use std::fs;

/// Bytes of graph for each object that the collector tracks: about two and a half objects and four
/// references follow from each.
const BYTES_A_TRACKED_OBJECT: u64 = 130;

/// What the graph of `tracked` objects will need, in bytes, beside a process of this size: columns,
/// and an index of an eighth of the heap.
pub(crate) fn needed(tracked: usize) -> u64 {
    tracked as u64 * BYTES_A_TRACKED_OBJECT + resident().unwrap_or_default() / 8
}

/// The least of what the machine, the control group and the address space have left, in bytes.
pub(crate) fn left() -> Option<u64> {
    [machine(), control_group(), address_space()].into_iter().flatten().min()
}

/// A line `name: 123 kB` of a file under /proc.
fn kilobytes(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

fn resident() -> Option<u64> {
    kilobytes("/proc/self/status", "VmRSS")
}

fn machine() -> Option<u64> {
    kilobytes("/proc/meminfo", "MemAvailable")
}

/// Version 2: `memory.max` less `memory.current` of the process's own group. File pages count as
/// current and would give way, so they are added again.
fn control_group() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let read = |file: &str| fs::read_to_string(format!("/sys/fs/cgroup{group}/{file}")).ok();
    let number = |text: String| text.trim().parse::<u64>().ok();
    let (limit, current) = (number(read("memory.max")?)?, number(read("memory.current")?)?);
    let stat = read("memory.stat").unwrap_or_default();
    let file = stat.lines().find_map(|line| line.strip_prefix("file ")?.parse::<u64>().ok()).unwrap_or_default();
    Some(limit.saturating_sub(current).saturating_add(file))
}

/// `RLIMIT_AS`, where one is set.
fn address_space() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(limit.saturating_sub(kilobytes("/proc/self/status", "VmSize")?))
}
