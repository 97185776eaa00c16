//! The facts of a file as lines of text, `key` and `value` with a tab between: readers skip keys that they do not know.

use crate::{HeapGraph, Marks, Origin, Process, Values};

/// What the facts say.
pub(super) struct Facts {
    pub(super) origin: Origin,
    pub(super) nodes: u64,
    pub(super) references: u64,
}

pub(super) fn write(graph: &HeapGraph, policy: Values) -> String {
    let origin = &graph.origin;
    let values = match policy {
        Values::None => "none",
        Values::Short => "short",
    };
    let mut lines = vec![
        ("values", values.to_owned()),
        ("nodes", graph.node_count().to_string()),
        ("references", graph.edge_count().to_string()),
        ("python", origin.python.clone()),
        ("platform", origin.platform.clone()),
        ("written-by", format!("refroots {}", env!("CARGO_PKG_VERSION"))),
    ];
    if let Some(process) = origin.process {
        lines.push(("pid", process.pid.to_string()));
        lines.push(("process-token", format!("{:016x}", process.token)));
    }
    if let Some(seconds) = origin.captured_at {
        lines.push(("captured-at", seconds.to_string()));
    }
    if let Some(marks) = origin.marks {
        lines.push(("mark-behind-oldest", format!("{:x}", marks.behind_oldest)));
        lines.push(("mark-behind-all", format!("{:x}", marks.behind_all)));
        lines.push(("full-collections", marks.full_collections.to_string()));
    }
    lines.iter().map(|(key, value)| format!("{key}\t{}\n", value.replace(['\n', '\t'], " "))).collect()
}

/// Reads the facts; the reason where one that must be there is not, or says nothing that is known.
pub(super) fn read(text: &str) -> Result<Facts, String> {
    let value =
        |key: &str| text.lines().find_map(|line| line.split_once('\t').filter(|&(known, _)| known == key)).map(|pair| pair.1);
    let decimal = |key: &str| value(key).and_then(|value| value.parse::<u64>().ok());
    let hexadecimal = |key: &str| value(key).and_then(|value| u64::from_str_radix(value, 16).ok());
    let values = match value("values") {
        Some("none") => Values::None,
        Some("short") => Values::Short,
        other => return Err(format!("values {other:?}, not none or short")),
    };
    let process = decimal("pid").and_then(|pid| u32::try_from(pid).ok()).zip(hexadecimal("process-token"));
    let marks = hexadecimal("mark-behind-oldest").zip(hexadecimal("mark-behind-all")).zip(decimal("full-collections"));
    let origin = Origin {
        values,
        python: value("python").unwrap_or_default().to_owned(),
        platform: value("platform").unwrap_or_default().to_owned(),
        process: process.map(|(pid, token)| Process { pid, token }),
        captured_at: decimal("captured-at"),
        marks: marks.map(|((behind_oldest, behind_all), full_collections)| Marks { behind_oldest, behind_all, full_collections }),
    };
    let count = |key: &str| decimal(key).ok_or_else(|| format!("no count of {key}"));
    Ok(Facts { origin, nodes: count("nodes")?, references: count("references")? })
}
