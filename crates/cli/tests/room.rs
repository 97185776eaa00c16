//! What control groups leave, read from folders of its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use refroots_cli::room;

use std::fs;
use std::path::Path;

/// Writes a group's files: a limit, what is used, and its statistics, under the names of its version.
fn group(folder: &Path, names: [&str; 2], limit: &str, usage: u64, statistics: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(names[0]), format!("{limit}\n")).unwrap();
    fs::write(folder.join(names[1]), format!("{usage}\n")).unwrap();
    fs::write(folder.join("memory.stat"), statistics).unwrap();
}

const VERSION_1: [&str; 2] = ["memory.limit_in_bytes", "memory.usage_in_bytes"];
const VERSION_2: [&str; 2] = ["memory.max", "memory.current"];
const NO_LIMIT: &str = "9223372036854771712";

#[test]
fn a_limit_of_a_parent_group_binds() {
    let mounted = tempfile::tempdir().unwrap();
    let slice = mounted.path().join("app.slice");
    group(&slice, VERSION_2, "1000", 700, "");
    group(&slice.join("job.scope"), VERSION_2, "max", 600, "");
    group(&slice.join("job.scope/inner"), VERSION_2, "5000", 600, "");
    assert_eq!(room::control_groups("0::/app.slice/job.scope/inner\n", mounted.path()), Some(300));
    assert_eq!(room::control_groups("0::/app.slice/job.scope\n", mounted.path()), Some(300));
    assert_eq!(room::control_groups("0::/elsewhere\n", mounted.path()), None);
    assert_eq!(room::control_groups("0::/\n", mounted.path()), None);
}

#[test]
fn version_1_is_read_from_the_hierarchy_of_memory() {
    let mounted = tempfile::tempdir().unwrap();
    let memory = mounted.path().join("memory");
    group(&memory, VERSION_1, NO_LIMIT, 9000, "");
    group(&memory.join("box"), VERSION_1, "4096", 3000, "total_active_file 100\ntotal_inactive_file 200\n");
    let groups = "9:name=systemd:/\n5:cpu,cpuacct:/box\n4:memory:/box/gone\n0::/\n";
    assert_eq!(room::control_groups(groups, mounted.path()), Some(4096 - 2700));
    assert_eq!(room::control_groups("3:cpuset,memory:/box\n", mounted.path()), Some(4096 - 2700));
    assert!(room::control_groups("4:memory:/\n", mounted.path()).unwrap() > 1 << 60);
}

#[test]
fn file_pages_give_way_and_a_group_over_its_limit_leaves_nothing() {
    let mounted = tempfile::tempdir().unwrap();
    group(mounted.path(), VERSION_2, "1000", 1500, "anon 900\nfile 600\nactive_file 400\ninactive_file 200\n");
    // A container that sees the host's names for its own root.
    assert_eq!(room::control_groups("0::/docker/0123\n", mounted.path()), Some(100));
    group(mounted.path(), VERSION_2, "1000", 1500, "");
    assert_eq!(room::control_groups("0::/\n", mounted.path()), Some(0));
    assert_eq!(room::control_groups("no such line\n", mounted.path()), None);
}

#[test]
fn this_machine_has_something_left() {
    assert!(room::left().unwrap() > 0);
    assert!(room::needed(1000) >= 160_000);
}
