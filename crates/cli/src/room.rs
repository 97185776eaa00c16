//! Whether the graph of this heap fits into the memory that is left, asked before it is built: an
//! allocation that fails half-way would end the process.

use std::fs;
use std::path::Path;

/// Bytes of graph for each object that the collector tracks: about two and a half objects and four
/// references follow from each.
const BYTES_A_TRACKED_OBJECT: u64 = 130;

/// What the graph of `tracked` objects will need, in bytes, beside a process of this size: columns,
/// and an index of an eighth of the heap.
pub fn needed(tracked: usize) -> u64 {
    tracked as u64 * BYTES_A_TRACKED_OBJECT + resident().unwrap_or_default() / 8
}

/// The least of what the machine, the control groups and the address space have left, in bytes.
pub fn left() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    [machine(), control_groups(&groups, Path::new("/sys/fs/cgroup")), address_space()].into_iter().flatten().min()
}

/// A line `name: 123 kB` of a file under /proc.
fn kilobytes(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// Bytes of memory that this process takes.
pub fn resident() -> Option<u64> {
    kilobytes("/proc/self/status", "VmRSS")
}

fn machine() -> Option<u64> {
    kilobytes("/proc/meminfo", "MemAvailable")
}

/// Files of a control group that say its limit and its use, and how its statistics call file pages:
/// those give way, though they count as used. (Memory of tmpfs is no file page in that sense.)
struct Account {
    limit: &'static str,
    usage: &'static str,
    file_pages: [&'static str; 2],
}

const VERSION_1: Account = Account {
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    file_pages: ["total_active_file ", "total_inactive_file "],
};
const VERSION_2: Account =
    Account { limit: "memory.max", usage: "memory.current", file_pages: ["active_file ", "inactive_file "] };

/// The least that any of the process's control groups leaves, of those that `groups`, the text of
/// /proc/self/cgroup, names. A limit binds every group below it, so each is followed up to the root.
/// In a container the first folders may be missing, because the names are the host's: what stands at
/// the root is the container's own group then.
pub fn control_groups(groups: &str, mounted: &Path) -> Option<u64> {
    let mut least = None;
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (parts.next(), parts.next()) else { continue };
        let (account, root) = match controllers {
            "" => (VERSION_2, mounted.to_owned()),
            _ if controllers.split(',').any(|controller| controller == "memory") => (VERSION_1, mounted.join("memory")),
            _ => continue,
        };
        for folder in Path::new(group.trim_start_matches('/')).ancestors() {
            least = [least, left_in(&root.join(folder), &account)].into_iter().flatten().min();
        }
    }
    least
}

/// What one group leaves; `None` where it has no limit.
fn left_in(folder: &Path, account: &Account) -> Option<u64> {
    let read = |file: &str| fs::read_to_string(folder.join(file)).ok();
    let number = |text: String| text.trim().parse::<u64>().ok();
    let (limit, usage) = (number(read(account.limit)?)?, number(read(account.usage)?)?);
    let statistics = read("memory.stat").unwrap_or_default();
    let pages = |name: &str| statistics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    let file_pages: u64 = account.file_pages.into_iter().filter_map(pages).sum();
    Some(limit.saturating_sub(usage.saturating_sub(file_pages)))
}

/// `RLIMIT_AS`, where one is set.
fn address_space() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(limit.saturating_sub(kilobytes("/proc/self/status", "VmSize")?))
}
