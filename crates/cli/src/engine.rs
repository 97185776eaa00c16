//! What lays pictures out, by name; and Graphviz's own `dot`, run with a time limit.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use refroots_render::{EngineChoice, printable};
use serde::{Deserialize, Serialize};

/// What decides where boxes and arrows go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Engine {
    /// One of refroots' own, by the picture's size.
    #[default]
    Builtin,
    /// Graphviz's `dot`, which must be installed.
    Dot,
}

impl Engine {
    /// What drawing is told of it.
    pub fn choice(self) -> EngineChoice {
        match self {
            Self::Builtin => EngineChoice::BySize,
            Self::Dot => EngineChoice::Dot(|graph| run(OsStr::new("dot"), LIMIT, graph)),
        }
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "builtin" => Ok(Self::Builtin),
            "dot" => Ok(Self::Dot),
            other => Err(format!("engine must be \"builtin\" or \"dot\", found {other:?}")),
        }
    }
}

/// How long `dot` may take. What it has not drawn by then takes it minutes.
const LIMIT: Duration = Duration::from_secs(60);

/// The SVG that `dot` makes of a graph in its language, or why there is none and what helps.
fn run(program: &OsStr, limit: Duration, graph: &str) -> Result<String, String> {
    let child = Command::new(program).arg("-Tsvg").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|problem| match problem.kind() {
        io::ErrorKind::NotFound => {
            "it is not on PATH; install Graphviz (Debian: apt install graphviz), or use the built-in engine".to_owned()
        }
        _ => format!("it cannot be run: {problem}"),
    })?;
    // Threads of their own that nothing waits for: what `dot` starts may keep its pipes open when it is gone.
    let written = child.stdin.take().map(|mut stdin| {
        let graph = graph.to_owned();
        thread::spawn(move || stdin.write_all(graph.as_bytes()))
    });
    let (drawn, complaint) = (read(child.stdout.take()), read(child.stderr.take()));
    let Ok(svg) = drawn.recv_timeout(limit) else {
        let _ = child.kill();
        let _ = child.wait();
        let seconds = limit.as_secs_f64();
        return Err(format!("it was stopped after {seconds} s; show fewer objects, or use the built-in engine"));
    };
    drop(written);
    // Where the program ignores SIGCHLD the system keeps no status, and the SVG must speak for itself.
    match child.wait() {
        Ok(status) if !status.success() => {
            let said = complaint.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
            Err(format!("{status}: {}; use the built-in engine", printable(said.trim(), 200)))
        }
        _ => Ok(svg),
    }
}

/// All that comes out of a pipe, once it is closed.
fn read(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        sender.send(String::from_utf8_lossy(&bytes).into_owned())
    });
    receiver
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn with_script(script: &str, limit: Duration) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dot");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        run(path.as_os_str(), limit, &"digraph {}\n".repeat(100_000))
    }

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn the_graph_goes_in_and_what_is_drawn_comes_out() {
        let echoed = with_script("test \"$1\" = -Tsvg && cat", LONG).unwrap();
        assert_eq!(echoed.len(), 1_100_000);
    }

    #[test]
    fn a_dot_that_is_missing_fails_or_hangs_is_said_with_what_helps() {
        let missing = run(OsStr::new("/nowhere/dot"), LONG, "").unwrap_err();
        assert!(missing.contains("apt install graphviz"), "{missing}");
        let failed = with_script("cat > /dev/null; echo no memory >&2; exit 3", LONG).unwrap_err();
        assert_eq!(failed, "exit status: 3: no memory; use the built-in engine");
        let stopped = with_script("sleep 1000", Duration::from_millis(50)).unwrap_err();
        assert_eq!(stopped, "it was stopped after 0.05 s; show fewer objects, or use the built-in engine");
    }
}
