//! How a figure is told: ours, the other's, the ratio, the goal.

/// The column heads.
pub fn heading() {
    println!("{:<44}{:>14}{:>14}{:>9}  goal", "", "ours", "other", "ratio");
}

/// One figure beside another, with a goal for their ratio such as `≥ 0.8`.
pub fn ratio(what: &str, ours: f64, other: f64, goal: &str) {
    let (ratio, ours, other) = (ours / other, short(ours), short(other));
    println!("{what:<44}{ours:>14}{other:>14}{ratio:>8.2}×  {goal}");
}

/// One figure that stands alone.
pub fn alone(what: &str, ours: f64, goal: &str) {
    println!("{what:<44}{:>14}{:>23}  {goal}", short(ours), "");
}

fn short(figure: f64) -> String {
    if figure >= 100.0 { format!("{figure:.0}") } else { format!("{figure:.3}") }
}
