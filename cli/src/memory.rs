//! How much memory there is, and how much was used.

use std::fs;
use std::path::Path;

/// What is assumed where the system does not say.
const UNKNOWN: u64 = 8 << 30;

/// Bytes that the program holds before it has a picture or a network: its code, its threads' stacks, buffers of files.
pub const OF_PROGRAM: u64 = 24 << 20;

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

/// What control groups leave to this process, as a container sees them.
fn container() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    left_by_groups(&groups, Path::new("/sys/fs/cgroup"))
}

/// What the tightest of a process's groups and the groups around them leaves, of version 1 or 2. `groups` is
/// `/proc/self/cgroup`, `mounts` where their files are.
fn left_by_groups(groups: &str, mounts: &Path) -> Option<u64> {
    let lines = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let group = Path::new(path.trim_start_matches('/'));
        if controllers.is_empty() {
            let names = ["memory.max", "memory.current", "inactive_file"];
            Some((mounts.to_path_buf(), group, names))
        } else if controllers.split(',').any(|name| name == "memory") {
            let names = [
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
                "total_inactive_file",
            ];
            Some((mounts.join("memory"), group, names))
        } else {
            None
        }
    });
    // Inside a container the path of the group may be the host's; then its own group is the root that it sees.
    let left = lines.flat_map(|(mount, group, names)| {
        let folders = group.ancestors().map(move |group| mount.join(group));
        folders.filter_map(move |folder| left_by(&folder, names))
    });
    left.min()
}

/// What one group leaves; `None` if it is not there or has no limit.
fn left_by(folder: &Path, [limit, used, cached]: [&str; 3]) -> Option<u64> {
    let number = |name| -> Option<u64> {
        let text = fs::read_to_string(folder.join(name)).ok()?;
        text.trim().parse().ok()
    };
    let limit = number(limit)?;
    let used = number(used).unwrap_or(0);
    // Pages of files that nobody has used lately are given up for whoever needs memory.
    let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let cached = stat
        .lines()
        .find_map(|line| line.strip_prefix(cached)?.trim().parse().ok())
        .unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(cached)))
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

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn write(folder: &Path, files: &[(&str, &str)]) {
        fs::create_dir_all(folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
    }

    #[test]
    fn the_tightest_group_counts() {
        let mounts = tempfile::tempdir().unwrap();
        let left = |groups: &str| left_by_groups(groups, mounts.path());
        assert_eq!(left("0::/"), None);
        let mib = |count: u64| (count * MIB).to_string();
        // Version 2: no limit of its own, one around it, a looser one around that.
        write(
            &mounts.path().join("pods/a/b"),
            &[("memory.max", "max\n"), ("memory.current", "77\n")],
        );
        let stat = format!("anon 5\ninactive_file {}\nactive_file 9\n", 300 * MIB);
        write(
            &mounts.path().join("pods/a"),
            &[
                ("memory.max", &mib(1000)),
                ("memory.current", &mib(900)),
                ("memory.stat", &stat),
            ],
        );
        write(&mounts.path().join("pods"), &[("memory.max", &mib(5000))]);
        assert_eq!(left("0::/pods/a/b\n"), Some(400 * MIB));
        assert_eq!(left("0::/pods\n"), Some(5000 * MIB));
        assert_eq!(left("0::/elsewhere\n"), None);
        // Version 1, whose path is the host's: the root is the container's own.
        write(
            &mounts.path().join("memory"),
            &[
                ("memory.limit_in_bytes", &mib(200)),
                ("memory.usage_in_bytes", &mib(150)),
                (
                    "memory.stat",
                    "inactive_file 1\ntotal_inactive_file 1048576\n",
                ),
            ],
        );
        let old = "5:cpu,cpuacct:/x\n4:memory:/docker/0123\n1:name=systemd:/\n";
        assert_eq!(left(old), Some(51 * MIB));
        assert_eq!(left(&format!("{old}0::/pods/a/b\n")), Some(51 * MIB));
        // More than allowed is nothing left, and nonsense is no limit.
        write(
            &mounts.path().join("memory"),
            &[("memory.usage_in_bytes", &mib(500))],
        );
        assert_eq!(left(old), Some(0));
        assert_eq!(left("nonsense\n:\n1:memory\n"), None);
    }
}
