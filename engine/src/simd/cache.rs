//! How large the processor's second-level cache is.

/// What servers have at least that came after 2022.
const USUAL: usize = 1 << 20;

/// Bytes of a core's second-level cache, by what CPUID says (leaf 8000_0006h, which AMD and Intel share); [`USUAL`] where it says
/// nothing.
pub(crate) fn second_level_bytes() -> usize {
    match bytes(cache_register()) {
        0 => USUAL,
        bytes => bytes,
    }
}

/// The size in the upper half of the leaf's ECX, in KiB there (AMD64 Architecture Programmer's Manual, volume 3; Intel 64 and
/// IA-32 Architectures Software Developer's Manual, CPUID).
fn bytes(ecx: u32) -> usize {
    ((ecx >> 16) as usize) << 10
}

/// ECX of the leaf, or 0.
fn cache_register() -> u32 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::__cpuid;
        match __cpuid(0x8000_0000).eax {
            0x8000_0006.. => __cpuid(0x8000_0006).ecx,
            _ => 0,
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the manuals encode it: size, associativity, lines a tag and their length.
    #[test]
    fn the_upper_half_is_the_size() {
        for (ecx, kib) in [(0x0200_6140, 512), (0x0400_6140, 1024), (0x0800_7040, 2048)] {
            assert_eq!(bytes(ecx), kib << 10, "{ecx:x}");
        }
        assert!(second_level_bytes() > 0);
    }
}
