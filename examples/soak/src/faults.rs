//! What is done to the servers from outside, on a schedule that the seed decides: processes killed, the disk filled, the clock moved.

use crate::{
    control::{Control, Fault},
    place::Place,
    random::Random,
    watch::{Role, Table},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    collections::BTreeMap,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// Seconds that the servers' clocks are wrong by: together less than the day for which a session is kept.
const CLOCKS: [i64; 6] = [0, 90, -90, 3600, -5 * 3600, 10 * 3600];

/// A principal whose workers die waits longer with every death until a minute has passed without one (10 s in the end): that is what a server is to do, and
/// nothing would be saturated. So a server's workers are killed a few times, and then left alone for longer than that.
const BURST: usize = 5;
const LEFT_ALONE: Duration = Duration::from_secs(65);

/// Injects faults until the soak is over.
pub(crate) fn inject(control: &Control, place: &Place, seed: u64) {
    let mut random = Random::new(seed, "faults");
    let mut deaths: BTreeMap<u32, (usize, Instant)> = BTreeMap::new();
    while !control.over.load(Ordering::Acquire) {
        let pause = Duration::from_millis(300 + random.next() % 900);
        let until = Instant::now() + pause;
        while Instant::now() < until && !control.over.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(20));
        }
        if !control.works() {
            continue;
        }
        let done = match random.below(40) {
            0..18 => kill(control, &mut random, &mut deaths, Role::Worker),
            18..22 => kill(control, &mut random, &mut deaths, Role::Zygote),
            22..35 => kill(control, &mut random, &mut deaths, Role::Upstream),
            35..39 => set_clock(control, place, &mut random),
            _ if place.has_disk => fill(control, place, &mut random),
            _ => Ok(()),
        };
        if let Err(error) = done {
            control.violation(&format!("the soak itself could not inject a fault: {error:#}"));
        }
    }
    // Whatever comes after this has an honest clock.
    if let Err(error) = place.set_clock(0) {
        control.violation(&format!("the clock could not be set right: {error:#}"));
    }
}

fn kill(control: &Control, random: &mut Random, deaths: &mut BTreeMap<u32, (usize, Instant)>, role: Role) -> anyhow::Result<()> {
    let Some((window, server)) = random.of(&control.servers()) else { return Ok(()) };
    if role != Role::Upstream {
        let (count, last) = deaths.entry(server).or_insert((0, Instant::now()));
        if last.elapsed() > LEFT_ALONE {
            *count = 0;
        }
        if *count >= BURST {
            return Ok(());
        }
        // Several runs end with their zygote.
        (*count, *last) = (*count + if role == Role::Zygote { 3 } else { 1 }, Instant::now());
    }
    let below: Vec<u32> = Table::read().below(server).into_iter().filter(|(_, is)| *is == role).map(|(pid, _)| pid).collect();
    let Some(victim) = random.of(&below) else { return Ok(()) };
    let (signal, called) = if role == Role::Worker && random.once_in(2) { (Signal::SEGV, "SIGSEGV") } else { (Signal::KILL, "SIGKILL") };
    let fault = match role {
        Role::Worker => Fault::Worker,
        Role::Zygote => Fault::Zygote,
        Role::Upstream => Fault::Upstream,
    };
    control.inject(fault, format!("{called} to process {victim} of window {window}"));
    if let Some(pid) = i32::try_from(victim).ok().and_then(Pid::from_raw) {
        // It may have ended in this moment.
        let _gone = kill_process(pid, signal);
    }
    Ok(())
}

fn set_clock(control: &Control, place: &Place, random: &mut Random) -> anyhow::Result<()> {
    let seconds = random.of(&CLOCKS).unwrap_or_default();
    control.inject(Fault::Clock, format!("{seconds} s"));
    place.set_clock(seconds)
}

/// Fills the disk for a moment.
fn fill(control: &Control, place: &Place, random: &mut Random) -> anyhow::Result<()> {
    let at = control.inject(Fault::Disk, "the state directory".to_owned());
    place.set_full(true)?;
    std::thread::sleep(Duration::from_millis(800 + random.next() % 2000));
    place.set_full(false)?;
    control.mended(at);
    Ok(())
}
