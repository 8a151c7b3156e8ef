//! How large the processor's second-level cache is.

/// What servers have at least that came after 2022.
const USUAL: usize = 1 << 20;

/// Bytes of a core's second-level cache, by what CPUID says (leaf 8000_0006h, which AMD and Intel share); [`USUAL`] where it says
/// nothing.
pub(crate) fn second_level_bytes() -> usize {
    match kib() {
        0 => USUAL,
        kib => kib << 10,
    }
}

#[cfg(target_arch = "x86_64")]
fn kib() -> usize {
    use std::arch::x86_64::__cpuid;
    match __cpuid(0x8000_0000).eax {
        0x8000_0006.. => (__cpuid(0x8000_0006).ecx >> 16) as usize,
        _ => 0,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn kib() -> usize {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Linux says of the same cache, where it says anything.
    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn as_the_system_says() {
        let file = "/sys/devices/system/cpu/cpu0/cache/index2/size";
        let Ok(text) = std::fs::read_to_string(file) else {
            return;
        };
        let kib: usize = text.trim().trim_end_matches('K').parse().expect("KiB");
        assert_eq!(second_level_bytes(), kib << 10);
    }
}
