//! A picture of lines over a logarithmic grid, as SVG. Nothing that another measurement would need is here.

use std::fmt::Write as _;

/// One line of the picture.
pub(crate) struct Line {
    /// What stands at its end.
    pub(crate) title: String,
    pub(crate) is_dashed: bool,
    /// MB and milliseconds, rising in MB.
    pub(crate) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 600.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 370.0;
/// One colour for two lines: the dashed one follows its own.
const COLOURS: [&str; 2] = ["#1f6fb2", "#c2571a"];
const TICKS_MB: [f64; 6] = [0.0, 1.0, 3.0, 10.0, 30.0, 100.0];
const TICKS_MS: [f64; 6] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0];
/// Nothing has no logarithm; it stands where a third of the next size would.
const NOTHING_MB: f64 = 0.33;

/// The picture. Both axes are logarithmic.
pub(crate) fn svg(title: &str, lines: &[Line]) -> String {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n<text x=\"{LEFT}\" y=\"26\" font-size=\"15\">{title}</text>\n"
    );
    for tick in TICKS_MB {
        let _ = writeln!(text, "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{tick} MB</text>", across(tick), BOTTOM + 20.0);
    }
    for tick in TICKS_MS {
        let y = up(tick);
        let _ = writeln!(text, "<path d=\"M{LEFT} {y:.1}H{RIGHT}\" stroke=\"#ddd\"/>");
        let _ = writeln!(text, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{tick} ms</text>", LEFT - 6.0, y + 4.0);
    }
    let mut free = f64::NEG_INFINITY;
    let mut ends = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let colour = COLOURS[at / 2 % COLOURS.len()];
        let dash = if line.is_dashed { " stroke-dasharray=\"6 4\"" } else { "" };
        let points: Vec<String> = line.points.iter().map(|(mb, ms)| format!("{:.1},{:.1}", across(*mb), up(*ms))).collect();
        let _ = writeln!(text, "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dash}/>", points.join(" "));
        ends.extend(line.points.last().map(|(_, ms)| (up(*ms), colour, &line.title)));
    }
    // Titles of lines that end close to each other stand below each other.
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (y, colour, title) in ends {
        free = (y + 4.0).max(free + 15.0);
        let _ = writeln!(text, "<text x=\"{}\" y=\"{free:.1}\" fill=\"{colour}\">{title}</text>", RIGHT + 8.0);
    }
    text + "</svg>\n"
}

fn across(mb: f64) -> f64 {
    LEFT + 20.0 + share(mb.max(NOTHING_MB), NOTHING_MB, 100.0) * (RIGHT - LEFT - 20.0)
}

fn up(ms: f64) -> f64 {
    BOTTOM - share(ms, TICKS_MS[0], TICKS_MS[TICKS_MS.len() - 1]) * (BOTTOM - TOP)
}

/// Where between the two a figure stands, from 0 to 1.
fn share(figure: f64, from: f64, to: f64) -> f64 {
    ((figure / from).ln() / (to / from).ln()).clamp(0.0, 1.0)
}
