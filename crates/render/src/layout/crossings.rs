//! How often arrows cross one another: the fewer, the easier a picture is to follow.

use super::Point;
use super::bends::on_curve;

/// Straight pieces that stand for one curve.
const PIECES: u32 = 6;

struct Piece {
    arrow: usize,
    from: Point,
    to: Point,
}

/// Counts where arrows, as chains of curves, cross others. Those that meet without crossing, at a box or along a line that
/// they share, do not. O(pieces × those beside each).
pub(super) fn crossings(curves: &[Vec<Point>]) -> usize {
    let mut pieces: Vec<Piece> = curves.iter().enumerate().flat_map(|(arrow, curve)| pieces(arrow, curve)).collect();
    let left = |piece: &Piece| piece.from.x.min(piece.to.x);
    pieces.sort_by(|a, b| left(a).total_cmp(&left(b)));
    let mut found = 0;
    for (at, piece) in pieces.iter().enumerate() {
        let right = piece.from.x.max(piece.to.x);
        let beside = pieces[at + 1..].iter().take_while(|other| left(other) <= right);
        found += beside.filter(|other| other.arrow != piece.arrow && cross(piece, other)).count();
    }
    found
}

fn pieces(arrow: usize, curve: &[Point]) -> impl Iterator<Item = Piece> + '_ {
    let points = (0..curve.len().saturating_sub(3)).step_by(3).flat_map(move |at| {
        let whole = [curve[at], curve[at + 1], curve[at + 2], curve[at + 3]];
        let on = move |step: u32| on_curve(whole, f64::from(step) / f64::from(PIECES));
        (0..PIECES).map(move |step| (on(step), on(step + 1)))
    });
    points.map(move |(from, to)| Piece { arrow, from, to })
}

/// Whether each of two pieces has its ends on different sides of the other, and none on it.
fn cross(one: &Piece, other: &Piece) -> bool {
    let side = |piece: &Piece, point: Point| {
        let (along, across) = (piece.to.x - piece.from.x, piece.to.y - piece.from.y);
        along * (point.y - piece.from.y) - across * (point.x - piece.from.x)
    };
    let parts = |piece: &Piece, other: &Piece| side(piece, other.from) * side(piece, other.to) < 0.0;
    parts(one, other) && parts(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(from: (f64, f64), to: (f64, f64)) -> Vec<Point> {
        let at = |t: f64| Point { x: from.0 + (to.0 - from.0) * t, y: from.1 + (to.1 - from.1) * t };
        vec![at(0.0), at(0.31), at(0.67), at(1.0)]
    }

    #[test]
    fn lines_cross_where_they_do() {
        let cross = [line((0.0, 0.0), (10.0, 11.0)), line((0.0, 10.0), (10.0, 0.0)), line((3.0, 0.0), (4.0, 12.0))];
        assert_eq!(crossings(&cross), 3);
        let fan = [line((0.0, 0.0), (10.0, 10.0)), line((0.0, 0.0), (10.0, 20.0)), line((20.0, 0.0), (20.0, 9.0))];
        assert_eq!(crossings(&fan), 0, "they begin at one point");
        assert_eq!(crossings(&[line((0.0, 0.0), (9.0, 0.0)), line((3.0, 0.0), (20.0, 0.0))]), 0, "they run along one line");
        assert_eq!(crossings(&[]), 0);
    }
}
