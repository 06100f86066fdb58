//! What running programs cost, by the kernel's own accounts (proc(5)).

use crate::Result;
use std::fs;

/// CPU seconds that these processes have used so far (fields 14 and 15 of stat, in ticks of 1/100 s).
pub fn cpu_seconds(processes: &[u32]) -> Result<f64> {
    let mut ticks = 0u64;
    for id in processes {
        let fields = stat(*id)?;
        for at in [11, 12] {
            ticks += fields.get(at).ok_or("a short stat")?.parse::<u64>()?;
        }
    }
    Ok(ticks as f64 / 100.0)
}

/// The most memory that a process has had so far, in MiB (`VmHWM`).
pub fn peak_mib(process: u32) -> Result<f64> {
    kib(&format!("/proc/{process}/status"), "VmHWM:").map(|kib| kib / 1024.0)
}

/// Memory of these processes in MiB, what they share by its share (`Pss`).
pub fn pss_mib(processes: &[u32]) -> Result<f64> {
    let each = processes.iter().map(|id| kib(&format!("/proc/{id}/smaps_rollup"), "Pss:"));
    Ok(each.sum::<Result<f64>>()? / 1024.0)
}

/// A process and all that it started, as far as they run.
pub fn family(process: u32) -> Result<Vec<u32>> {
    let all: Vec<u32> = fs::read_dir("/proc")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    // Whoever ends while it is looked at has no parent any more.
    let parent = |id: u32| stat(id).ok()?.get(1)?.parse::<u32>().ok();
    let parents: Vec<(u32, u32)> = all.iter().filter_map(|id| Some((*id, parent(*id)?))).collect();
    let mut family = vec![process];
    let mut at = 0;
    while let Some(one) = family.get(at).copied() {
        family.extend(parents.iter().filter(|(_, parent)| *parent == one).map(|(id, _)| *id));
        at += 1;
    }
    Ok(family)
}

/// The fields of a process's stat after its name: its state is the first.
fn stat(process: u32) -> Result<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after_name = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    Ok(after_name.split_whitespace().map(String::from).collect())
}

/// A line of a file such as `Pss:  1234 kB`.
fn kib(file: &str, name: &str) -> Result<f64> {
    let told = fs::read_to_string(file)?;
    let line = told.lines().find_map(|line| line.strip_prefix(name));
    let line = line.ok_or_else(|| format!("{file} tells no {name}"))?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
