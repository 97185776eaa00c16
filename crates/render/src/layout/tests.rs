//! Tests of what a layout promises.

use proptest::prelude::*;

use super::*;

fn plan(nodes: usize, edges: &[(usize, usize)], level: impl Fn(usize) -> i64) -> Plan {
    let size = |i: usize| Size { w: 60.0 + (i % 5) as f64 * 30.0, h: 40.0 };
    let label = Some(Size { w: 40.0, h: 18.0 });
    Plan {
        boxes: (0..nodes).map(size).collect(),
        levels: (0..nodes).map(level).collect(),
        arrows: edges.iter().map(|&(from, to)| Arrow { from, to, label, sets_rank: true }).collect(),
        railed: 0,
    }
}

fn tree(nodes: usize) -> Plan {
    let edges: Vec<_> = (1..nodes).map(|i| (i, (i - 1) / 3)).collect();
    let depth = |mut i: usize| {
        let mut depth = 0;
        while i > 0 {
            i = (i - 1) / 3;
            depth += 1;
        }
        depth
    };
    plan(nodes, &edges, |i| -depth(i))
}

fn overlap(a: (Point, Size), b: (Point, Size)) -> bool {
    (a.0.x - b.0.x).abs() < (a.1.w + b.1.w) / 2.0 - 0.1 && (a.0.y - b.0.y).abs() < (a.1.h + b.1.h) / 2.0 - 0.1
}

#[test]
fn boxes_and_names_keep_apart() {
    let sizes = tree(40);
    let geometry = lay_out(tree(40), EngineChoice::BySize).unwrap().geometry;
    let boxes: Vec<_> = geometry.centres.iter().copied().zip(sizes.boxes.iter().copied()).collect();
    let names: Vec<_> = geometry.labels.iter().map(|label| (label.unwrap(), Size { w: 40.0, h: 18.0 })).collect();
    for (i, &a) in boxes.iter().enumerate() {
        assert!(boxes[..i].iter().all(|&b| !overlap(a, b)), "box {i} stands on another");
        assert!(names.iter().all(|&name| !overlap(a, name)), "a name stands on box {i}");
    }
    for (i, &a) in names.iter().enumerate() {
        assert!(names[..i].iter().all(|&b| !overlap(a, b)), "name {i} stands on another");
    }
}

#[test]
fn arrows_go_from_referrer_to_referent_on_every_engine() {
    // 1 refers to 0, which refers back: the second is told reversed.
    for policy in POLICY {
        let mut cycle = plan(2, &[(1, 0), (0, 1)], |i| -(i as i64));
        let flipped = orient::point_down(&mut cycle);
        assert_eq!(flipped, [false, true]);
        let geometry = checked(on_a_large_stack(policy.engine, &cycle, Told::Forwards).unwrap(), &cycle).unwrap();
        assert!(geometry.centres[1].y < geometry.centres[0].y, "the referrer stands above");
        for curve in &geometry.curves {
            assert!(curve[0].y < curve[curve.len() - 1].y, "{}: told downwards", policy.engine.name());
        }
    }
    let geometry = lay_out(plan(2, &[(1, 0), (0, 1)], |i| -(i as i64)), EngineChoice::BySize).unwrap().geometry;
    assert!(geometry.curves[0][0].y < geometry.curves[0].last().unwrap().y);
    assert!(geometry.curves[1][0].y > geometry.curves[1].last().unwrap().y);
}

#[test]
fn the_size_alone_chooses_the_engine() {
    let first = |nodes, edges| engines(nodes, edges).next().map(Engine::name);
    let small = if cfg!(feature = "graphviz-pure") { "graphviz-pure 1.0.0" } else { "dugong 0.9.3" };
    assert_eq!(first(10, 10), Some(small));
    assert_eq!(first(2_000, 10_000), Some(small));
    assert_eq!(first(20_000, 19_999), Some("dugong 0.9.3"));
    assert_eq!(first(100, 10_001), Some("dugong 0.9.3"));
    assert_eq!(first(50_001, 0), None);
}

