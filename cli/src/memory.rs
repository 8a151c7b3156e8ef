//! How much memory there is, and how much was used.

use std::fs;

/// What is assumed where the system does not say.
const UNKNOWN: u64 = 8 << 30;

/// Bytes that this process may still take: what is free, or what its container leaves.
pub fn available() -> u64 {
    [free(), container()]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(UNKNOWN)
}

/// The default of `--max-memory`: three quarters of what is available, the rest for everything else.
pub fn default_limit() -> u64 {
    available() / 4 * 3
}

/// `MemAvailable` of the whole machine.
fn free() -> Option<u64> {
    kib_field(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// What control groups leave: version 2, then version 1, as a container sees its own.
fn container() -> Option<u64> {
    let read = |path: &str| -> Option<u64> { fs::read_to_string(path).ok()?.trim().parse().ok() };
    let group = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = group
        .lines()
        .find_map(|line| line.strip_prefix("0::/"))
        .map(|path| format!("/sys/fs/cgroup/{path}"));
    let v2 = own
        .into_iter()
        .chain(["/sys/fs/cgroup".into()])
        .find_map(|folder| {
            let limit = read(&format!("{folder}/memory.max"))?;
            let used = read(&format!("{folder}/memory.current")).unwrap_or(0);
            Some(limit.saturating_sub(used))
        });
    v2.or_else(|| {
        let limit = read("/sys/fs/cgroup/memory/memory.limit_in_bytes")?;
        let used = read("/sys/fs/cgroup/memory/memory.usage_in_bytes").unwrap_or(0);
        Some(limit.saturating_sub(used))
    })
}

/// The most memory that this process ever held, in bytes; `None` where the system does not say.
pub fn peak_rss() -> Option<u64> {
    kib_field(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

fn kib_field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
