//! Graphviz's `dot`: how long it takes, and the geometry of what it makes of a view's DOT.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use refroots_core::View;
use refroots_core::petgraph::visit::EdgeRef;
use serde_json::Value;

use crate::BARE;
use crate::judge::{Arrow, Drawn, Point, Rect, curve};

/// How long it may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(100);

/// Runs `dot` on a graph; gives nothing where it takes too long or fails.
pub(crate) fn run(dot: &str, format: &str) -> Option<Vec<u8>> {
    let mut child = Command::new("dot")
        .arg(format!("-T{format}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(dot.as_bytes())));
        let reader = scope.spawn(move || {
            let mut drawn = Vec::new();
            stdout.map(|mut stdout| stdout.read_to_end(&mut drawn)).map(|_| drawn)
        });
        let begun = Instant::now();
        while !reader.is_finished() && begun.elapsed() < LIMIT {
            std::thread::sleep(Duration::from_millis(1));
        }
        if !reader.is_finished() {
            let _ = child.kill();
        }
        let status = child.wait();
        reader.join().ok()?.filter(|_| status.is_ok_and(|status| status.success()))
    })
}

/// The layout engine of a drawing: `dot`, which gives SVG.
pub(crate) fn engine(dot: &str) -> Result<String, String> {
    let drawn = run(dot, "svg").ok_or("it took too long or failed")?;
    String::from_utf8(drawn).map_err(|problem| problem.to_string())
}

/// What `dot` makes of the DOT of a view, which was written as `dot -Tjson` says it.
pub(crate) fn classic(view: &View) -> Option<Drawn> {
    let drawn: Value = serde_json::from_slice(&run(&refroots_render::dot(view, &BARE), "json")?).ok()?;
    let corners = numbers(drawn["bb"].as_str()?);
    let mut geometry = Drawn { width: corners[2], height: corners[3], ..Drawn::default() };
    let mut places = vec![0; drawn["objects"].as_array()?.len()];
    let mut named = std::collections::HashMap::new();
    for object in drawn["objects"].as_array()? {
        let centre = numbers(object["pos"].as_str()?);
        let size = |key: &str| numbers(object[key].as_str().unwrap_or_default())[0] * 36.0;
        let (w, h) = (size("width"), size("height"));
        named.insert(object["name"].as_str()?.to_owned(), geometry.boxes.len());
        places[object["_gvid"].as_u64()? as usize] = geometry.boxes.len();
        geometry.boxes.push(Rect { left: centre[0] - w, right: centre[0] + w, top: centre[1] - h, bottom: centre[1] + h });
    }
    for edge in drawn["edges"].as_array().into_iter().flatten() {
        let end = |key: &str| edge[key].as_u64().map(|place| places[place as usize]);
        let spline = edge["pos"].as_str()?.split_whitespace();
        let (mut points, mut tip) = (Vec::new(), None);
        for word in spline {
            let at = numbers(word.trim_start_matches("e,"));
            let at = Point { x: at[0], y: at[1] };
            if word.starts_with("e,") { tip = Some(at) } else { points.push(at) }
        }
        let mut flat = vec![points[0]];
        for at in (0..points.len() - 3).step_by(3) {
            flat.extend(curve(points[at], points[at + 1], points[at + 2], points[at + 3]));
        }
        flat.extend(tip);
        geometry.arrows.push(Arrow { ends: [end("tail")?, end("head")?], points: flat });
        for words in edge["_ldraw_"].as_array().into_iter().flatten().filter(|drawn| drawn["op"] == "T") {
            let (x, y, w) = (words["pt"][0].as_f64()?, words["pt"][1].as_f64()?, words["width"].as_f64()? / 2.0);
            geometry.names.push(Rect { left: x - w, right: x + w, top: y - 2.0, bottom: y + 9.0 });
        }
    }
    let is_complete = view.graph.edge_references().all(|edge| named.contains_key(&format!("n{}", edge.source().index())));
    is_complete.then_some(geometry)
}

fn numbers(text: &str) -> Vec<f64> {
    text.split([',', ' ']).filter_map(|word| word.parse().ok()).collect()
}