struct Broken(fn() -> Result<Geometry, String>);

impl Engine for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn lay_out(&self, _: &Plan, _: Told) -> Result<Geometry, String> {
        self.0()
    }
}

#[test]
fn an_engine_that_fails_is_caught() {
    for engine in [Broken(|| Err("no".into())), Broken(|| panic!("expected in this test")), Broken(|| Ok(Geometry::default()))] {
        let plan = plan(2, &[], |_| 0);
        assert!(on_a_large_stack(&engine, &plan, Told::Forwards).and_then(|geometry| checked(geometry, &plan)).is_err());
    }
}

#[test]
fn self_references_and_loose_boxes_are_laid_out() {
    let geometry = lay_out(plan(3, &[(0, 0), (0, 1)], |i| i as i64), EngineChoice::BySize).unwrap().geometry;
    assert_eq!(geometry.centres.len(), 3);
    assert!(geometry.curves.iter().all(|curve| curve.len() >= 4));
}

/// Plans of up to sixty boxes as views give them: levels are distances from the first box, on one side of it; some
/// arrows go back, stay on a level, are double or lead to their own box, and many boxes hang on one other.
fn random_plan() -> impl Strategy<Value = Plan> {
    let box_size = (30_u32..160, 24_u32..70).prop_map(|(w, h)| Size { w: w.into(), h: h.into() });
    let boxes = prop::collection::vec((box_size, any::<prop::sample::Index>(), 10_u32..120), 1..60);
    let more = prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 10_u32..120), 0..60);
    (boxes, more, any::<bool>(), 1_usize..60).prop_map(|(boxes, more, is_up, inner)| {
        let name = |w: u32| (w > 20).then_some(Size { w: w.into(), h: 17.0 });
        let mut plan = Plan::default();
        for (i, (size, holder, w)) in boxes.iter().enumerate() {
            plan.boxes.push(*size);
            plan.levels.push(0);
            if i > 0 {
                let holder = holder.index(i.min(inner));
                let step = if is_up { -1 } else { 1 };
                plan.levels[i] = plan.levels[holder] + step;
                let (from, to) = if is_up { (i, holder) } else { (holder, i) };
                plan.arrows.push(Arrow { from, to, label: name(*w), sets_rank: true });
            }
        }
        for (from, to, w) in more {
            let (from, to) = (from.index(boxes.len()), to.index(boxes.len()));
            plan.arrows.push(Arrow { from, to, label: name(w), sets_rank: true });
        }
        plan
    })
}

fn copy(plan: &Plan) -> Plan {
    Plan { boxes: plan.boxes.clone(), levels: plan.levels.clone(), arrows: plan.arrows.clone(), railed: plan.railed }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn no_box_and_no_name_stands_on_another_whatever_the_engine(plan in random_plan()) {
        let mut failed = 0;
        for policy in POLICY {
            // An engine may give up on what is very dense; the next one is asked then.
            let Ok(laid_out) = lay_out_by(copy(&plan), |_, _| std::iter::once(policy.engine)) else {
                failed += 1;
                continue;
            };
            let geometry = laid_out.geometry;
            let boxes = geometry.centres.iter().copied().zip(plan.boxes.iter().copied());
            let names = geometry.labels.iter().zip(&plan.arrows).filter_map(|(label, arrow)| label.zip(arrow.label));
            let all: Vec<_> = boxes.chain(names).collect();
            for (i, &a) in all.iter().enumerate() {
                for (j, &b) in all[..i].iter().enumerate() {
                    prop_assert!(!overlap(a, b), "{}: {i} {a:?} stands on {j} {b:?}", laid_out.engine);
                }
            }
            let again = lay_out_by(copy(&plan), |_, _| std::iter::once(policy.engine)).unwrap();
            prop_assert_eq!(format!("{:?}", geometry), format!("{:?}", again.geometry));
        }
        prop_assert!(failed < POLICY.len());
    }
}
