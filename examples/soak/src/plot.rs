//! Throughput, latency and memory over time, one above the other, with what was injected below them, as SVG.

use crate::{
    control::{Control, Fault},
    report::{Sample, Spread},
};
use std::fmt::Write as _;

const WIDTH: f64 = 900.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 760.0;
const PANEL: f64 = 130.0;
const GAP: f64 = 40.0;
const TOP: f64 = 40.0;
/// How many points a line has at most.
const POINTS: usize = 150;

struct Line {
    title: &'static str,
    colour: &'static str,
    points: Vec<(f64, f64)>,
}

/// The picture.
pub(crate) fn svg(control: &Control, samples: &[Sample]) -> String {
    let end = samples.last().map_or(1.0, |sample| sample.at.as_secs_f64()).max(1.0);
    let step = (end / POINTS as f64).max(2.0);
    let answers: Vec<(f64, f64)> = control.answers().iter().map(|answer| (answer.at.as_secs_f64(), answer.took.as_secs_f64() * 1000.0)).collect();
    let steps: Vec<f64> = (0..POINTS).map(|n| n as f64 * step).take_while(|from| *from < end).collect();
    let within = |from: f64| answers.iter().filter(move |(at, _)| (from..from + step).contains(at)).map(|(_, took)| *took).collect::<Vec<_>>();
    let spreads: Vec<(f64, Spread)> = steps.iter().map(|from| (from + step / 2.0, Spread::of(within(*from)))).collect();
    let rate = spreads.iter().map(|(at, spread)| (*at, spread.count as f64 / step)).collect();
    let latency = |of: fn(&Spread) -> f64| spreads.iter().filter(|(_, spread)| spread.count > 0).map(|(at, spread)| (*at, of(spread))).collect();
    let every = (samples.len() / POINTS).max(1);
    let memory = |window: usize| {
        let seen = samples.iter().step_by(every);
        seen.filter_map(|sample| Some((sample.at.as_secs_f64(), *sample.resident.get(&window)? as f64 / 1e6))).collect()
    };
    let processes = samples.iter().step_by(every).map(|sample| (sample.at.as_secs_f64(), sample.processes as f64)).collect();
    let line = |title, colour, points| Line { title, colour, points };
    let panels = [
        ("answers a second", vec![line("answers", "#1f6fb2", rate)]),
        ("latency, ms", vec![line("p50", "#1f6fb2", latency(|spread| spread.p50)), line("p99", "#c2571a", latency(|spread| spread.p99))]),
        ("memory of lasting servers, MB", vec![line("modern", "#1f6fb2", memory(0)), line("legacy", "#c2571a", memory(1))]),
        ("processes of all servers", vec![line("processes", "#1f6fb2", processes)]),
    ];
    let height = TOP + panels.len() as f64 * (PANEL + GAP) + 60.0;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    let across = |seconds: f64| LEFT + seconds / end * (RIGHT - LEFT);
    for (at, (title, lines)) in panels.iter().enumerate() {
        panel(&mut text, TOP + at as f64 * (PANEL + GAP), title, lines, across);
    }
    let bottom = TOP + panels.len() as f64 * (PANEL + GAP);
    for (fault, colour, y) in
        [(Fault::Server, "#b00020", 0.0), (Fault::Worker, "#1f6fb2", 10.0), (Fault::Upstream, "#777", 20.0), (Fault::Disk, "#c2571a", 30.0)]
    {
        for injected in control.injected().iter().filter(|injected| injected.fault == fault) {
            let x = across(injected.from.duration_since(control.begun).as_secs_f64());
            let _ = writeln!(text, "<path d=\"M{x:.1} {:.1}v7\" stroke=\"{colour}\"/>", bottom + y);
        }
        let _ =
            writeln!(text, "<text x=\"{}\" y=\"{:.1}\" fill=\"{colour}\" font-size=\"10\">{}</text>", RIGHT + 8.0, bottom + y + 7.0, fault.name());
    }
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (x, minutes) = (across(end * share), end * share / 60.0);
        let _ = writeln!(text, "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{minutes:.1} min</text>", bottom + 55.0);
    }
    text + "</svg>\n"
}

fn panel(text: &mut String, top: f64, title: &str, lines: &[Line], across: impl Fn(f64) -> f64) {
    let most = lines.iter().flat_map(|line| &line.points).map(|(_, figure)| *figure).fold(1.0, f64::max);
    let up = |figure: f64| top + PANEL - figure / most * PANEL;
    let _ = writeln!(text, "<text x=\"{LEFT}\" y=\"{:.1}\" font-size=\"13\">{title}</text>", top - 8.0);
    for share in [0.0, 0.5, 1.0] {
        let y = up(most * share);
        let _ = writeln!(text, "<path d=\"M{LEFT} {y:.1}H{RIGHT}\" stroke=\"#ddd\"/>");
        let _ = writeln!(text, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{:.0}</text>", LEFT - 6.0, y + 4.0, most * share);
    }
    for (at, line) in lines.iter().enumerate() {
        let points: Vec<String> = line.points.iter().map(|(seconds, figure)| format!("{:.1},{:.1}", across(*seconds), up(*figure))).collect();
        let _ = writeln!(text, "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>", points.join(" "), line.colour);
        let _ =
            writeln!(text, "<text x=\"{}\" y=\"{:.1}\" fill=\"{}\">{}</text>", RIGHT + 8.0, top + 12.0 + at as f64 * 16.0, line.colour, line.title);
    }
}
