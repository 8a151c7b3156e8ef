//! Vectors of `f32`: one trait, one file per instruction set.
//!
//! Kernels are written once against [`Simd`] as `#[inline(always)]` functions; `kernel/table.rs` wraps each
//! of them in a thunk that carries `#[target_feature]`, so that after inlining the intrinsics compile to
//! single instructions. A kernel must therefore never be called but through its table.

/// Methods of [`Simd`] that are one expression of intrinsics each.
#[cfg(target_arch = "x86_64")]
macro_rules! intrinsics {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty = $body:expr;)*) => {$(
        #[inline(always)]
        unsafe fn $name($($argument: $type),*) -> $result {
            // SAFETY: the trait's contract gives the instruction set and valid pointers.
            unsafe { $body }
        }
    )*};
}
#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod cache;
#[cfg(target_arch = "x86_64")]
mod fma_ports;
mod isa;
mod portable;
mod precision;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::{Avx512, Avx512Coarse};
pub(crate) use cache::second_level_bytes;
pub use isa::Isa;
pub(crate) use portable::Portable;
pub use precision::Precision;

/// Asks for the cache line at `p` to be brought into the second-level cache. A hint: any address will do.
#[inline(always)]
pub(crate) fn prefetch(p: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: prefetching faults on no address, and every x86-64 processor has the instruction.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }>(p.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = p;
}

/// As [`prefetch`], into the first-level cache.
#[inline(always)]
pub(crate) fn prefetch_near(p: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: prefetching faults on no address, and every x86-64 processor has the instruction.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(p.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = p;
}

/// `at`, without the compiler knowing how it was computed. Where an inner loop walks along dozens of strided
/// addresses it would otherwise keep a pointer to each, in memory for want of registers, and load it before
/// every access.
#[inline(always)]
pub(crate) fn opaque(at: usize) -> usize {
    opaque_pointer(std::ptr::without_provenance(at)).addr()
}

/// [`opaque`] for a pointer: several that walk along in step stay pointers of their own, and what lies a fixed distance from
/// one of them is reached by the addressing of the load itself.
#[inline(always)]
#[allow(clippy::pointers_in_nomem_asm_block)] // The pointer goes through unread.
pub(crate) fn opaque_pointer(at: *const f32) -> *const f32 {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    {
        let mut at = at;
        // SAFETY: no instruction at all.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) at, options(pure, nomem, nostack, preserves_flags));
        }
        at
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    at
}

/// Operations that the kernels need, on `LANES` floats at a time.
///
/// # Safety
///
/// Every method requires that the processor has the implementor's instruction set. `load` and `store`
/// also require `LANES` readable or writable floats at the pointer, of any alignment.
#[allow(clippy::missing_safety_doc)]
pub(crate) trait Simd: Copy + 'static {
    /// Floats in a vector.
    const LANES: usize;
    /// The vector.
    type V: Copy;

    unsafe fn splat(x: f32) -> Self::V;
    unsafe fn load(p: *const f32) -> Self::V;
    unsafe fn store(p: *mut f32, v: Self::V);
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`, fused where the instruction set can.
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// To the nearest integer.
    unsafe fn round(v: Self::V) -> Self::V;
    /// `p * 2^n` for integral `n` in -126..=127.
    unsafe fn scale_by_power_of_two(p: Self::V, n: Self::V) -> Self::V;
    /// `1 / v` to within 2 units in the last place, for normal `v`.
    unsafe fn recip(v: Self::V) -> Self::V;

    /// `1 / (1 + e^-v)`, relative error below 4e-7.
    ///
    /// `e^-v = 2^n e^-r` with `|r| <= ln(2)/2`, and `e^-r` by the polynomial of degree 5 whose largest
    /// relative error there is smallest (1.1e-7) among those that begin with `1 - r`.
    #[inline(always)]
    unsafe fn sigmoid(v: Self::V) -> Self::V {
        // SAFETY: the caller vouches for the instruction set.
        unsafe {
            let one = Self::splat(1.0);
            // Beyond +-87 the result is 0 or 1 to the last bit, and 2^n would leave the normal range.
            let v = Self::max(Self::splat(-87.0), Self::min(Self::splat(87.0), v));
            let n = Self::round(Self::mul(v, Self::splat(-std::f32::consts::LOG2_E)));
            // ln 2 in two parts, so that n * high part is exact.
            let r = Self::fma(n, Self::splat(0.693_359_4), v);
            let r = Self::fma(n, Self::splat(-2.121_944_4e-4), r);
            let mut p = Self::splat(-0.008_312_521);
            for c in [0.041_890_156, -0.166_671_14, 0.499_992_3, -1.0, 1.0] {
                p = Self::fma(p, r, Self::splat(c));
            }
            Self::recip(Self::add(one, Self::scale_by_power_of_two(p, n)))
        }
    }
}
