//! Whether this process may use AMX, the matrix tiles of Intel's servers from Sapphire Rapids on.

use std::arch::x86_64::{__cpuid, __cpuid_count};
use std::sync::OnceLock;

/// In EDX of CPUID's leaf 7, subleaf 0 (Intel 64 and IA-32 Architectures Software Developer's Manual, CPUID).
const AMX_BF16: u32 = 1 << 22;
const AMX_TILE: u32 = 1 << 24;

/// Whether processor and system allow AMX with bf16, and AVX-512 beside it. Linux lets a process use the tiles once it has asked
/// for them: that is done here, for all threads.
pub(super) fn is_available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        let amx = __cpuid(0).eax >= 7
            && __cpuid_count(7, 0).edx & (AMX_BF16 | AMX_TILE) == AMX_BF16 | AMX_TILE;
        amx && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bf16")
            && permitted()
    })
}

/// Asks Linux for the tiles' state (`Documentation/arch/x86/xstate.rst` of the kernel).
#[cfg(target_os = "linux")]
fn permitted() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: the call reads no memory of ours.
    unsafe {
        libc::syscall(
            libc::SYS_arch_prctl,
            ARCH_REQ_XCOMP_PERM,
            XFEATURE_XTILEDATA,
        ) == 0
    }
}

/// Nothing is known of how other systems are asked.
#[cfg(not(target_os = "linux"))]
fn permitted() -> bool {
    false
}
