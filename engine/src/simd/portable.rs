//! Eight lanes through `wide`, with whatever the build's target has: SSE2 on plain x86-64, NEON on aarch64.

use super::Simd;
use wide::f32x8;

/// No instruction set beyond the build target's.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Simd for Portable {
    const LANES: usize = 8;
    type V = f32x8;

    #[inline(always)]
    unsafe fn splat(x: f32) -> f32x8 {
        f32x8::splat(x)
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> f32x8 {
        // SAFETY: the trait's contract gives eight readable floats.
        f32x8::new(unsafe { p.cast::<[f32; 8]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: f32x8) {
        // SAFETY: the trait's contract gives eight writable floats.
        unsafe { p.cast::<[f32; 8]>().write_unaligned(v.to_array()) }
    }
    #[inline(always)]
    unsafe fn add(a: f32x8, b: f32x8) -> f32x8 {
        a + b
    }
    #[inline(always)]
    unsafe fn sub(a: f32x8, b: f32x8) -> f32x8 {
        a - b
    }
    #[inline(always)]
    unsafe fn mul(a: f32x8, b: f32x8) -> f32x8 {
        a * b
    }
    #[inline(always)]
    unsafe fn fma(a: f32x8, b: f32x8, c: f32x8) -> f32x8 {
        a.mul_add(b, c)
    }
    #[inline(always)]
    unsafe fn max(a: f32x8, b: f32x8) -> f32x8 {
        a.fast_max(b)
    }
    #[inline(always)]
    unsafe fn min(a: f32x8, b: f32x8) -> f32x8 {
        a.fast_min(b)
    }
    #[inline(always)]
    unsafe fn round(v: f32x8) -> f32x8 {
        v.round()
    }
    #[inline(always)]
    unsafe fn scale_by_power_of_two(p: f32x8, n: f32x8) -> f32x8 {
        p * f32x8::new(
            n.to_array()
                .map(|n| f32::from_bits(((n as i32 + 127) << 23) as u32)),
        )
    }
    #[inline(always)]
    unsafe fn recip(v: f32x8) -> f32x8 {
        f32x8::splat(1.0) / v
    }
}
